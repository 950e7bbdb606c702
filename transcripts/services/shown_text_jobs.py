"""A text job as the API, webhooks and event streams describe it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from stt_web.core.refusals import translate_refusal
from transcripts.intelligence.models import TextJob, TextOperation
from transcripts.models import OPEN_STATUSES, Status

# A stream that begins now also has what ended a moment ago.
_JUST_NOW = timedelta(minutes=1)


def without_texts(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what was asked without the text itself: that is stored while it is needed only."""
    return {name: value for name, value in fields.items() if name not in ("text", "texts")}


def list_changed(transcript_id: UUID, *, after: datetime | None) -> Sequence[TextJob]:
    """Return the work on a transcript's text that changed after a time, in that order; without one
    what is under way or ended just now. One query.
    """
    jobs = TextJob.objects.filter(transcript=transcript_id).exclude(operation=TextOperation.INDEX)
    is_recent = Q(status__in=OPEN_STATUSES) | Q(finished_at__gt=timezone.now() - _JUST_NOW)
    wanted = jobs.filter(is_recent) if after is None else jobs.filter(changed_at__gt=after)
    return list(wanted.order_by("changed_at"))


def describe_text_job(job: TextJob, *, has_answer: bool = True) -> dict[str, Any]:
    """Return what is shown of it; `has_answer`: with what was made of a text that has no
    transcript. No query.
    """
    is_processing = job.operation == TextOperation.PROCESS
    done = job.total if job.status == Status.COMPLETED else job.done
    error = (
        {"code": job.error_code, "message": translate_refusal(job.error_message)}
        if job.error_code
        else None
    )
    described = {
        "id": str(job.pk),
        "operation": job.operation,
        "status": job.status,
        "transcript": str(job.transcript_id) if job.transcript_id else None,
        "request": _describe_request(job),
        "progress": {"done": done, "of": job.total or None},
        "result_id": str(job.result_id) if job.result_id else None,
        "steps": _describe_steps(job) if is_processing else [],
        "error": error,
        "created_at": job.created_at.isoformat(),
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }
    if has_answer:
        is_answered = job.status == Status.COMPLETED and not is_processing
        described["answer"] = job.answer if is_answered and job.answer else None
    return described


def _describe_request(job: TextJob) -> dict[str, Any]:
    asked = {name: value for name, value in without_texts(job.fields).items() if value}
    template = asked.get("template")
    if isinstance(template, dict):
        asked["template"] = template["id"]
    return asked


def _describe_steps(job: TextJob) -> list[dict[str, Any]]:
    done = job.answer.get("steps", {})
    return [
        {
            "step": step,
            "status": _status_of(done.get(step)),
            "result_id": (done.get(step) or {}).get("result_id"),
            "error": (done.get(step) or {}).get("error"),
        }
        for step in job.answer.get("wanted", job.fields.get("steps", []))
    ]


def _status_of(outcome: dict[str, Any] | None) -> str:
    if outcome is None:
        return str(Status.QUEUED)
    return str(Status.FAILED if outcome["error"] else Status.COMPLETED)
