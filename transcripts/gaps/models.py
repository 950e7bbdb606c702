"""Speech that is not in the text."""

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from transcripts.models.transcript import ONE_OF_BOTH, Transcript


class GapReason(models.TextChoices):
    """Why speech is not in the text."""

    NOT_RECOGNISED = "not_recognised"  # no text was found for it
    REPETITION = "repetition"  # a decoder loop
    LOW_CONFIDENCE = "low_confidence"  # text of confidence near zero
    UNREADABLE = "unreadable"  # a damaged part of the recording
    # Voice activity without text at a second attempt, or stationary sound: stored, never shown.
    NOT_SPEECH = "not_speech"


def new_gap_key() -> str:
    return secrets.token_hex(8)


class Gap(models.Model):
    """An interval whose speech the text doesn't cover, with the text that was recognised there.

    Of a transcript, or, like a segment, of a second pass that is not applied yet. `words` as
    `Segment.words`. Speech = words + gaps. `resolution`: "" while it is open; "kept" once a person
    took `text` over, "retried" once it was recognised again.
    """

    transcript = models.ForeignKey(
        Transcript, null=True, on_delete=models.CASCADE, related_name="gaps"
    )
    job = models.ForeignKey(
        "transcripts.TranscriptionJob", null=True, on_delete=models.CASCADE, related_name="gaps"
    )
    key = models.CharField(max_length=16, default=new_gap_key)
    start_ms = models.PositiveBigIntegerField()
    end_ms = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=20, choices=GapReason.choices)
    text = models.TextField(blank=True)
    words = models.JSONField(default=list, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    language = models.CharField(max_length=10, blank=True)
    resolution = models.CharField(max_length=10, blank=True)
    source = models.PositiveSmallIntegerField(default=0)  # index in `TranscriptionJob.sources`

    class Meta:
        ordering: ClassVar[list[str]] = ["start_ms"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["transcript", "key"], name="transcripts_gap_key"),
            models.CheckConstraint(
                condition=Q(start_ms__lt=F("end_ms")), name="transcripts_gap_has_length"
            ),
            models.CheckConstraint(condition=ONE_OF_BOTH, name="transcripts_gap_of_one"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["transcript", "start_ms"], name="transcripts_gap_time")
        ]

    def __str__(self) -> str:
        return f"{self.start_ms}–{self.end_ms} ms: {self.reason}"
