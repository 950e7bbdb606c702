"""Work on a text as a job: made, or joined where the same is under way; found, and listed."""

import hashlib
import json
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.authentication import hold_open
from accounts.models import User
from stt_web.core.errors import ApiError
from transcripts.intelligence.models import TextJob, TextOperation
from transcripts.intelligence.text_tasks import TextTask
from transcripts.models import OPEN_STATUSES, Transcript
from transcripts.services.text_jobs import create_text_job

_RETRY_S = 30


class TextJobNotFoundError(ApiError):
    """There is none with this id, or it is another account's."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such job.")


class TooManyTextJobsError(ApiError):
    """As many texts of the account as may are waiting already; with Retry-After."""

    status = 429
    code = "queue_full"

    def __init__(self) -> None:
        super().__init__(
            f"{settings.MAX_OPEN_TEXT_JOBS} texts of yours are waiting already. Wait for some of"
            " them.",
            retry_after_s=_RETRY_S,
        )


def order_text_job(
    user: User, task: TextTask, *, transcript: Transcript | None, is_async: bool
) -> TextJob:
    """Return the job that does it: one that is under way, or a new one. Raises
    TooManyTextJobsError. Three queries and an insertion.

    The race: the account's other requests, and its closing. Its row's lock puts them one behind the
    other.
    """
    job = TextJob(
        owner=user,
        transcript=transcript,
        operation=task.operation,
        fields=task.fields,
        revision=transcript.revision if transcript is not None else 0,
        is_asynchronous=is_async,
    )
    job.fingerprint = _fingerprint(job)
    under_way = list_text_jobs(user).filter(status__in=OPEN_STATUSES)
    with transaction.atomic():
        hold_open(user)
        running = under_way.filter(fingerprint=job.fingerprint).first()
        if running is not None:
            return running
        if under_way.count() >= settings.MAX_OPEN_TEXT_JOBS:
            raise TooManyTextJobsError
        create_text_job(job)
    return job


def list_text_jobs(user: User) -> QuerySet[TextJob]:
    """Return the user's jobs, the newest first; those that make vectors are none of theirs."""
    return TextJob.objects.filter(owner=user).exclude(operation=TextOperation.INDEX)


def get_text_job(user: User, job_id: UUID) -> TextJob:
    """Return the user's job. Raises TextJobNotFoundError. One query."""
    found = list_text_jobs(user).filter(pk=job_id).first()
    if found is None:
        raise TextJobNotFoundError
    return found


def _fingerprint(job: TextJob) -> str:
    asked = [job.operation, str(job.transcript_id), job.revision, job.fields]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
