"""What happens to every call before its servicer: its request id is noted, its token checked.

The token is shared by the web tier and the inference service and sent as the metadata
`authorization: Bearer …`. The health service answers without it: load balancers have none.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import grpc

from inference_service.logs import choose_request_id, request_id_var

_OPEN_SERVICES = ("/grpc.health.v1.Health/",)

# In quotes: gRPC's class takes parameters in its stubs only.
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Continuation: TypeAlias = "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]"


class RequestIdInterceptor(grpc.aio.ServerInterceptor):
    """Puts `x-request-id`, or a new id, into the log lines of the call."""

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> "Handler | None":
        request_id_var.set(choose_request_id(_read(handler_call_details, "x-request-id")))
        return await continuation(handler_call_details)


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


def _refuse_like(handler: Handler) -> Handler:
    """Return a handler of the same kind that refuses; gRPC matches a call's kind to its handler."""

    async def refuse(_: object, context: grpc.aio.ServicerContext[object, object]) -> None:
        await context.abort(
            grpc.StatusCode.UNAUTHENTICATED, "The shared token is missing or wrong."
        )

    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[handler.request_streaming, handler.response_streaming]
    return make(refuse)
