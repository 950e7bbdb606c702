"""The stored resource: a text, whose it is, and what people made of it.

What was received is its `Recording`, what was asked for and came out are its `TranscriptionJob`s.
"""

import secrets
import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q, QuerySet

from transcripts.models.recordings import Recording
from transcripts.models.status import Status

# Segments and gaps are a transcript's, or, until its text is applied, a second pass's: no query of
# a transcript can meet what a job is still at.
ONE_OF_BOTH = Q(transcript=None, job__isnull=False) | Q(transcript__isnull=False, job=None)


class Source(models.TextChoices):
    UPLOAD = "upload"
    API = "api"
    LIVE = "live"


class Origin(models.TextChoices):
    """Who wrote the text at first, before any correction."""

    MACHINE = "machine"  # also an import of our own exports, which declare it
    UNKNOWN = "unknown"  # any other import


class TranscriptManager(models.Manager["Transcript"]):
    """Reads transcripts with their recording and their text's job: one query."""

    def get_queryset(self) -> QuerySet["Transcript"]:
        return super().get_queryset().select_related("job", "recording")


class Transcript(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    # Owner: a user, or a guest known by a digest of the address and a one-time token.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="transcripts"
    )
    guest_address_digest = models.CharField(max_length=64, blank=True)
    guest_token_digest = models.CharField(max_length=64, blank=True)

    recording = models.OneToOneField(Recording, on_delete=models.CASCADE)
    # Whose text this is: the first job's, until a second pass is applied. A job goes with its
    # transcript only. Both rows are inserted in one transaction: the constraint is deferred.
    job = models.OneToOneField(
        "transcripts.TranscriptionJob", on_delete=models.DO_NOTHING, related_name="+"
    )
    status = models.CharField(  # of the first job
        max_length=24, choices=Status.choices, default=Status.QUEUED
    )

    title = models.CharField(max_length=255, blank=True)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.API)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.MACHINE)
    language = models.CharField(max_length=10, blank=True)
    credits_charged = models.PositiveIntegerField(default=0)  # for all its jobs

    # What people make of it. Each change moves `revision` on: `models.revisions`.
    language_note = models.CharField(max_length=200, blank=True)
    revision = models.PositiveIntegerField(default=0)  # 0: as the machine wrote it
    # The last revision that changed what is said, or by whom: what was made before it is stale.
    text_revision = models.PositiveIntegerField(default=0)
    is_corrected = models.BooleanField(default=False)  # by a person; renaming is no correction
    # How its words were indexed for the search; below `search/index.VERSION`: to be done again.
    search_version = models.PositiveSmallIntegerField(default=0)

    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)  # the first job

    objects = TranscriptManager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner", "-created_at"]),
            models.Index(
                fields=["owner"],
                condition=Q(status__in=["queued", "processing"]),
                name="transcripts_open",
            ),
            models.Index(
                fields=["finished_at"], condition=Q(owner=None), name="transcripts_guests"
            ),
            models.Index(fields=["search_version"], name="transcripts_search_version"),
        ]

    def __str__(self) -> str:
        return f"{self.id}: {self.status}"

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: QuerySet[Any] | None = None,
    ) -> None:
        """Read it again, and its recording and job with it: one query."""
        if fields is None and from_queryset is None:
            from_queryset = Transcript.objects.all()
        super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)


class Tag(models.Model):
    """A word of its owner's on a transcript, to find it by."""

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=50)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["transcript", "name"], name="transcripts_tag_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["name"], name="transcripts_tag_name")
        ]

    def __str__(self) -> str:
        return self.name


class Speaker(models.Model):
    """A speaker of one transcript: an anonymous label, and a name a person may give."""

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="speakers")
    position = models.PositiveSmallIntegerField()  # 1-based, in order of first appearance
    label = models.CharField(max_length=40)  # "Speaker 1"
    display_name = models.CharField(max_length=100, blank=True)
    # Suggested ones that a person refused (`intelligence/naming`).
    dismissed_names = models.JSONField(default=list, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["transcript", "position"], name="transcripts_speaker_position"
            )
        ]

    def __str__(self) -> str:
        return self.display_name or self.label


def new_segment_key() -> str:
    return secrets.token_hex(8)


class Segment(models.Model):
    """A span of one transcript with one speaker: what is saved, edited and exported.

    Or of a second pass (`job`), until its text is applied: then the transcript gets another row.

    `words`: [{"word", "start_ms", "end_ms", "confidence", "space_before", "timing"}]; joined by
    their own spacing they join to `text`. `"timing"` is how a word got its times: "attention",
    "aligned" (with the sound), "interpolated", or "imported" (as the file of an import of unknown
    origin had). `confidence` is null where none was measured: in imports. `position` orders
    the segments; a split puts one in between. `key` is the id that the outside knows, and stays
    through edits, and through removal and restoring.
    """

    transcript = models.ForeignKey(
        Transcript, null=True, on_delete=models.CASCADE, related_name="segments"
    )
    job = models.ForeignKey(
        "transcripts.TranscriptionJob",
        null=True,
        on_delete=models.CASCADE,
        related_name="segments",
    )
    key = models.CharField(max_length=16, default=new_segment_key)
    position = models.FloatField()
    start_ms = models.PositiveBigIntegerField()
    end_ms = models.PositiveBigIntegerField()
    text = models.TextField()
    words = models.JSONField(default=list)
    speaker = models.ForeignKey(
        Speaker, null=True, blank=True, on_delete=models.SET_NULL, related_name="segments"
    )
    confidence = models.FloatField(null=True)
    avg_logprob = models.FloatField(null=True, blank=True)
    compression_ratio = models.FloatField(null=True, blank=True)
    no_speech_prob = models.FloatField(null=True, blank=True)
    temperature = models.FloatField(null=True, blank=True)
    language = models.CharField(max_length=10, blank=True)  # empty: the transcript's

    class Meta:
        ordering: ClassVar[list[str]] = ["position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["transcript", "position"], name="transcripts_segment_position"
            ),
            models.UniqueConstraint(fields=["transcript", "key"], name="transcripts_segment_key"),
            models.CheckConstraint(
                condition=Q(start_ms__lt=F("end_ms")), name="transcripts_segment_has_length"
            ),
            models.CheckConstraint(condition=ONE_OF_BOTH, name="transcripts_segment_of_one"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["transcript", "start_ms"], name="transcripts_segment_time")
        ]

    def __str__(self) -> str:
        return f"{self.start_ms}–{self.end_ms} ms"
