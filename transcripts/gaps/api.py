"""`…/gaps/:gap/`: what to do about speech that is not in the text.

A retry waits for the recogniser. It does so in a thread of its own, never in one of the few that
requests share (`stt_web.core.asgi.thread_slots`).
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from stt_web.core.documentation import raises
from transcripts.editing.api import serializers as shapes
from transcripts.editing.api.conditional import (
    EDIT_ERRORS,
    IF_MATCH,
    EditingView,
    answer_edited,
    read_body,
    read_editing,
)
from transcripts.exports.document import load_gaps
from transcripts.exports.json import gap_as_json
from transcripts.gaps.actions import GAP_ERRORS, RETRIES_AT_ONCE, accept_gap, retry_gap
from transcripts.option_kinds import InvalidOptionError
from transcripts.option_languages import UnknownLanguageError, read_language

_threads = ThreadPoolExecutor(2 * RETRIES_AT_ONCE, thread_name_prefix="gaps")


@csrf_exempt  # the view checks it, for those who come with a cookie
async def resolve_gap(request: HttpRequest, **path: Any) -> HttpResponseBase:
    """POST …/gaps/:gap/"""
    if request.method != "POST":
        return await sync_to_async(GapView.as_view())(request, **path)  # a refusal, at once
    return await sync_to_async(_resolve, thread_sensitive=False, executor=_threads)(request, path)


def _resolve(request: HttpRequest, path: dict[str, Any]) -> HttpResponseBase:
    try:
        return GapView.as_view()(request, **path)
    finally:
        connections.close_all()


class GapView(EditingView):
    @raises(*EDIT_ERRORS, *GAP_ERRORS, InvalidOptionError, UnknownLanguageError)
    @extend_schema(
        operation_id="resolve_gap",
        parameters=[IF_MATCH],
        request=shapes.GapRequestSerializer,
        responses=shapes.GapAnswerSerializer,
    )
    def post(self, request: Request, transcript_id: UUID, key: str) -> Response:
        """Put a gap's discarded text into the transcript, or have the gap recognised again.

        `keep` makes the `text` of the gap part of the transcript. `retry` recognises that part of
        the recording again, in `language` if it is named, which takes 40 s at most; where nothing
        is found, `found` is false and the gap stays. Either is one revision, and costs nothing.
        """
        editing = read_editing(request, transcript_id)
        body = read_body(shapes.GapRequestSerializer, request)
        found = True
        if body["action"] == "keep":
            accept_gap(editing, key)
        else:
            language = read_language({"language": body.get("language", "")})
            found = retry_gap(editing, key, language=language)
        answer = answer_edited(editing)
        left = [gap_as_json(gap) for gap in load_gaps(editing.transcript)]
        warnings = list(editing.transcript.job.warnings)
        answer.data |= {"found": found, "gaps": left, "warnings": warnings}
        return answer
