"""`…/revisions/`: what was changed, by whom, and taking it back."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from stt_web.core.documentation import raises
from stt_web.core.errors import InvalidValueError
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.editing import edits
from transcripts.editing.api import serializers as shapes
from transcripts.editing.api.conditional import (
    EditingView,
    edit_endpoint,
    etag_of,
    show_changes,
)
from transcripts.editing.draft import Editing
from transcripts.editing.revisions import (
    Change,
    RevisionNotFoundError,
    changes_between,
    check_revision,
    compare_texts,
    list_revisions,
)
from transcripts.exports.json import seconds
from transcripts.models import Revision

_SHOWN = ("start_ms", "end_ms", "text", "speaker")


class RevisionListView(EditingView):
    @raises(TranscriptNotFoundError, PageNotFoundError)
    @extend_schema(
        operation_id="list_revisions",
        parameters=[
            OpenApiParameter("page", int),
            OpenApiParameter("page_size", int, description="At most 100."),
        ],
        responses=shapes.RevisionPageSerializer,
    )
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return the changes, the last one first. Revision 0 is the machine's original."""
        transcript = get_transcript(user_of(request), transcript_id)
        paginator = PageNumberPagination()
        page = paginator.paginate_queryset(list_revisions(transcript), request, view=self)
        response = paginator.get_paginated_response([_show(row) for row in page or []])
        response.headers["ETag"] = etag_of(transcript)["ETag"]
        return response


class DifferenceView(EditingView):
    @raises(TranscriptNotFoundError, RevisionNotFoundError)
    @extend_schema(
        operation_id="compare_revisions",
        parameters=[
            OpenApiParameter(
                "against", int, description="An earlier revision; else the one before."
            )
        ],
        responses=shapes.DifferenceSerializer,
    )
    def get(self, request: Request, transcript_id: UUID, number: int) -> Response:
        """Return the changes of a revision, or of all since an earlier one."""
        transcript = get_transcript(user_of(request), transcript_id)
        check_revision(transcript, number)
        older = _read_against(request, number)
        changes = changes_between(transcript, older, number)
        return Response(
            {
                "older": older,
                "newer": number,
                "segments": [
                    _show_difference(key, change)
                    for key, change in changes.get("segments", {}).items()
                ],
                "speakers": changes.get("speakers", {}),
                "fields": changes.get("fields", {}).get("transcript") or {},
            }
        )


class RestoreView(EditingView):
    @edit_endpoint("restore_revision", errors=(RevisionNotFoundError,))
    def post(self, editing: Editing, body: dict[str, Any], number: int) -> None:
        """Make it again as it was then; 0 is the machine's original. A new revision."""
        edits.restore(editing, number)


class RevertView(EditingView):
    @edit_endpoint("revert_revision", errors=(RevisionNotFoundError,))
    def post(self, editing: Editing, body: dict[str, Any], number: int) -> None:
        """Take one revision back, and leave later ones; 412 where one of these changed the same.

        To redo, revert the revision that this makes.
        """
        edits.revert(editing, number)


class ChangesView(EditingView):
    @raises(TranscriptNotFoundError, RevisionNotFoundError)
    @extend_schema(
        operation_id="list_changes",
        parameters=[
            OpenApiParameter("since", int, required=True, description="A revision that was read.")
        ],
        responses=shapes.EditedSerializer,
    )
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return what was changed since a revision, as an edit is answered."""
        transcript = get_transcript(user_of(request), transcript_id)
        since = _read_number(request, "since", highest=transcript.revision)
        changes = changes_between(transcript, since, transcript.revision)
        return Response(show_changes(transcript, changes), headers=etag_of(transcript))


def _read_against(request: Request, number: int) -> int:
    if not request.query_params.get("against", ""):
        return max(0, number - 1)
    return _read_number(request, "against", highest=number)


def _read_number(request: Request, name: str, *, highest: int) -> int:
    value = request.query_params.get(name, "")
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) <= highest):
        raise InvalidValueError(f"{name} must be a number from 0 to {highest}.")
    return int(value)


def _show(row: Revision) -> dict[str, Any]:
    return {
        "number": row.number,
        "action": row.action,
        "author": row.author.email if row.author is not None else None,
        "restored": row.restored,
        "summary": row.summary,
        "created_at": row.created_at.isoformat(),
    }


def _show_difference(key: str, change: Change) -> dict[str, Any]:
    before, after = change["before"], change["after"]
    kind = "added" if before is None else "removed" if after is None else "changed"
    old, new = (before or {}).get("text", ""), (after or {}).get("text", "")
    return {
        "id": key,
        "change": kind,
        "before": _show_side(before),
        "after": _show_side(after),
        "words": compare_texts(old, new) if old != new else [],
    }


def _show_side(fields: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what people see of a segment, times in seconds."""
    if fields is None:
        return None
    return {
        name.removesuffix("_ms"): seconds(fields[name]) if name.endswith("_ms") else fields[name]
        for name in _SHOWN
        if name in fields
    }
