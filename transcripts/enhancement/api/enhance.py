"""POST /v1/enhance-audio. The ingest has authenticated the caller and stored the file already.

A plain asynchronous view: while it waits for the work, it holds neither a thread nor a query.
"""

import functools
import json
from concurrent.futures import ThreadPoolExecutor
from typing import cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from accounts.api.idempotency import (
    IDEMPOTENCY_ERRORS,
    REPLAYED_HEADER,
    answer_once,
    fingerprint_request,
)
from accounts.authentication import AuthenticationError, MissingKeyError, check_key_still_good
from accounts.keys.throttle import KeyThrottledError
from accounts.lasting import wait_while_good
from accounts.models import ApiKey, User
from accounts.permissions import PrincipalAuthentication
from billing.admission import Caller
from billing.api.plain_views import takes_upload
from billing.ledger import NoCreditsError, read_balance
from billing.quotas import account_for
from stt_web.core.asgi.http_protocol import stopping_of
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from stt_web.core.errors import ApiError
from stt_web.core.upload_errors import UPLOAD_ERRORS
from stt_web.core.uploads import Upload
from transcripts.enhancement.api.serializers import (
    EnhancementRequestSerializer,
    EnhancementSerializer,
)
from transcripts.enhancement.models import Enhancement
from transcripts.enhancement.options import EnhancementRequest, read_enhancement_request
from transcripts.enhancement.order import (
    EnhancementOrder,
    EnhancementsFullError,
    TooManyEnhancementsError,
    order_enhancement,
)
from transcripts.enhancement.run import EXHAUSTED
from transcripts.enhancement.shown import (
    describe_enhancement,
    find_result,
    list_warnings,
    location_of,
)
from transcripts.enhancement.watch import get_enhancement_watcher
from transcripts.exports.files import content_disposition, file_name
from transcripts.inference.catalog import InferenceUnavailableError, NotInstalledHereError
from transcripts.inference.routing import inference_for
from transcripts.media import probe
from transcripts.media.errors import MEDIA_ERRORS
from transcripts.models.status import Status
from transcripts.option_kinds import InvalidOptionError
from transcripts.served_recordings import answer_recording

_RETRY_S = 10
# Probing starts a process: bounded, and not in the threads that all requests share.
_preparers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="enhance")


class StillEnhancingError(ApiError):
    """The wait ran out, or the server stops; the work goes on, at the `Location`."""

    status = 503
    code = "still_processing"

    def __init__(self, enhancement: Enhancement) -> None:
        super().__init__(
            "This recording is still being worked on. Send the same request again to go on"
            " waiting, or ask for it by its id. It is charged once.",
            retry_after_s=_RETRY_S,
            headers={"Location": location_of(enhancement)},
            extra={"id": str(enhancement.pk)},
        )


class EnhancementEndedError(ApiError):
    """It was cancelled or deleted while it was waited for."""

    status = 409
    code = "cancelled"


ENHANCEMENT_ERRORS = (
    EXHAUSTED,
    InferenceUnavailableError,
    NotInstalledHereError,
    ApiError("The inference service is full at the moment.", code="inference_full", status=503),
    ApiError("The inference service failed.", code="inference_error", status=503),
    ApiError("The work failed; nothing was charged.", code="internal_error", status=500),
)


@documented(
    "post",
    operation_id="enhance_audio",
    authentication=(PrincipalAuthentication,),
    parameters=[
        OpenApiParameter(
            "Idempotency-Key",
            str,
            OpenApiParameter.HEADER,
            description="The same request sent again within a day gets the same answer.",
        )
    ],
    request={"multipart/form-data": EnhancementRequestSerializer},
    responses={(200, "audio/wav"): OpenApiTypes.BINARY, 202: EnhancementSerializer},
)
# No cookie counts on /v1/, so there is nothing to forge.
@csrf_exempt
@allow_methods("POST")
@takes_upload("transcribe")
@raises(
    AuthenticationError,
    KeyThrottledError,
    *UPLOAD_ERRORS,
    InvalidOptionError,
    *IDEMPOTENCY_ERRORS,
    *MEDIA_ERRORS,
    NoCreditsError,
    TooManyEnhancementsError,
    EnhancementsFullError,
    *ENHANCEMENT_ERRORS,
    StillEnhancingError,
    EnhancementEndedError,
)
async def enhance_audio(request: HttpRequest, upload: Upload, caller: Caller) -> HttpResponseBase:
    """Remove the noise of a recording and make it as loud as it should be: its WAV file; with
    `async=true`, get 202 with its address."""
    user = caller.principal.user
    if user is None:
        raise MissingKeyError
    asked = read_enhancement_request(upload.fields, prefer=request.headers.get("Prefer", ""))
    ordered = await answer_once(
        request,
        owner=user,
        fingerprint=fingerprint_request(
            "enhance", upload.sha256, asked.strength, asked.target_lufs, asked.is_async
        ),
        answer=lambda: _order(user, upload, caller, asked),
    )
    if asked.is_async:
        return ordered
    enhancement_id = UUID(json.loads(ordered.content)["id"])
    stopping = stopping_of(cast("ASGIRequest", request).scope)
    # Where the client goes away, the work goes on.
    await wait_while_good(
        get_enhancement_watcher().wait_until_closed(enhancement_id, timeout_s=settings.SYNC_WAIT_S),
        functools.partial(check_key_still_good, caller.principal.api_key),
        stopping=stopping,
    )
    response = await sync_to_async(_answer)(request, user, enhancement_id, caller)
    if REPLAYED_HEADER in ordered.headers:
        response.headers[REPLAYED_HEADER] = "true"
    return response


async def _order(
    user: User, upload: Upload, caller: Caller, asked: EnhancementRequest
) -> HttpResponse:
    """Return 202 with the row, which a client that waits never sees."""

    def admit() -> HttpResponse:
        close_old_connections()
        try:
            inference_for(user).list_models()  # an away service is answered at once
            found = probe(upload.path)
            upload.sync()
            order = EnhancementOrder(user, caller.limits, upload, asked, found)
            enhancement = order_enhancement(order)
            if not upload.is_retained:  # joined: it is there already
                upload.remove()
            return JsonResponse(
                describe_enhancement(enhancement),
                status=202,
                headers={
                    "Location": location_of(enhancement),
                    "Preference-Applied": "respond-async",
                    **_credit_headers(enhancement, user),
                },
            )
        finally:
            close_old_connections()

    return await sync_to_async(admit, thread_sensitive=False, executor=_preparers)()


def _answer(
    request: HttpRequest, user: User, enhancement_id: UUID, caller: Caller
) -> HttpResponseBase:
    enhancement = Enhancement.objects.filter(pk=enhancement_id, owner=user).first()
    if enhancement is None or enhancement.status == Status.CANCELLED:
        raise EnhancementEndedError("This recording was cancelled or deleted meanwhile.")
    if enhancement.status == Status.FAILED:
        raise failure_of(enhancement)
    if enhancement.status != Status.COMPLETED:
        raise StillEnhancingError(enhancement)
    response = answer_recording(
        request,
        find_result(enhancement),
        is_allowed=functools.partial(_is_still_good, caller.principal.api_key),
    )
    add_headers(response, enhancement, user)
    return response


def failure_of(enhancement: Enhancement) -> ApiError:
    """Return what a request that waited is answered with."""
    status = enhancement.error_status or 500
    return ApiError(
        enhancement.error_message,
        code=enhancement.error_code,
        status=status,
        retry_after_s=_RETRY_S if status == 503 else None,
        extra={"id": str(enhancement.pk)},
    )


def add_headers(response: HttpResponseBase, enhancement: Enhancement, user: User) -> None:
    """Add what the file can't say of itself. Two queries."""
    name = file_name(enhancement.file_name.rpartition(".")[0] or "enhanced", extension="wav")
    response.headers["Content-Disposition"] = content_disposition(name)
    response.headers["X-Enhancement-Id"] = str(enhancement.pk)
    response.headers["X-Enhance-Model"] = enhancement.model
    response.headers["X-Audio-Duration"] = f"{enhancement.duration_ms / 1000:.3f}"
    for header, value in _credit_headers(enhancement, user).items():
        response.headers[header] = value
    response.headers["X-Warnings"] = str(len(list_warnings(enhancement)))
    if enhancement.lufs is not None:
        response.headers["X-Loudness"] = f"{enhancement.lufs:.1f}"


def _credit_headers(enhancement: Enhancement, user: User) -> dict[str, str]:
    return {
        "X-Credits-Charged": str(enhancement.credits_charged),
        "X-Credits-Left": str(read_balance(account_for(user)).spendable),
    }


def _is_still_good(api_key: ApiKey | None) -> bool:
    try:
        check_key_still_good(api_key)
    except ApiError:
        return False
    return True
