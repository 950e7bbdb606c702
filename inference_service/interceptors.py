"""What happens to every call before its servicer: its request id is noted, its token checked.

The token is shared by the web tier and the inference service and sent as the metadata
`authorization: Bearer …`. The health service answers without it: load balancers have none.
"""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import grpc

from inference_service.logs import choose_request_id, request_id_var
from inference_service.tracing import begin_call, end, is_tracing

_OPEN_SERVICES = ("/grpc.health.v1.Health/",)

# In quotes: gRPC's class takes parameters in its stubs only.
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Continuation: TypeAlias = "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]"


# By whether the request, and whether the response, is a stream.
_MAKERS: dict[tuple[bool, bool], Callable[..., Handler]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}
_BEHAVIOURS = {
    (False, False): "unary_unary",
    (False, True): "unary_stream",
    (True, False): "stream_unary",
    (True, True): "stream_stream",
}


class RequestIdInterceptor(grpc.aio.ServerInterceptor):
    """Puts `x-request-id`, or a new id, into the log lines of the call, and traces it."""

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> "Handler | None":
        request_id_var.set(choose_request_id(_read(handler_call_details, "x-request-id")))
        handler = await continuation(handler_call_details)
        traceparent = _read(handler_call_details, "traceparent")
        if handler is None or not is_tracing() or not traceparent:
            return handler
        return _trace_like(handler, handler_call_details.method.lstrip("/"), traceparent)


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls without the shared token: UNAUTHENTICATED."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> "Handler | None":
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(_OPEN_SERVICES):
            return handler
        sent = _read(handler_call_details, "authorization").encode()
        return handler if hmac.compare_digest(sent, self._expected) else _refuse_like(handler)


def _read(details: grpc.HandlerCallDetails, name: str) -> str:
    values = (value for key, value in details.invocation_metadata or () if key == name)
    value = next(values, "")
    return value if isinstance(value, str) else ""


def _trace_like(handler: Handler, name: str, traceparent: str) -> Handler:
    """Return a handler of the same kind whose call is a span."""

    async def call(request: Any, context: "grpc.aio.ServicerContext[Any, Any]") -> Any:
        span = begin_call(name, traceparent)
        is_error = True
        try:
            answer = await inner(request, context)
            is_error = False
            return answer
        finally:
            end(span, is_error=is_error)

    async def stream(
        request: Any, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> AsyncIterator[Any]:
        span = begin_call(name, traceparent)
        is_error = True
        try:
            async for answer in inner(request, context):
                yield answer
            is_error = False
        finally:
            end(span, is_error=is_error)

    kind = (handler.request_streaming, handler.response_streaming)
    inner: Any = getattr(handler, _BEHAVIOURS[kind])
    return _MAKERS[kind](
        stream if handler.response_streaming else call,
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )


def _refuse_like(handler: Handler) -> Handler:
    """Return a handler of the same kind that refuses; gRPC matches a call's kind to its handler."""

    async def refuse(_: object, context: grpc.aio.ServicerContext[object, object]) -> None:
        await context.abort(
            grpc.StatusCode.UNAUTHENTICATED, "The shared token is missing or wrong."
        )

    return _MAKERS[handler.request_streaming, handler.response_streaming](refuse)
