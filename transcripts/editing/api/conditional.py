"""How edits are asked for and answered: the revision in `If-Match` and `ETag`, and what changed."""

import functools
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.permissions import MANAGE_AND_READ, Scopes, user_of
from stt_web.core.documentation import DeclaredError, raises
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.editing.api.serializers import EditedSerializer
from transcripts.editing.draft import Editing
from transcripts.editing.errors import RevisionChangedError, StillWorkedOnError
from transcripts.editing.revisions import Changes
from transcripts.editing.segment_operations import EditError
from transcripts.exports.document import load_segment
from transcripts.exports.json import seconds, share, word_as_json
from transcripts.models import Segment as SegmentRow
from transcripts.models import Transcript
from transcripts.text.words import ALIGNED

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag that was read: 412 if what is to be changed was changed since.",
)
_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"\Z')
_NO_REVISION = -1  # an If-Match that names nothing of ours matches nothing
_SEGMENTS_SHOWN = 100


# What every edit raises.
EDIT_ERRORS: tuple[DeclaredError, ...] = (
    TranscriptNotFoundError,
    StillWorkedOnError,
    RevisionChangedError,
    EditError,
)


class EditingView(APIView):
    """A view on one's own transcripts: reading needs `read`, changing `manage`.

    What changes answers with the text that it changed, and so needs both.
    """

    scopes: ClassVar[Scopes] = {
        "GET": "read",
        "POST": MANAGE_AND_READ,
        "PATCH": MANAGE_AND_READ,
        "DELETE": MANAGE_AND_READ,
    }


def edit_endpoint(
    operation_id: str,
    *,
    asks: type[Serializer[Any]] | None = None,
    status: int = 200,
    errors: tuple[DeclaredError, ...] = (),
) -> Callable[[Callable[..., object]], Callable[..., Response]]:
    """Make a view's method of `change(view, editing, body, **path)`, which makes one edit.

    body: what was sent, checked by `asks`. The answer, and the documentation, are those of edits;
    `errors`: what it raises beside EDIT_ERRORS.
    """

    def decorate(change: Callable[..., object]) -> Callable[..., Response]:
        @raises(*EDIT_ERRORS, *errors)
        @extend_schema(
            operation_id=operation_id,
            parameters=[IF_MATCH],
            request=asks,
            responses={status: EditedSerializer},
        )
        @functools.wraps(change)
        def answer(view: APIView, request: Request, transcript_id: UUID, **path: Any) -> Response:
            editing = read_editing(request, transcript_id)
            body = read_body(asks, request) if asks is not None else {}
            change(view, editing, body, **path)
            return answer_edited(editing, status=status)

        return answer

    return decorate


def read_editing(request: Request, transcript_id: UUID) -> Editing:
    """Return who edits what, and which revision they saw. Raises TranscriptNotFoundError."""
    user = user_of(request)
    return Editing(get_transcript(user, transcript_id), user, read_if_match(request))


def read_if_match(request: Request) -> int | None:
    """Return the revision that the client changes; None if it names none, or any (`*`)."""
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return None
    match = _ETAG.match(header)
    return int(match.group(1)) if match else _NO_REVISION


def read_body(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the checked fields. Raises DRF's ValidationError."""
    asked = serializer(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def etag_of(transcript: Transcript) -> dict[str, str]:
    return {"ETag": f'"{transcript.revision}"'}


def answer_edited(editing: Editing, *, status: int = 200) -> Response:
    """Return what the edit left: the revision, the segments that it changed. Two queries."""
    transcript = editing.transcript
    body = show_changes(transcript, editing.changes)
    return Response(body, status=status, headers=etag_of(transcript))


def show_changes(transcript: Transcript, changes: Changes) -> dict[str, Any]:
    """Return what changes left: the segments as they are now, and which are gone. Two queries."""
    changed = changes.get("segments", {})
    removed = [key for key, change in changed.items() if change["after"] is None]
    present = [key for key in changed if key not in set(removed)]
    rows = transcript.segments.filter(key__in=present[:_SEGMENTS_SHOWN]).select_related("speaker")
    return {
        "revision": transcript.revision,
        "text_revision": transcript.text_revision,
        "is_corrected": transcript.is_corrected,
        "segments": [show_segment(row) for row in rows],
        "removed": removed[:_SEGMENTS_SHOWN],
        "complete": max(len(present), len(removed)) <= _SEGMENTS_SHOWN,
        "gaps_changed": "gaps" in changes,
        "speakers": show_speakers(transcript),
    }


def show_segments(rows: QuerySet[SegmentRow]) -> QuerySet[SegmentRow]:
    return rows.select_related("speaker").order_by("position")


def show_segment(row: SegmentRow) -> dict[str, object]:
    """Return a segment with its ids and its words. No query where its speaker was read with it."""
    segment = load_segment(row)
    return {
        "id": segment.key,
        "start": seconds(segment.start_ms),
        "end": seconds(segment.end_ms),
        "text": segment.text,
        "speaker": segment.speaker_name,
        "speaker_number": segment.speaker,
        "confidence": share(segment.confidence),
        "words": [
            word_as_json(replace(word, timing=word.timing or ALIGNED)) for word in segment.words
        ],
    }


def show_speakers(transcript: Transcript) -> list[dict[str, Any]]:
    return [
        {"number": row.position, "label": row.label, "name": row.display_name}
        for row in transcript.speakers.all()
    ]
