"""What an orchestrator asks a web process: is it alive, is it ready."""

import asyncio
from typing import Any

from stt_web.core.asgi.probe_layer import LIVE_PATH, READY_PATH, ProbeLayer


def ask(path: str, *problems: str) -> tuple[int, str]:
    """Return the status and the body; 0 where the request went on to the application."""
    sent: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        sent.append({"status": 0, "body": b""})

    async def find_problems() -> tuple[str, ...]:
        return problems

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("A probe has no body.")

    layer = ProbeLayer(application, find_problems=find_problems)
    scope: Any = {"type": "http", "path": path, "method": "GET", "headers": []}
    asyncio.run(layer(scope, receive, send))
    return sent[0]["status"], sent[-1]["body"].decode()


def test_a_loop_that_runs_is_alive_without_a_database() -> None:
    assert ask(LIVE_PATH, "The database is not reached.") == (200, "ok\n")


def test_ready_is_one_that_can_answer_requests() -> None:
    assert ask(READY_PATH) == (200, "ok\n")
    assert ask(READY_PATH, "This.", "That.") == (503, "This.\nThat.\n")


def test_what_is_no_probe_goes_on() -> None:
    for path in ("/", "/livez/", "/readyz/x", "/v1/models"):
        assert ask(path) == (0, "")
