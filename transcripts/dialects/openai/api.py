"""POST /v1/audio/transcriptions, POST /v1/audio/translations, GET /v1/models/:model."""

from functools import partial
from typing import cast

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes

from accounts.api.idempotency import IDEMPOTENCY_ERRORS, answer_once, fingerprint_request
from accounts.authentication import ENDED, AuthenticationError, check_key_still_good
from accounts.keys.throttle import KeyThrottledError
from accounts.lasting import while_allowed
from accounts.models import ApiKey
from accounts.permissions import open_to_everyone
from billing.admission import Caller
from billing.anonymous import AnonymousLimitError
from billing.api.plain_views import takes_upload
from billing.ledger import NoCreditsError
from stt_web.core.asgi.http_protocol import stopping_of
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import NotFoundError, allow_methods
from stt_web.core.upload_errors import UPLOAD_ERRORS
from stt_web.core.uploads import Upload
from transcripts.api.catalog import describe_for_openai, list_known_models
from transcripts.dialects.openai.answers import answer_finished, write_event
from transcripts.dialects.openai.errors import as_openai
from transcripts.dialects.openai.request import Task, is_alias, read_request
from transcripts.dialects.openai.serializers import (
    OpenAIModelSerializer,
    OpenAITranscriptionSerializer,
    TranscriptionFormSerializer,
    TranslationFormSerializer,
)
from transcripts.dialects.openai.stream import stream_transcript
from transcripts.inference.catalog import MODEL_ERRORS, InferenceUnavailableError
from transcripts.job_errors import JOB_ERRORS
from transcripts.jobs.api.transcribe import (
    DeletedWhileWaitingError,
    headers_of,
    submit_upload,
    transcribe_and_wait,
)
from transcripts.jobs.submit import LimitError, QueueFullError, fingerprint_of
from transcripts.media.errors import MEDIA_ERRORS
from transcripts.options import OPTION_ERRORS
from transcripts.responses import StillProcessingError
from transcripts.services.stored_responses import store_with_transcript

_ERRORS = (
    AuthenticationError,
    KeyThrottledError,
    *UPLOAD_ERRORS,
    *OPTION_ERRORS,
    *IDEMPOTENCY_ERRORS,
    *MODEL_ERRORS,
    *MEDIA_ERRORS,
    NoCreditsError,
    AnonymousLimitError,
    LimitError,
    QueueFullError,
    *JOB_ERRORS,
    StillProcessingError,
    DeletedWhileWaitingError,
)
# A stream whose key ends: its clients raise it.
_REFUSAL = write_event(as_openai(AuthenticationError(ENDED)), name="error")
_ANSWERS = {
    (200, "application/json"): OpenAITranscriptionSerializer,
    (200, "text/plain"): OpenApiTypes.STR,
    (200, "application/x-subrip"): OpenApiTypes.STR,
    (200, "text/vtt"): OpenApiTypes.STR,
    (200, "text/event-stream"): OpenApiTypes.STR,
}


class ModelNotFoundError(NotFoundError):
    """There is no such model on this server."""

    code = "unknown_model"


@documented(
    "post",
    operation_id="openai_transcribe",
    request={"multipart/form-data": TranscriptionFormSerializer},
    responses=_ANSWERS,
)
@csrf_exempt  # no cookie counts on /v1/
@allow_methods("POST")
@takes_upload("transcribe")
@raises(*_ERRORS)
async def create_transcription(
    request: HttpRequest, upload: Upload, caller: Caller
) -> HttpResponseBase:
    """Transcribe a recording, as OpenAI's clients ask for it."""
    return await _answer(request, upload, caller, task="transcribe")


@documented(
    "post",
    operation_id="openai_translate",
    request={"multipart/form-data": TranslationFormSerializer},
    responses=_ANSWERS,
)
@csrf_exempt
@allow_methods("POST")
@takes_upload("transcribe")
@raises(*_ERRORS)
async def create_translation(
    request: HttpRequest, upload: Upload, caller: Caller
) -> HttpResponseBase:
    """Transcribe a recording into English, as OpenAI's clients ask for it."""
    return await _answer(request, upload, caller, task="translate")


@documented(operation_id="openai_model", responses=OpenAIModelSerializer)
@open_to_everyone
@raises(AuthenticationError, KeyThrottledError, InferenceUnavailableError, ModelNotFoundError)
@allow_methods("GET", "HEAD")
async def show_model(request: HttpRequest, model: str) -> HttpResponseBase:
    """Describe a model, as OpenAI's clients read it; its names there are the default model."""
    known = await list_known_models(request)
    name = known.default_model if is_alias(model) else model
    found = known.find(name)
    if found is None or not found.served_by:
        raise ModelNotFoundError(
            f"There is no model {model!r:.100} on this server.", extra={"field": "model"}
        )
    return JsonResponse(describe_for_openai(found) | {"id": model})


async def _answer(
    request: HttpRequest, upload: Upload, caller: Caller, *, task: Task
) -> HttpResponseBase:
    asked = read_request(upload.fields, upload.lists, task=task)
    stopping = stopping_of(cast("ASGIRequest", request).scope)
    if asked.is_stream:
        submitted = await submit_upload(upload, caller, asked.options)
        events = stream_transcript(submitted.transcript.pk, asked)
        key = caller.principal.api_key
        return StreamingHttpResponse(
            while_allowed(events, lambda: _is_good(key), refusal=_REFUSAL),
            content_type="text/event-stream",
            headers={
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
                **headers_of(submitted),
            },
        )
    return await answer_once(
        request,
        owner=caller.principal.user,
        fingerprint=fingerprint_request(
            "openai",
            fingerprint_of(upload.sha256, asked.options),
            asked.response_format,
            sorted(asked.granularities),
            asked.has_logprobs,
        ),
        answer=lambda: transcribe_and_wait(
            upload,
            caller,
            asked.options,
            answer=partial(answer_finished, asked=asked),
            stopping=stopping,
        ),
        store_response=store_with_transcript,
    )


def _is_good(key: ApiKey | None) -> bool:
    try:
        check_key_still_good(key)
    except AuthenticationError:
        return False
    return True
