"""One run over a recording: what was asked for, where it stands, what ran, and what came out.

A job's row is the truth about it: state, lease and progress stand in it, and brokers carry hints
only. Who may change what:

- `jobs/submit` makes the row; `jobs/run` claims it and writes results while it holds the
  lease (every write carries `attempt`, and none is made once that number moved on);
- `jobs/sweep` takes leases back that ran out; `jobs/cancel` cancels and deletes.
"""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from transcripts.models.status import Status
from transcripts.options import TranscriptionOptions


class Queue(models.TextChoices):
    """The Celery queue, and the scheduling class, of a job."""

    SHORT = "short"
    BULK = "bulk"


class JobKind(models.TextChoices):
    FILE = "file"
    LIVE = "live"  # a session, and the worker that finishes what a dead one left
    SECOND_PASS = "second_pass"  # over the recording of a transcript that has a text  # noqa: S105
    IMPORT = "import"  # of a text that was imported: ends as it begins


class TranscriptionJob(models.Model):
    """Made with its transcript, or, a second pass, for one that is finished.

    The transcript's status is that of its first job; a second pass has its own alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transcript = models.ForeignKey(
        "transcripts.Transcript", on_delete=models.CASCADE, related_name="jobs"
    )
    kind = models.CharField(max_length=12, choices=JobKind.choices, default=JobKind.FILE)

    # Requested (`options`): what queries and operators' pages name, and by name all the rest.
    model_requested = models.CharField(max_length=100)
    language_requested = models.CharField(max_length=10, blank=True)  # empty: auto
    task = models.CharField(max_length=10, default="transcribe")  # or translate (into English)
    diarize = models.BooleanField(default=True)
    speakers_requested = models.PositiveSmallIntegerField(default=0)  # 0: find the number
    further_options = models.JSONField(default=dict, blank=True)
    # SHA-256 over the file and the options: the same request sent again joins the first.
    fingerprint = models.CharField(max_length=64, blank=True)
    is_transient = models.BooleanField(default=False)  # it is deleted once it is answered
    request_id = models.CharField(max_length=64, blank=True)
    # The client doesn't wait for the answer, and is notified by mail (if they want that).
    is_asynchronous = models.BooleanField(default=False)

    # Its way through the queue.
    hold_reference = models.CharField(max_length=64, blank=True)  # in the ledger; empty: no hold
    status = models.CharField(max_length=24, choices=Status.choices, default=Status.QUEUED)
    queue = models.CharField(max_length=8, choices=Queue.choices, default=Queue.BULK)
    attempt = models.PositiveIntegerField(default=0)  # the fence: moves on with each claim
    # Claims in a row that brought no progress; the present one counts until it brings some.
    stalled_tries = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField(null=True, blank=True)  # when it was last enqueued
    enqueue_count = models.PositiveIntegerField(default=0)
    resume_ms = models.PositiveBigIntegerField(default=0)  # all before is stored: the progress
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    warnings = models.JSONField(default=list, blank=True)  # [{"code", "message"}]

    # What ran, and what came out.
    model_used = models.CharField(max_length=100, blank=True)
    engine = models.CharField(max_length=40, blank=True)
    device = models.CharField(max_length=40, blank=True)
    compute_type = models.CharField(max_length=20, blank=True)
    is_approximate = models.BooleanField(default=False)  # by PocketSphinx, once; in no answer
    embedder = models.CharField(max_length=60, blank=True)
    # What labelled the speakers, where that was another engine than the clustering of `embedder`'s.
    diarizer_used = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=10, blank=True)  # pinned at the first detection
    language_probability = models.FloatField(null=True, blank=True)
    audio_duration_ms = models.PositiveBigIntegerField(default=0)  # as the inference side counted
    credits_charged = models.PositiveIntegerField(default=0)

    # `sources`: what of the recording is recognised, one after another, as `media.passes`
    # writes it: [{"track", "channel", "gain_db", "is_speaker", …}]. `source`: the index of the
    # one at hand; `source_resume_ms`: where it goes on, if there are several (`resume_ms` is the
    # progress over all of them then).
    sources = models.JSONField(default=list, blank=True)
    source = models.PositiveSmallIntegerField(default=0)
    source_resume_ms = models.PositiveBigIntegerField(default=0)
    # [[start_ms, length_ms]]: silence for what the file doesn't hold; some players close it.
    pauses = models.JSONField(default=list, blank=True)
    # Of a live session: how much was journalled, as its process last stated it (`live/close`); and
    # for how long workers waited, while the bucket answered, for what of that is not in it.
    journalled_ms = models.PositiveBigIntegerField(default=0)
    awaited_s = models.PositiveIntegerField(default=0)
    # Embeddings are biometric: when they were deleted (`Window.speaker_turns` retain their times).
    embeddings_deleted_at = models.DateTimeField(null=True, blank=True)
    # Voices that are found in the recording afterwards (`diarization/voices`): "", "queued" (since
    # `voices_queued_at`, for so many speakers) or "failed".
    voices = models.CharField(max_length=10, blank=True)
    voices_wanted = models.PositiveSmallIntegerField(default=0)
    voices_queued_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    progressed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    watched_at = models.DateTimeField(null=True, blank=True)  # when a page of its owner followed it

    class Meta:
        verbose_name = _("transcription job")
        verbose_name_plural = _("transcription jobs")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["fingerprint"], name="transcripts_job_same"),
            models.Index(
                fields=["transcript"],
                condition=Q(is_transient=True),
                name="transcripts_job_transient",
            ),
            models.Index(
                fields=["queue", "created_at"],
                condition=Q(status="queued"),
                name="transcripts_job_waiting",
            ),
            models.Index(
                fields=["lease_expires_at"],
                condition=Q(status="processing"),
                name="transcripts_job_leases",
            ),
            models.Index(
                fields=["finished_at"],
                condition=Q(status="failed"),
                name="transcripts_job_failed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.transcript_id}: {self.status}"

    @property
    def options(self) -> TranscriptionOptions:
        """What was asked for."""
        return TranscriptionOptions.from_columns(self)

    @property
    def is_second_pass(self) -> bool:
        return self.kind == JobKind.SECOND_PASS


class Window(models.Model):
    """A finished decoding window, as the inference service reported it: the unit of resuming.

    Written in one transaction with its segments; unique, so that none is ever stored twice.
    """

    job = models.ForeignKey(TranscriptionJob, on_delete=models.CASCADE, related_name="windows")
    source = models.PositiveSmallIntegerField(default=0)  # an index of `TranscriptionJob.sources`
    start_ms = models.PositiveBigIntegerField()
    end_ms = models.PositiveBigIntegerField()  # the resume point behind it
    # [{"start_ms", "end_ms", "overlap", "embedding": base64 of float32 little-endian (n,)}]
    speaker_turns = models.JSONField(default=list)
    speech_ms = models.PositiveIntegerField(default=0)  # as voice activity detection found it

    class Meta:
        ordering: ClassVar[list[str]] = ["start_ms"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["job", "source", "start_ms"], name="transcripts_window_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.start_ms}–{self.end_ms} ms"
