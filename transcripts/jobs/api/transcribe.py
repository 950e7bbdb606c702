"""POST /v1/transcribe. The ingest has authenticated the caller and stored the file already.

A plain asynchronous view: while it waits for the job, it holds neither a thread nor a query.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer

from accounts.api.idempotency import IDEMPOTENCY_ERRORS, answer_once, fingerprint_request
from accounts.authentication import AuthenticationError, MissingKeyError, check_key_still_good
from accounts.keys.throttle import KeyThrottledError
from accounts.lasting import wait_while_good
from accounts.models import ApiKey
from billing.admission import Caller
from billing.anonymous import AnonymousLimitError
from billing.api.plain_views import takes_upload
from billing.ledger import NoCreditsError
from stt_web.core.asgi.http_protocol import stopping_of
from stt_web.core.background import do_anyway, finish_anyway
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from stt_web.core.errors import ApiError
from stt_web.core.upload_errors import UPLOAD_ERRORS
from stt_web.core.uploads import Upload
from transcripts.fetching.addresses import FETCH_ERRORS
from transcripts.inference.catalog import MODEL_ERRORS
from transcripts.job_errors import JOB_ERRORS
from transcripts.jobs.cancel import delete_transcript
from transcripts.jobs.status_watch import get_watcher
from transcripts.jobs.submit import (
    LimitError,
    QueueFullError,
    Submission,
    Submitted,
    fingerprint_of,
    submit_recording,
)
from transcripts.media.errors import MEDIA_ERRORS
from transcripts.models import Transcript
from transcripts.option_kinds import ChoiceOption, read_async
from transcripts.options import OPTION_ERRORS, RESPONSE_FORMATS, TranscriptionOptions
from transcripts.principals import source_of
from transcripts.responses import StillProcessingError, answer_accepted, answer_finished
from transcripts.serializers import (
    AcceptedSerializer,
    TranscriptionRequestSerializer,
    TranscriptionSerializer,
    VerboseTranscriptionSerializer,
)
from transcripts.services.note_templates import UnknownTemplateError
from transcripts.services.stored_responses import store_with_transcript


class DeletedWhileWaitingError(ApiError):
    """The transcript was deleted while it was waited for."""

    status = 409
    code = "deleted"


_TRANSCRIPTION = PolymorphicProxySerializer(
    component_name="AnyTranscription",
    serializers=[TranscriptionSerializer, VerboseTranscriptionSerializer],
    resource_type_field_name=None,
)
# What transcribing an upload and waiting for it raises, on every surface.
TRANSCRIBE_ERRORS = (
    AuthenticationError,
    MissingKeyError,
    KeyThrottledError,
    *UPLOAD_ERRORS,
    *OPTION_ERRORS,
    *IDEMPOTENCY_ERRORS,
    *MODEL_ERRORS,
    *MEDIA_ERRORS,
    *FETCH_ERRORS,
    NoCreditsError,
    AnonymousLimitError,
    LimitError,
    QueueFullError,
    *JOB_ERRORS,
    StillProcessingError,
    DeletedWhileWaitingError,
)
AnswerFinished = Callable[[Transcript], HttpResponse]


@dataclass(frozen=True)
class TranscriptionRequest:
    """The options of the job, and how it is to be answered."""

    options: TranscriptionOptions
    response_format: str
    is_async: bool


@documented(
    "post",
    operation_id="transcribe",
    parameters=[
        OpenApiParameter(
            "Idempotency-Key",
            str,
            OpenApiParameter.HEADER,
            description="The same request sent again within a day gets the same answer.",
        )
    ],
    request={"multipart/form-data": TranscriptionRequestSerializer},
    responses={200: _TRANSCRIPTION, 202: AcceptedSerializer},
)
# No cookie counts on /v1/, so there is nothing to forge.
@csrf_exempt
@allow_methods("POST")
@takes_upload("transcribe")
@raises(*TRANSCRIBE_ERRORS, UnknownTemplateError)
async def transcribe(request: HttpRequest, upload: Upload, caller: Caller) -> HttpResponseBase:
    """Transcribe a recording, and wait for it; with `async=true`, get 202 with its address."""
    asked = read_request(upload.fields, prefer=request.headers.get("Prefer", ""))
    return await answer_once(
        request,
        owner=caller.principal.user,
        fingerprint=fingerprint_request(
            "transcribe",
            fingerprint_of(upload.sha256 + upload.fields.get("url", ""), asked.options),
            asked.response_format,
            asked.is_async,
        ),
        answer=lambda: _transcribe(
            upload, caller, asked, stopping=stopping_of(cast("ASGIRequest", request).scope)
        ),
        store_response=store_with_transcript,
    )


def read_request(sent: Mapping[str, str], *, prefer: str = "") -> TranscriptionRequest:
    """Return the checked request. `prefer`: the header (RFC 7240). Raises InvalidOptionError."""
    return TranscriptionRequest(
        options=TranscriptionOptions.parse(sent),
        response_format=ChoiceOption(RESPONSE_FORMATS).parse(
            "response_format", sent.get("response_format", "")
        ),
        is_async=read_async(sent, prefer=prefer),
    )


async def _transcribe(
    upload: Upload, caller: Caller, asked: TranscriptionRequest, *, stopping: asyncio.Event
) -> HttpResponse:
    if not asked.is_async:
        return await transcribe_and_wait(
            upload,
            caller,
            asked.options,
            answer=partial(answer_finished, response_format=asked.response_format),
            stopping=stopping,
        )
    submitted = await submit_upload(upload, caller, asked.options, is_async=True)
    response = await sync_to_async(answer_accepted)(
        submitted.transcript, guest_token=submitted.guest_token
    )
    return with_facts(response, submitted)


async def submit_upload(
    upload: Upload,
    caller: Caller,
    options: TranscriptionOptions,
    *,
    is_async: bool = False,
    is_transient: bool = False,
) -> Submitted:
    """Queue what was uploaded. Raises ApiError, as `submit_recording`."""
    return await submit_recording(
        Submission(
            user=caller.principal.user,
            address=caller.principal.address,
            limits=caller.limits,
            upload=upload,
            options=options,
            is_async=is_async,
            source=source_of(caller.principal),
            is_transient=is_transient,
        )
    )


async def transcribe_and_wait(
    upload: Upload,
    caller: Caller,
    options: TranscriptionOptions,
    *,
    answer: AnswerFinished,
    stopping: asyncio.Event,
    wait_s: float | None = None,
) -> HttpResponse:
    """Queue what was uploaded and wait for it, for `wait_s` (None: `SYNC_WAIT_S`): on every surface
    the same.

    `answer` gets the transcript once its job has ended, also where it failed. Raises ApiError.
    """
    submitted = await submit_upload(upload, caller, options)
    try:
        response = await _wait_for(
            submitted.transcript.pk,
            answer,
            api_key=caller.principal.api_key,
            stopping=stopping,
            wait_s=settings.SYNC_WAIT_S if wait_s is None else wait_s,
        )
    except ApiError as error:
        error.headers |= headers_of(submitted)
        raise
    return with_facts(response, submitted)


async def transcribe_and_delete(
    upload: Upload,
    caller: Caller,
    options: TranscriptionOptions,
    *,
    answer: AnswerFinished,
    stopping: asyncio.Event,
    wait_s: float,
) -> HttpResponse:
    """As `transcribe_and_wait`, but the transcript is deleted with the answer or the refusal, or
    once the client went away. Joins nothing. Raises ApiError.
    """
    submitting = submit_upload(upload, caller, options, is_transient=True)
    submitted = await finish_anyway(submitting, undo=_delete)
    try:
        return await _wait_for(
            submitted.transcript.pk,
            answer,
            api_key=caller.principal.api_key,
            stopping=stopping,
            wait_s=wait_s,
        )
    finally:
        await do_anyway(_delete(submitted), name="delete-transient")


async def _delete(submitted: Submitted) -> None:
    await sync_to_async(delete_transcript)(submitted.transcript)


async def _wait_for(
    transcript_id: UUID,
    answer: AnswerFinished,
    *,
    api_key: ApiKey | None,
    stopping: asyncio.Event,
    wait_s: float,
) -> HttpResponse:
    """Answer once the job is done, the wait runs out or this server stops.

    Raises AuthenticationError within seconds of the key's end.
    """
    is_closed = await wait_while_good(
        get_watcher().wait_until_closed(transcript_id, timeout_s=wait_s),
        partial(check_key_still_good, api_key),
        stopping=stopping,
    )
    return await sync_to_async(_answer)(
        transcript_id, answer, is_closed=is_closed is not None, is_stopping=stopping.is_set()
    )


def _answer(
    transcript_id: UUID, answer: AnswerFinished, *, is_closed: bool, is_stopping: bool
) -> HttpResponse:
    transcript = Transcript.objects.select_related("owner").filter(pk=transcript_id).first()
    if transcript is None:
        raise DeletedWhileWaitingError("This transcript was deleted while it was being worked on.")
    if not is_closed:
        raise StillProcessingError(transcript, is_stopping=is_stopping)
    return answer(transcript)


def with_facts(response: HttpResponse, submitted: Submitted) -> HttpResponse:
    for name, value in headers_of(submitted).items():
        response.headers[name] = value
    return response


def headers_of(submitted: Submitted) -> dict[str, str]:
    headers = {"X-Transcript-Id": str(submitted.transcript.pk)}
    if submitted.guest_token:
        headers["X-Transcript-Token"] = submitted.guest_token
    return headers
