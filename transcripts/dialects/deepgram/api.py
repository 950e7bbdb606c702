"""POST /v1/listen: a recording as the body, or the address of one as JSON."""

from functools import partial
from typing import cast

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from accounts.api.idempotency import answer_once, fingerprint_request
from accounts.authentication import MissingKeyError
from billing.admission import Caller
from billing.api.plain_views import takes_upload
from stt_web.core.asgi.http_protocol import stopping_of
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from stt_web.core.uploads import Upload
from transcripts.dialects.callbacks import add_callback
from transcripts.dialects.deepgram.answers import answer_finished
from transcripts.dialects.deepgram.callbacks import callback_of
from transcripts.dialects.deepgram.errors import REQUEST_ID_HEADER
from transcripts.dialects.deepgram.request import DeepgramRequest, read_request
from transcripts.dialects.deepgram.serializers import DeepgramAnswerSerializer
from transcripts.exports.verification import RedactionFailedError
from transcripts.jobs.api.transcribe import (
    TRANSCRIBE_ERRORS,
    submit_upload,
    transcribe_and_wait,
    with_facts,
)
from transcripts.jobs.submit import fingerprint_of
from transcripts.services.stored_responses import store_with_transcript

_QUERY = ("model", "language", "punctuate", "smart_format", "diarize", "callback")


@documented(
    "post",
    operation_id="deepgram_listen",
    parameters=[
        OpenApiParameter(name, str, description="As Deepgram has it: docs/deepgram.md.")
        for name in _QUERY
    ],
    request={"application/octet-stream": OpenApiTypes.BINARY},
    responses=DeepgramAnswerSerializer,
)
@csrf_exempt  # no cookie counts on /v1/
@allow_methods("POST")
@takes_upload("transcribe")
@raises(*TRANSCRIBE_ERRORS, RedactionFailedError)
async def listen(request: HttpRequest, upload: Upload, caller: Caller) -> HttpResponseBase:
    """Transcribe a recording, as Deepgram's clients ask for it."""
    asked = read_request(request.GET)
    if asked.callback:
        return await _answer_at_once(request, upload, caller, asked)
    return await answer_once(
        request,
        owner=caller.principal.user,
        fingerprint=fingerprint_request(
            "deepgram",
            fingerprint_of(upload.sha256 + upload.fields.get("url", ""), asked.options),
            request.GET.urlencode(),
        ),
        answer=lambda: transcribe_and_wait(
            upload,
            caller,
            asked.options,
            answer=partial(answer_finished, asked=asked),
            stopping=stopping_of(cast("ASGIRequest", request).scope),
        ),
        store_response=store_with_transcript,
    )


async def _answer_at_once(
    request: HttpRequest, upload: Upload, caller: Caller, asked: DeepgramRequest
) -> HttpResponse:
    user = caller.principal.user
    if user is None:
        raise MissingKeyError
    submitted = await submit_upload(upload, caller, asked.options, is_async=True)
    await sync_to_async(add_callback)(submitted.transcript, user, callback_of(asked, request.GET))
    request_id = str(submitted.transcript.pk)
    response = JsonResponse({"request_id": request_id}, headers={REQUEST_ID_HEADER: request_id})
    return with_facts(response, submitted)
