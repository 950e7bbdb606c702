"""What an account does with AssemblyAI's requests: make one, find one, list them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.principals import Principal
from billing.quotas import limits_for
from stt_web.core.errors import ApiError
from stt_web.core.uploads import Upload
from transcripts.access import TranscriptNotFoundError
from transcripts.dialects.assemblyai.answers import status_of
from transcripts.dialects.assemblyai.callbacks import callback_of
from transcripts.dialects.assemblyai.request import AssemblyRequest
from transcripts.dialects.callbacks import add_callback
from transcripts.jobs.cancel import delete_transcript
from transcripts.jobs.submit import Submission
from transcripts.locks import lock_transcript
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.principals import source_of
from transcripts.uploads.held import link_held
from transcripts.uploads.models import AssemblyTranscript

_RELATED = ("transcript__job", "transcript__recording", "transcript__owner")
_HELD = re.compile(r"/v2/upload/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


class NotReadyError(ApiError):
    """The transcript is being worked on, or failed: there is no text."""

    code = "not_ready"


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """`statuses`: of transcripts; none: all. `after`, `before`: ids of requests."""

    limit: int
    statuses: Sequence[str] = ()
    created_on: date | None = None
    after: UUID | None = None
    before: UUID | None = None


def prepare_submission(asked: AssemblyRequest, user: User, principal: Principal) -> Submission:
    """Return what is to be transcribed: an upload of the user's, or what is at an address. Its
    `upload` is to be ended. Raises HeldRecordingError."""
    held = _HELD.fullmatch(urlsplit(asked.audio_url).path)
    return Submission(
        user=user,
        address=principal.address,
        limits=limits_for(user),
        upload=link_held(UUID(held.group(1)), user) if held else Upload.of_url(asked.audio_url),
        options=asked.options,
        is_async=True,
        source=source_of(principal),
    )


def record_request(
    asked: AssemblyRequest, user: User, transcript: Transcript
) -> AssemblyTranscript:
    """Raises TranscriptNotFoundError where the transcript was deleted since."""
    with transaction.atomic():
        if not lock_transcript(transcript.pk):
            raise TranscriptNotFoundError
        row = AssemblyTranscript.objects.create(
            owner=user, transcript=transcript, asked=dict(asked.asked), created_at=timezone.now()
        )
    if asked.webhook_url:
        add_callback(transcript, user, callback_of(row, asked))
    return row


def get_request(user: User, request_id: UUID) -> AssemblyTranscript:
    """Return the user's request, with all that its answer needs while it is worked on. One query.

    Raises TranscriptNotFoundError.
    """
    found = _rows_of(user).filter(pk=request_id).first()
    if found is None:
        raise TranscriptNotFoundError
    return found


def get_finished(user: User, request_id: UUID) -> AssemblyTranscript:
    """Return the user's request whose text can be read. Raises TranscriptNotFoundError and
    NotReadyError."""
    row = get_request(user, request_id)
    if row.transcript.status not in READABLE_STATUSES:
        raise NotReadyError(f"This transcript has no text: its status is {status_of(row)}.")
    return row


def find_by_id(request_id: UUID) -> AssemblyTranscript | None:
    """Return the request of anybody whose account is open. One query."""
    rows = AssemblyTranscript.objects.select_related(*_RELATED)
    return rows.filter(pk=request_id, owner__is_active=True).first()


def delete_request(row: AssemblyTranscript) -> None:
    """Delete it; with the last request for a transcript, that and its recording, too."""
    with transaction.atomic():
        lock_transcript(row.transcript_id)
        others = AssemblyTranscript.objects.filter(transcript=row.transcript_id).exclude(pk=row.pk)
        if others.exists():
            row.delete()
            return
    delete_transcript(row.transcript)


def list_requests(user: User, query: ListQuery) -> list[AssemblyTranscript]:
    """Return a page, newest first. Two queries at most. Raises TranscriptNotFoundError where
    `after` or `before` is none of the user's."""
    rows = _rows_of(user)
    if query.statuses:
        rows = rows.filter(transcript__status__in=query.statuses)
    if query.created_on:
        rows = rows.filter(created_at__date=query.created_on)
    if query.before:
        edge = get_request(user, query.before)
        rows = rows.filter(
            Q(created_at__lt=edge.created_at) | Q(created_at=edge.created_at, pk__lt=edge.pk)
        )
    if query.after:
        edge = get_request(user, query.after)
        rows = rows.filter(
            Q(created_at__gt=edge.created_at) | Q(created_at=edge.created_at, pk__gt=edge.pk)
        )
        return list(rows.order_by("created_at", "pk")[: query.limit])[::-1]
    return list(rows.order_by("-created_at", "-pk")[: query.limit])


def _rows_of(user: User) -> "QuerySet[AssemblyTranscript]":
    return AssemblyTranscript.objects.select_related(*_RELATED).filter(owner=user)
