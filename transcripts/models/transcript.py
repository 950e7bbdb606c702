"""The stored resource: a recording, its options, its status, its result.

A transcript's row is the truth about its job: state, lease and progress stand in it, and brokers
carry hints only. Who may change what:

- `services/submit` makes the row; `services/run` claims it and writes results while it holds the
  lease (every write carries `attempt`, and none is made once that number moved on);
- `services/sweep` takes leases back that ran out; `services/cancel` cancels and deletes.

Every change of `status` is a compare-and-set on the old one.
"""

import secrets
import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Status(models.TextChoices):
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    COMPLETED_WITH_WARNINGS = "completed_with_warnings"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_STATUSES = (Status.QUEUED, Status.PROCESSING)
READABLE_STATUSES = (Status.COMPLETED, Status.COMPLETED_WITH_WARNINGS)


class Source(models.TextChoices):
    UPLOAD = "upload"
    API = "api"
    LIVE = "live"


class Origin(models.TextChoices):
    """Who wrote the text at first, before any correction."""

    MACHINE = "machine"  # also an import of what says so itself: our own exports
    UNKNOWN = "unknown"  # an import of anything else


class Queue(models.TextChoices):
    """The Celery queue, and the scheduling class, of a transcript's job."""

    SHORT = "short"
    BULK = "bulk"


class Transcript(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    # Owner: a user, or an anonymous visitor known by a digest of the address and a one-time token.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="transcripts"
    )
    anonymous_address_digest = models.CharField(max_length=64, blank=True)
    anonymous_token_digest = models.CharField(max_length=64, blank=True)

    # Set: the recording of a live session, recognised once more in the background. Nobody sees this
    # row; its result becomes a revision of the one that it refines (`services/refine`).
    refines = models.OneToOneField(
        "self", null=True, on_delete=models.CASCADE, related_name="refinement"
    )

    # The recording, as received. `recording` is a path below MEDIA_ROOT; empty once it is deleted.
    title = models.CharField(max_length=255, blank=True)
    file_name = models.CharField(max_length=255, blank=True)
    recording = models.CharField(max_length=255, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    container = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.API)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.MACHINE)
    probed_ms = models.PositiveBigIntegerField(default=0)  # 0: the container doesn't say

    # What was asked for.
    model_requested = models.CharField(max_length=100)
    language_requested = models.CharField(max_length=10, blank=True)  # empty: auto
    task = models.CharField(max_length=10, default="transcribe")  # or translate (into English)
    diarize = models.BooleanField(default=True)
    speakers_requested = models.PositiveSmallIntegerField(default=0)  # 0: find the number
    prompt = models.TextField(blank=True)
    hot_words = models.JSONField(default=list, blank=True)
    # SHA-256 over the file and the options: the same request sent again joins the first.
    fingerprint = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    # Whoever asked doesn't wait for the answer, and is told by mail (if they want that).
    is_asynchronous = models.BooleanField(default=False)

    # The job.
    hold_reference = models.CharField(max_length=64, blank=True)  # in the ledger; empty: the id
    status = models.CharField(max_length=24, choices=Status.choices, default=Status.QUEUED)
    queue = models.CharField(max_length=8, choices=Queue.choices, default=Queue.BULK)
    attempt = models.PositiveIntegerField(default=0)  # the fence: moves on with each claim
    # Claims in a row that brought no progress; the present one counts until it brings some.
    stalled_tries = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField(null=True, blank=True)  # when the broker was last told
    enqueue_count = models.PositiveIntegerField(default=0)
    resume_ms = models.PositiveBigIntegerField(default=0)  # all before is settled: the progress
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    warnings = models.JSONField(default=list, blank=True)  # [{"code", "message"}]

    # What came out.
    model_used = models.CharField(max_length=100, blank=True)
    engine = models.CharField(max_length=40, blank=True)
    device = models.CharField(max_length=40, blank=True)
    compute_type = models.CharField(max_length=20, blank=True)
    is_approximate = models.BooleanField(default=False)  # by PocketSphinx, once; in no answer
    embedder = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=10, blank=True)  # pinned at the first detection
    language_probability = models.FloatField(null=True, blank=True)
    heard_ms = models.PositiveBigIntegerField(default=0)  # as the inference side counted
    credits_charged = models.PositiveIntegerField(default=0)

    # What people make of it. Each change moves `revision` on: `models.revisions`.
    language_note = models.CharField(max_length=200, blank=True)
    revision = models.PositiveIntegerField(default=0)  # 0: as the machine wrote it
    is_corrected = models.BooleanField(default=False)  # by a person; renaming is no correction
    audio_deleted_at = models.DateTimeField(null=True, blank=True)  # by the account's retention
    # How its words were indexed for the search; below `search_index.VERSION`: to be done anew.
    search_version = models.PositiveSmallIntegerField(default=0)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    progressed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner", "-created_at"]),
            models.Index(fields=["owner", "fingerprint"], name="transcripts_join"),
            models.Index(
                fields=["owner"],
                condition=Q(status__in=["queued", "processing"]),
                name="transcripts_open",
            ),
            models.Index(
                fields=["queue", "created_at"],
                condition=Q(status="queued"),
                name="transcripts_waiting",
            ),
            models.Index(
                fields=["lease_expires_at"],
                condition=Q(status="processing"),
                name="transcripts_leases",
            ),
            models.Index(
                fields=["finished_at"], condition=Q(owner=None), name="transcripts_anonymous"
            ),
            models.Index(fields=["search_version"], name="transcripts_search_version"),
        ]

    def __str__(self) -> str:
        return f"{self.id}: {self.status}"


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
    """Somebody who speaks in one transcript: an anonymous label, and a name a person may give."""

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="speakers")
    position = models.PositiveSmallIntegerField()  # 1-based, in order of first appearance
    label = models.CharField(max_length=40)  # "Speaker 1"
    display_name = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["transcript", "position"], name="transcripts_speaker_position"
            )
        ]

    def __str__(self) -> str:
        return self.display_name or self.label


class Window(models.Model):
    """A settled span, as the inference service reported it: the unit of resuming.

    Written in one transaction with its segments; unique, so that none is ever stored twice.
    """

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="windows")
    source = models.PositiveSmallIntegerField(default=0)  # an index of `TranscriptionJob.sources`
    start_ms = models.PositiveBigIntegerField()
    end_ms = models.PositiveBigIntegerField()  # the resume point behind it
    # [{"start_ms", "end_ms", "overlap", "embedding": base64 of float32 little-endian (n,)}]
    turns = models.JSONField(default=list)
    speech_ms = models.PositiveIntegerField(default=0)  # as voice activity detection found it

    class Meta:
        ordering: ClassVar[list[str]] = ["start_ms"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["transcript", "source", "start_ms"], name="transcripts_window_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.start_ms}–{self.end_ms} ms"


def new_segment_key() -> str:
    return secrets.token_hex(8)


class Segment(models.Model):
    """A span of one transcript with one speaker: what is saved, edited and exported.

    `words`: [{"word", "start_ms", "end_ms", "confidence", "space_before", "timing"}]; joined by
    their own spacing they spell `text`. `"timing"` says how a word got its times: "attention",
    "aligned" (with the sound), "interpolated", or "imported" (as the file of an import of unknown
    origin said). `confidence` is null where nobody measured one: in imports. `position` orders
    the segments; a split puts one in between. `key` is the id that the outside knows, and stays
    through edits, and through removal and restoring.
    """

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="segments")
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
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["transcript", "start_ms"], name="transcripts_segment_time")
        ]

    def __str__(self) -> str:
        return f"{self.start_ms}–{self.end_ms} ms"
