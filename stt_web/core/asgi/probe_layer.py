"""`/livez` and `/readyz`: what an orchestrator asks, answered before everything else.

`/livez` (restart me?) is answered by the event loop itself and asks nothing of anyone: no answer
means that the loop is stuck. `/readyz` (send me requests?) asks what requests can't do without,
which is not the inference service: uploads and reading go on while it is away. `/health` is the
page for people and SDKs, and counts it.
"""

from collections.abc import Awaitable, Callable

from stt_web.core.asgi.messages import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    Scope,
)

LIVE_PATH, READY_PATH = "/livez", "/readyz"
# Returns what is amiss, in words; none: ready.
FindProblems = Callable[[], Awaitable[tuple[str, ...]]]


class ProbeLayer:
    """The ASGI layer of a web process. Probes have no line in the access log."""

    def __init__(self, app: ASGI3Application, *, find_problems: FindProblems) -> None:
        self._app = app
        self._find_problems = find_problems

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path == LIVE_PATH:
            await _answer(send, ())
        elif path == READY_PATH:
            await _answer(send, await self._find_problems())
        else:
            await self._app(scope, receive, send)


async def _answer(send: ASGISendCallable, problems: tuple[str, ...]) -> None:
    body = ("\n".join(problems) or "ok").encode() + b"\n"
    await send(
        {
            "type": "http.response.start",
            "status": 503 if problems else 200,
            "headers": [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
            ],
            "trailers": False,
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
