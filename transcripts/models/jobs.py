"""What one run over a recording was asked for and what it found, apart from the transcript itself.

`TranscriptionJob` will take over all that the transcript's row holds of its job; today it has the
facts that came after it. A transcript without one (an import, an old row) has the defaults.
"""

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from transcripts.models.transcript import Transcript


class TranscriptionJob(models.Model):
    """Made with its transcript; the worker that holds the transcript's lease writes it."""

    transcript = models.OneToOneField(Transcript, on_delete=models.CASCADE, related_name="job")

    # Requested. `track`: "" (the default one that has sound), "all" or a 1-based number;
    # `channels`: "mix", "split" (a speaker a channel) or a 1-based number.
    track = models.CharField(max_length=8, blank=True)
    channels = models.CharField(max_length=8, default="mix")
    languages = models.JSONField(default=list, blank=True)  # that may occur; empty: any
    is_multilingual = models.BooleanField(default=False)  # `language=multi`

    # Found. `sources`: what of the recording is recognised, one after another, as `services.passes`
    # writes it: [{"track", "channel", "gain_db", "is_speaker", …}]. `source`: the index of the
    # one at hand; `source_resume_ms`: where it goes on, if there are several (the transcript's
    # `resume_ms` is the progress over all of them then).
    sources = models.JSONField(default=list, blank=True)
    source = models.PositiveSmallIntegerField(default=0)
    # [[start_ms, length_ms]]: silence for what the file doesn't hold; some players close it.
    pauses = models.JSONField(default=list, blank=True)
    source_resume_ms = models.PositiveBigIntegerField(default=0)
    # Embeddings are biometric: when they were deleted (`Window.turns` keep their times).
    embeddings_deleted_at = models.DateTimeField(null=True, blank=True)
    # Voices that are found in the recording afterwards (`services/voices`): "", "queued" (since
    # `voices_queued_at`, for so many speakers) or "failed".
    voices = models.CharField(max_length=10, blank=True)
    voices_wanted = models.PositiveSmallIntegerField(default=0)
    voices_queued_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"job of {self.transcript_id}"

    @classmethod
    def of(cls, transcript: Transcript) -> "TranscriptionJob":
        """Return the transcript's, or one with the defaults. No query where it was read with it."""
        job: TranscriptionJob | None = getattr(transcript, "job", None)
        return job or cls()


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
    """A span whose speech the text doesn't cover, with what was recognised there, if anything.

    `words` as `Segment.words`. Speech = words + gaps. `resolution`: "" while it is open; "kept"
    once a person took `text` over, "retried" once it was recognised again.
    """

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="gaps")
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
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["transcript", "start_ms"], name="transcripts_gap_time")
        ]

    def __str__(self) -> str:
        return f"{self.start_ms}–{self.end_ms} ms: {self.reason}"
