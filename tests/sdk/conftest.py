"""Both clients, so that each promise is tested on either."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from open_stt import AsyncSTTClient, STTClient

from tests.sdk.unreliable_server import Script, UnreliableServer

Ask = Callable[..., Any]


@pytest.fixture
def serve() -> Iterator[Callable[[Script], UnreliableServer]]:
    """A function that starts a server which answers by a script."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(UnreliableServer(script).running())


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """`ask(server, lambda client: client.models(), **options)`: by either client.

    What it iterates over is returned as a list.
    """

    def ask_sync(server: UnreliableServer, use: Callable[[Any], Any], **options: Any) -> Any:
        with STTClient("stt_key", server.url, **options) as client:
            answer = use(client)
            return list(answer) if inspect.isgenerator(answer) else answer

    def ask_async(server: UnreliableServer, use: Callable[[Any], Any], **options: Any) -> Any:
        async def run() -> Any:
            async with AsyncSTTClient("stt_key", server.url, **options) as client:
                answer = use(client)
                if inspect.isasyncgen(answer):
                    return [each async for each in answer]
                return await answer

        return asyncio.run(run())

    return ask_sync if request.param == "sync" else ask_async
