"""The operators' pages of this application: jobs, and the queues.

A recording's name, its text and the hints that its owner gave the recogniser are shown
only to an operator who gives a reason, which the audit log records.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.operator_admin import OperatorAction, OperatorAdmin, Outcome, link_to
from billing.models import CloudInstance, InstanceStatus
from stt_web.core import media_store
from stt_web.core.errors import ApiError
from transcripts.inference.health import read_instance_replicas, read_shared_replicas
from transcripts.jobs.cancel import cancel_job
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.queue_stats import count_failures, list_leases, read_queues
from transcripts.jobs.requeue import REQUEUEABLE, requeue_job
from transcripts.models import OPEN_STATUSES
from transcripts.operator_models import model_urls
from transcripts.services.recordings import recording_path
from transcripts.services.shown_gaps import CODE as GAP_WARNING

# Not even read for the pages that don't show them.
PRIVATE_FIELDS = (
    "further_options",  # the prompt is among them
    "transcript__title",
    "transcript__recording__file_name",
)
_CHUNK_BYTES = 256 * 1024
_MAX_INSTANCES = 50


def _requeue(job: TranscriptionJob) -> Outcome:
    was = job.status
    requeue_job(job)
    return Outcome(gettext("Queued again."), {"was": was})


def _cancel(job: TranscriptionJob) -> Outcome:
    if not cancel_job(job):
        raise ApiError(gettext("It is no longer queued or running."))
    return Outcome(gettext("Cancelled. Text transcribed until then is charged for its audio."))


def _open_text(job: TranscriptionJob) -> Outcome:
    segments = list(job.transcript.segments.select_related("speaker").order_by("position"))

    def show(request: HttpRequest) -> HttpResponse:
        context = {
            **admin.site.each_context(request),
            "title": _("Text"),
            "opts": TranscriptionJob._meta,
            "original": job,
            "transcript": job.transcript,
            "segments": segments,
        }
        return TemplateResponse(request, "admin/transcripts/opened_text.html", context)

    return Outcome(show=show)


def _open_recording(job: TranscriptionJob) -> Outcome:
    recording = recording_path(job.transcript)
    size = media_store.size_of(recording) if job.transcript.recording.path else None
    if size is None:
        raise ApiError(gettext("The recording is deleted."))

    def show(request: HttpRequest) -> StreamingHttpResponse:
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f'attachment; filename="{job.transcript_id}"',
            "Content-Length": str(size),
        }
        return StreamingHttpResponse(_read(recording), headers=headers)

    return Outcome(show=show)  # type: ignore[arg-type]  # a response too, but another branch


async def _read(recording: Path) -> AsyncIterator[bytes]:
    file = await sync_to_async(media_store.open_stored)(recording)
    try:
        while chunk := await sync_to_async(file.read)(_CHUNK_BYTES):
            yield chunk
    finally:
        file.close()


@admin.register(TranscriptionJob)
class TranscriptionJobAdmin(OperatorAdmin):
    """Jobs, without what they are about."""

    change_list_template = "admin/transcripts/jobs.html"
    list_display = (
        "short_id",
        "of_owner",
        "kind",
        "status",
        "queue",
        "created_at",
        "length",
        "model_used",
        "error_code",
        "gaps",
        "attempt",
    )
    list_filter = ("status", "kind", "queue", "error_code")
    search_fields = ("=id", "=transcript__id", "transcript__owner__email", "=request_id")
    list_select_related = ("transcript__owner", "transcript__recording")
    ordering = ("-created_at",)
    fields = (
        ("id", "transcript_id", "of_owner"),
        ("kind", "status", "queue"),
        ("error_code", "error_message", "warnings", "gaps"),
        ("created_at", "started_at", "progressed_at", "finished_at"),
        ("attempt", "stalled_tries", "enqueue_count", "enqueued_at"),
        ("lease_owner", "lease_expires_at"),
        ("length", "resume_ms", "audio_duration_ms", "size_bytes", "container"),
        ("model_requested", "model_used", "engine", "device", "compute_type"),
        ("language_requested", "language", "language_probability", "task"),
        ("diarize", "speakers_requested", "embedder"),
        ("credits_charged", "hold_reference", "request_id"),
    )
    operator_actions = (
        OperatorAction(
            name="requeue",
            label=_("Queue again"),
            explanation=_(
                "A stuck job is released and queued again; a failed job is tried again, and "
                "charged if it succeeds."
            ),
            run=lambda job, _: _requeue(job),
            is_offered=lambda job: job.status in REQUEUEABLE,
        ),
        OperatorAction(
            name="cancel",
            label=_("Cancel"),
            run=lambda job, _: _cancel(job),
            is_offered=lambda job: job.status in OPEN_STATUSES,
        ),
        OperatorAction(
            name="open-text",
            label=_("Open the text"),
            explanation=_(
                "This is private. Opening it is recorded in the audit log, with your reason."
            ),
            run=lambda job, _: _open_text(job),
        ),
        OperatorAction(
            name="open-recording",
            label=_("Download the recording"),
            explanation=_(
                "This is private. Opening it is recorded in the audit log, with your reason."
            ),
            run=lambda job, _: _open_recording(job),
            is_offered=lambda job: bool(job.transcript.recording.path),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[TranscriptionJob]:
        queryset: QuerySet[TranscriptionJob] = super().get_queryset(request)
        related = queryset.select_related("transcript__owner", "transcript__recording")
        return related.defer(*PRIVATE_FIELDS)

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "transcript__owner__id__exact" or super().lookup_allowed(
            lookup, value, request
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.show_queues)
        own = path("queues/", view, name="transcripts_transcriptionjob_queues")
        return [own, *model_urls(self.admin_site), *super().get_urls()]

    def show_queues(self, request: HttpRequest) -> HttpResponse:
        """What waits, who works on what, what failed, how inference servers are. Six queries."""
        instances = list(
            CloudInstance.objects.exclude(status=InstanceStatus.REMOVED)
            .select_related("account__user")
            .order_by("created_at")[:_MAX_INSTANCES]
        )
        context = {
            **self.admin_site.each_context(request),
            "title": _("Queues and inference servers"),
            "opts": self.opts,
            "queues": read_queues(),
            "leases": list_leases(),
            "failures": count_failures(),
            "shared": read_shared_replicas(),
            "instances": list(zip(instances, read_instance_replicas(instances), strict=True)),
        }
        return TemplateResponse(request, "admin/transcripts/queues.html", context)

    @admin.display(description=_("Job"), ordering="id")
    def short_id(self, job: TranscriptionJob) -> str:
        return str(job.pk)[:8]

    @admin.display(description=_("Owner"), ordering="transcript__owner__email")
    def of_owner(self, job: TranscriptionJob) -> SafeString | str:
        return link_to(job.transcript.owner) if job.transcript.owner else "without an account"

    @admin.display(description=_("Length"))
    def length(self, job: TranscriptionJob) -> str:
        seconds = (job.audio_duration_ms or job.transcript.recording.probed_ms) // 1000
        return f"{seconds // 60}:{seconds % 60:02d}" if seconds else "–"

    @admin.display(description=_("Size"))
    def size_bytes(self, job: TranscriptionJob) -> int:
        return job.transcript.recording.size_bytes

    @admin.display(description=_("Container"))
    def container(self, job: TranscriptionJob) -> str:
        return job.transcript.recording.container

    @admin.display(description=_("Transcript"))
    def transcript_id(self, job: TranscriptionJob) -> str:
        return str(job.transcript_id)

    @admin.display(description=_("Gaps"))
    def gaps(self, job: TranscriptionJob) -> str:
        """How many parts of the speech are not in the text, and how long they are."""
        found = next((each for each in job.warnings if each["code"] == GAP_WARNING), None)
        return "–" if found is None else f"{found['gaps']} ({found['seconds']:.1f} s)"
