"""POST /v1/tts, and GET /v1/voices. The upload layer has stored the reference, if there is one.

A plain asynchronous view: while it waits for the worker, it holds neither a thread nor a query. A
client that goes away cancels the work.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from accounts.api.idempotency import IDEMPOTENCY_ERRORS, answer_once, fingerprint_request
from accounts.authentication import AuthenticationError, MissingKeyError
from accounts.keys.throttle import KeyThrottledError
from accounts.lasting import wait_while_good
from accounts.models import User
from accounts.permissions import PageAuthentication, open_to_everyone
from accounts.principals import OF_UPLOADS, Principal, check_still_good, resolve_request
from billing.admission import Caller
from billing.api.plain_views import takes_upload
from billing.ledger import NoCreditsError
from billing.quotas import Limits
from billing.request_rates import RateLimitError, count_text_request
from stt_web.core.asgi.http_protocol import stopping_of
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from stt_web.core.errors import ApiError
from stt_web.core.upload_errors import UPLOAD_ERRORS
from stt_web.core.uploads import Upload
from transcripts.inference.catalog import InferenceUnavailableError
from transcripts.inference.errors import InferenceError
from transcripts.inference.routing import inference_for
from transcripts.inference.servers import Server
from transcripts.media.errors import MEDIA_ERRORS
from transcripts.models import OPEN_STATUSES
from transcripts.option_kinds import FlagOption, InvalidOptionError, read_async
from transcripts.served_recordings import answer_recording
from transcripts.voices.api.shapes import (
    SpeechRequestSerializer,
    VoiceJobSerializer,
    VoiceListSerializer,
)
from transcripts.voices.choices import CHOICE_ERRORS, fetch_voices, is_usable
from transcripts.voices.consent import ConsentRequiredError
from transcripts.voices.errors import SPEECH_ERRORS, SpeechLimitError, VoiceJobNotFoundError
from transcripts.voices.finish import cancel_voice_job
from transcripts.voices.models import VoiceJob
from transcripts.voices.order import SpeechRequest, get_voice_job, order_speech
from transcripts.voices.reference import NoSpeakerModelError, VoiceReferenceError
from transcripts.voices.shown import (
    credit_headers_of,
    describe_voice_job,
    find_speech,
    headers_of,
    is_still_good,
)
from transcripts.voices.watch import get_voice_watcher

MAX_CHARACTERS = 20_000  # what the inference service takes
_MOST_SEED = 2**63 - 1
_MOST_NAME = 100
_RETRY_S = 5
# Checking a reference decodes it and asks for its voices: a second or two, in few threads.
_orderers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="voices")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}\Z")


class StillSpeakingError(ApiError):
    """The wait ran out; the work goes on, and its job can be asked for."""

    status = 503
    code = "still_processing"

    def __init__(self, job: VoiceJob) -> None:
        super().__init__(
            "This text takes longer than one request may last, and is still being spoken. Ask for "
            "the job by its id; send long texts with async=true.",
            retry_after_s=_RETRY_S,
            headers={"Location": location_of(job)},
            extra={"id": str(job.pk)},
        )


@documented(
    "post",
    operation_id="make_speech",
    authentication=(PageAuthentication,),
    parameters=[
        OpenApiParameter(
            "Idempotency-Key",
            str,
            OpenApiParameter.HEADER,
            description="The same request sent again within a day gets the same answer.",
        )
    ],
    request={"multipart/form-data": SpeechRequestSerializer},
    responses={(200, "audio/wav"): OpenApiTypes.BINARY, 202: VoiceJobSerializer},
)
# No cookie counts on /v1/, so there is nothing to forge.
@csrf_exempt
@allow_methods("POST")
@takes_upload("transcribe")
@raises(
    AuthenticationError,
    KeyThrottledError,
    RateLimitError,
    *UPLOAD_ERRORS,
    InvalidOptionError,
    *IDEMPOTENCY_ERRORS,
    ConsentRequiredError,
    VoiceReferenceError,
    NoSpeakerModelError,
    *MEDIA_ERRORS,
    *CHOICE_ERRORS,
    NoCreditsError,
    SpeechLimitError,
    *SPEECH_ERRORS,
)
async def make_speech(request: HttpRequest, upload: Upload, caller: Caller) -> HttpResponseBase:
    """Speak a text: in a fixed voice, or in that of a reference.

    Answers with a WAV; with `async=true`, with 202 and the job's address. Costs a credit for each
    started minute of speech that was made.
    """
    user = caller.principal.user
    if user is None:
        raise MissingKeyError
    asked = read_request(upload, prefer=request.headers.get("Prefer", ""))
    counted = await sync_to_async(count_text_request)(
        user, limits=caller.limits, now=timezone.now()
    )
    try:
        answer = await answer_once(
            request,
            owner=user,
            fingerprint=_fingerprint(upload, asked),
            answer=lambda: _order_and_wait(
                user, asked, caller, stopping=stopping_of(cast("ASGIRequest", request).scope)
            ),
        )
        response = await _answer(request, caller.principal, answer, is_async=asked.is_async)
    except ApiError as error:
        error.headers = {**counted, **error.headers}
        raise
    for name, value in counted.items():
        response.headers[name] = value
    return response


@documented(operation_id="list_voices", responses=VoiceListSerializer)
@open_to_everyone
@raises(AuthenticationError, KeyThrottledError, *CHOICE_ERRORS)
@allow_methods("GET", "HEAD")
async def list_all_voices(request: HttpRequest) -> HttpResponseBase:
    """List the voices, the engines, and which of them are installed. No key needed."""
    server = await sync_to_async(_server_for)(request)
    run = sync_to_async(fetch_voices, thread_sensitive=False, executor=_orderers)
    voices = await run(server)
    described = [
        {
            "id": voice.id,
            "name": voice.name,
            "description": voice.description,
            "language": voice.language,
            "engine": engine.id,
            "available": is_usable(engine),
        }
        for engine in voices.engines
        for voice in engine.voices
    ]
    engines = [
        {
            "id": engine.id,
            "name": engine.name,
            "available": is_usable(engine),
            "install_hint": engine.install_hint,
            "languages": list(engine.languages),
            "can_clone": engine.can_clone,
            "licence": engine.licence,
        }
        for engine in voices.engines
    ]
    return JsonResponse(
        {"voices": described, "engines": engines, "watermark": voices.watermark or None}
    )


def read_request(upload: Upload, *, prefer: str = "") -> SpeechRequest:
    """Return the checked request. `prefer`: the header (RFC 7240). Raises InvalidOptionError."""
    sent = upload.fields
    text, voice = sent.get("text", "").strip(), sent.get("voice", "").strip()
    if not text:
        raise InvalidOptionError("text", "Send what is to be spoken as “text”.")
    if len(text) > MAX_CHARACTERS:
        raise InvalidOptionError(
            "text", f"The text has {len(text)} characters; {MAX_CHARACTERS} are the most at once."
        )
    if upload.has_file == bool(voice):
        raise InvalidOptionError(
            "voice",
            "Send either a reference (a file with 3 to 10 s of a voice) or the name of a fixed "
            "voice, voice=…; GET /v1/voices lists them.",
        )
    return SpeechRequest(
        text=text,
        voice=_read_name(sent, "voice"),
        language=_read_language(sent),
        engine=_read_name(sent, "engine"),
        seed=_read_seed(sent.get("seed", "")),
        has_consent=FlagOption().parse("consent", sent.get("consent", "")),
        is_async=read_async(sent, prefer=prefer),
        reference=upload if upload.has_file else None,
    )


def location_of(job: VoiceJob) -> str:
    return f"/api/v1/voice-jobs/{job.pk}/"


def _fingerprint(upload: Upload, asked: SpeechRequest) -> str:
    sound = upload.sha256 if upload.has_file else ""
    return fingerprint_request(
        *("tts", sound, asked.text, asked.voice, asked.language, asked.engine, asked.seed),
        asked.is_async,
    )


async def _order_and_wait(
    user: User, asked: SpeechRequest, caller: Caller, *, stopping: asyncio.Event
) -> HttpResponse:
    """Return the job's id, for `answer_once` to store: the speech itself lies on the disk."""
    run = sync_to_async(_order_in_thread, thread_sensitive=False, executor=_orderers)
    job = await run(user, asked, limits=caller.limits)
    if not asked.is_async:
        await _wait_for(job, caller.principal, stopping=stopping)
    return JsonResponse({"id": str(job.pk)})


def _order_in_thread(user: User, asked: SpeechRequest, *, limits: Limits) -> VoiceJob:
    close_old_connections()
    try:
        return order_speech(user, asked, limits=limits)
    finally:
        close_old_connections()


async def _wait_for(job: VoiceJob, principal: Principal, *, stopping: asyncio.Event) -> None:
    """Return once the job has ended well. Raises ApiError as the work did, StillSpeakingError;
    AuthenticationError within seconds of the key's end.
    """
    work = get_voice_watcher().wait_until_closed(job.pk, timeout_s=settings.SYNC_WAIT_S)
    try:
        await wait_while_good(work, partial(check_still_good, principal), stopping=stopping)
    except (asyncio.CancelledError, AuthenticationError):
        # The client went away, or may no longer: nobody will fetch it.
        await asyncio.shield(sync_to_async(cancel_voice_job, thread_sensitive=False)(job))
        raise
    current = await sync_to_async(_read_again)(job)
    if current.status in OPEN_STATUSES:
        raise StillSpeakingError(current)
    await sync_to_async(find_speech)(current)


def _get_job(principal: Principal, job_id: UUID) -> VoiceJob:
    if principal.user is None:
        raise MissingKeyError
    return get_voice_job(principal.user, job_id)


def _read_again(job: VoiceJob) -> VoiceJob:
    found = VoiceJob.objects.filter(pk=job.pk).first()
    if found is None:
        raise VoiceJobNotFoundError
    return found


async def _answer(
    request: HttpRequest, principal: Principal, answer: HttpResponse, *, is_async: bool
) -> HttpResponseBase:
    job_id = UUID(json.loads(answer.content)["id"])
    job = await sync_to_async(_get_job)(principal, job_id)
    response: HttpResponseBase
    if is_async:
        response = JsonResponse(describe_voice_job(job), status=202)
        headers = await sync_to_async(credit_headers_of)(job)
        headers |= {"Location": location_of(job), "Preference-Applied": "respond-async"}
    else:
        speech = await sync_to_async(find_speech)(job)
        response = answer_recording(request, speech, is_allowed=partial(is_still_good, principal))
        headers = await sync_to_async(headers_of)(job)
    for name, value in headers.items():
        response.headers[name] = value
    replayed = answer.headers.get("Idempotent-Replayed")
    if replayed:
        response.headers["Idempotent-Replayed"] = replayed
    return response


def _server_for(request: HttpRequest) -> Server:
    """Raises AuthenticationError: a key is not needed, but a wrong one is wrong."""
    user = resolve_request(request, accepted=OF_UPLOADS).user
    try:
        return inference_for(user).pick().server
    except InferenceError as error:
        raise InferenceUnavailableError from error


def _read_name(sent: Mapping[str, str], name: str) -> str:
    value = sent.get(name, "").strip()
    if len(value) > _MOST_NAME or not value.isprintable():
        raise InvalidOptionError(name, f"There is no such {name}.")
    return value


def _read_language(sent: Mapping[str, str]) -> str:
    value = sent.get("language", "").strip().replace("_", "-")
    if value.lower() in ("", "auto"):
        return ""
    if not _LANGUAGE.fullmatch(value):
        raise InvalidOptionError("language", "language must be a code such as en or en-GB.")
    return value


def _read_seed(sent: str) -> int:
    text = sent.strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= _MOST_SEED):
        raise InvalidOptionError("seed", f"seed must be a whole number from 0 to {_MOST_SEED}.")
    return int(text)
