"""What was made of a transcript, stored with it: made, shown, edited, and stale once it changes.

A new result takes the place of the last one of its kind and name, unless a person edited that.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from stt_web.core.errors import ApiError
from transcripts.exports.document import Document, load_document
from transcripts.intelligence.models import ResultKind, StoredResult
from transcripts.intelligence.result_files import list_formats
from transcripts.intelligence.source import SourceText, read_document
from transcripts.intelligence.speaker_names import put_names
from transcripts.job_errors import job_error
from transcripts.locks import lock_transcript
from transcripts.models import READABLE_STATUSES, Status, Transcript
from transcripts.services.recordings import recording_day
from transcripts.text.segments import Segment

MOST_RESULTS = 200


class ResultNotFoundError(ApiError):
    """There is no such result."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such result.")


def load_source(
    transcript: Transcript,
    *,
    speaker: str = "",
    start_s: float | None = None,
    end_s: float | None = None,
) -> SourceText:
    """Return the transcript's text, or what one speaker says of it, or a part of its time.

    Raises ApiError: 409 `not_finished`, 400 `unknown_speaker`. Four queries.
    """
    document = load_finished(transcript)
    if speaker and speaker not in document.speakers:
        names = ", ".join(document.speakers) or "none"
        raise ApiError(
            f"There is no speaker {speaker!r:.100} here. There are: {names}.",
            code="unknown_speaker",
        )

    def is_chosen(segment: Segment) -> bool:
        is_spoken = not speaker or segment.speaker_name == speaker
        is_late = start_s is None or segment.end_ms > 1000 * start_s
        return is_spoken and is_late and (end_s is None or segment.start_ms < 1000 * end_s)

    source = read_document(document, is_chosen=is_chosen)
    return replace(source, recorded_on=recording_day(transcript))


def check_finished(transcript: Transcript) -> None:
    """Raise ApiError 409: `not_finished` where the text may still change by itself, `failed` where
    none will come."""
    if transcript.status in (Status.FAILED, Status.CANCELLED):
        reason = job_error(transcript).message
        raise ApiError(f"This transcript has no text. {reason}", status=409, code="failed")
    if transcript.status not in READABLE_STATUSES:
        raise ApiError(
            "This transcript is not finished: wait for its text.", status=409, code="not_finished"
        )


def load_finished(transcript: Transcript) -> Document:
    """Return the transcript without its words' times. Raises ApiError 409. Three queries."""
    check_finished(transcript)
    return load_document(transcript, has_words=False)


def store_result(
    transcript: Transcript, *, kind: ResultKind, name: str, body: dict[str, Any], revision: int
) -> StoredResult:
    """Store the answer. Raises ApiError 409 where the transcript is deleted, or has too many.

    The race: two requests for the same result, or one and the transcript's deletion. The
    transcript's lock puts them one behind the other; of two the later one stays.
    """
    with transaction.atomic():
        if not lock_transcript(transcript.pk):
            raise ApiError(
                "This transcript was deleted while it was read.", status=409, code="deleted"
            )
        rows = StoredResult.objects.filter(transcript=transcript)
        rows.filter(kind=kind, name=name, is_edited=False).delete()
        if rows.count() >= MOST_RESULTS:
            raise ApiError(
                f"This transcript has {MOST_RESULTS} results. Delete some of them first.",
                status=409,
                code="too_many_results",
            )
        return StoredResult.objects.create(
            transcript=transcript,
            kind=kind,
            name=name,
            model=body["model"],
            revision=revision,
            text=_text_of(body),
            body=body,
        )


def get_result(transcript: Transcript, result_id: UUID) -> StoredResult:
    """Return a result of the transcript. Raises ResultNotFoundError. One query."""
    found = StoredResult.objects.filter(transcript=transcript, pk=result_id).first()
    if found is None:
        raise ResultNotFoundError
    return found


def edit_result(result: StoredResult, *, text: str) -> None:
    """Put a person's text in the place of the machine's. Raises ResultNotFoundError: deleted;
    ApiError 400 `invalid_value`: a translation's text has a line for each segment, which exports go
    by.
    """
    if result.kind == ResultKind.TRANSLATION:
        count = len(result.body["segments"])
        if text.count("\n") + 1 != count:
            raise ApiError(
                f"A translation's text must have a line for each segment: {count} lines.",
                code="invalid_value",
            )
    result.text, result.is_edited, result.updated_at = text, True, timezone.now()
    rows = StoredResult.objects.filter(pk=result.pk)
    if not rows.update(text=text, is_edited=True, updated_at=result.updated_at):
        raise ResultNotFoundError


def describe_result(
    result: StoredResult, transcript: Transcript, *, names: dict[str, str]
) -> dict[str, Any]:
    """`names`: `read_names(transcript)`."""
    shown = {} if result.is_edited else names
    return {
        "id": str(result.pk),
        "kind": result.kind,
        "name": result.name,
        "model": result.model,
        "revision": result.revision,
        "is_stale": result.revision < transcript.text_revision,
        "is_edited": result.is_edited,
        "formats": list_formats(result),
        "text": put_names(result.text, shown),
        "result": put_names(result.body, shown),
        "created_at": result.created_at.isoformat(),
        "updated_at": result.updated_at.isoformat(),
    }


def _text_of(body: dict[str, Any]) -> str:
    """Return what people read of an answer; empty where it is data only."""
    text = body.get("summary") or body.get("content") or body.get("translated_text") or ""
    return str(text)
