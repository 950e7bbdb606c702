"""`/api/v1/enhancements/`: recordings that are being enhanced, and those of the last day."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator
from typing import Any, ClassVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.lasting import while_allowed
from accounts.permissions import PrincipalAuthentication, Scopes, user_of
from accounts.principals import Principal
from billing.api.plain_views import needs
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination
from transcripts.enhancement.api.enhance import add_headers
from transcripts.enhancement.api.serializers import (
    EnhancementPageSerializer,
    EnhancementSerializer,
)
from transcripts.enhancement.models import Enhancement
from transcripts.enhancement.order import (
    EnhancementNotFoundError,
    get_enhancement,
    list_enhancements,
)
from transcripts.enhancement.shown import (
    NoEnhancedAudioError,
    describe_enhancement,
    find_result,
)
from transcripts.enhancement.sweep import delete_enhancement
from transcripts.enhancement.watch import get_enhancement_watcher
from transcripts.principals import is_still_allowed
from transcripts.served_recordings import UnsatisfiableRangeError, answer_recording

_COMMENT_EVERY_S = 15.0


class EnhancementListView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read"}

    @raises(PageNotFoundError)
    @extend_schema(operation_id="list_enhancements", responses=EnhancementPageSerializer)
    def get(self, request: Request) -> Response:
        """List the recordings that are being enhanced, and those of the last day, newest first."""
        paginator = PageNumberPagination()
        rows = list_enhancements(user_of(request))
        page = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response([describe_enhancement(row) for row in page or []])


class EnhancementView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read", "DELETE": "manage"}

    @raises(EnhancementNotFoundError)
    @extend_schema(operation_id="read_enhancement", responses=EnhancementSerializer)
    def get(self, request: Request, enhancement_id: UUID) -> Response:
        """Return how far it is, and once it is done where its file is."""
        return Response(describe_enhancement(get_enhancement(user_of(request), enhancement_id)))

    @raises(EnhancementNotFoundError)
    @extend_schema(operation_id="delete_enhancement", responses={204: None})
    def delete(self, request: Request, enhancement_id: UUID) -> Response:
        """Stop it if it is under way, and delete it with its files. What was not finished costs
        nothing.
        """
        delete_enhancement(get_enhancement(user_of(request), enhancement_id))
        return Response(status=204)


@documented(
    operation_id="read_enhanced_audio",
    authentication=(PrincipalAuthentication,),
    parameters=[
        OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One byte range.")
    ],
    responses={
        (200, "audio/wav"): OpenApiTypes.BINARY,
        (206, "audio/wav"): OpenApiTypes.BINARY,
        302: OpenApiResponse(description="Where it is, with STT_S3_SERVE=redirect."),
        304: OpenApiResponse(description="`If-None-Match` names the file."),
    },
)
@allow_methods("GET", "HEAD")
@needs("read")
@raises(EnhancementNotFoundError, NoEnhancedAudioError, UnsatisfiableRangeError)
async def show_enhanced_audio(
    request: HttpRequest, principal: Principal, enhancement_id: UUID
) -> HttpResponseBase:
    """Return the enhanced recording, or a range of its bytes."""
    return await sync_to_async(_serve)(request, principal, enhancement_id)


def _serve(request: HttpRequest, principal: Principal, enhancement_id: UUID) -> HttpResponseBase:
    enhancement = _find(principal, enhancement_id)
    response = answer_recording(
        request,
        find_result(enhancement),
        is_allowed=functools.partial(is_still_allowed, request),
    )
    add_headers(response, enhancement, enhancement.owner)
    return response


@documented(
    operation_id="follow_enhancement",
    authentication=(PrincipalAuthentication,),
    responses={(200, "text/event-stream"): OpenApiTypes.STR},
)
@allow_methods("GET")
@needs("read")
@raises(EnhancementNotFoundError)
async def stream_enhancement(
    request: HttpRequest, principal: Principal, enhancement_id: UUID
) -> HttpResponseBase:
    """Follow it: `status`, `progress` and `done` events."""
    await sync_to_async(_find)(principal, enhancement_id)
    return StreamingHttpResponse(
        while_allowed(_events(enhancement_id), functools.partial(is_still_allowed, request)),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(enhancement_id: UUID) -> AsyncIterator[bytes]:
    """Events have no ids: a client that comes back gets the state as it is."""
    yield b"retry: 2000\n\n"
    status = ""
    async with get_enhancement_watcher().subscribe(enhancement_id) as subscription:
        while True:
            try:
                async with asyncio.timeout(_COMMENT_EVERY_S):
                    snapshot = await subscription.next_change()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if not snapshot.is_open:
                yield _write("done", await sync_to_async(_read_end)(enhancement_id))
                return
            if snapshot.status != status:
                status = snapshot.status
                yield _write("status", {"id": str(enhancement_id), "status": status})
            if snapshot.resume_ms:
                total_s = snapshot.total_ms / 1000 if snapshot.total_ms else None
                yield _write("progress", {"done_s": snapshot.resume_ms / 1000, "total_s": total_s})


def _read_end(enhancement_id: UUID) -> dict[str, Any]:
    enhancement = Enhancement.objects.filter(pk=enhancement_id).first()
    if enhancement is None:
        return {"id": str(enhancement_id), "status": "deleted"}
    return describe_enhancement(enhancement)


def _write(name: str, body: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def _find(principal: Principal, enhancement_id: UUID) -> Enhancement:
    if principal.user is None:
        raise EnhancementNotFoundError
    return get_enhancement(principal.user, enhancement_id)
