"""The threads in which Django's synchronous code runs: a fixed number, shared by all requests.

By default Django gives each request a thread of its own for as long as the request lasts, and a
database connection with it: 300 clients that wait for their transcripts would hold 300 threads and
300 connections, although none of them is active. Here a request sticks to one of a few slots
(Django requires that one request's synchronous code stays on one thread) and uses it only while
synchronous code of its runs; the connections are bounded by the slots.

The price: a slow query delays the others that stick to its slot. A new request goes to the slot
with the fewest requests.
"""

from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import ThreadSensitiveContext

from stt_web.core.asgi.messages import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    Scope,
)


class Slot:
    """One thread, and how many requests stick to it."""

    def __init__(self, name: str) -> None:
        self.executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self.requests = 0


class ThreadSlotsLayer:
    """The ASGI layer that gives each HTTP request its slot."""

    def __init__(self, app: ASGI3Application, *, slots: int) -> None:
        self._app = app
        self._slots = [Slot(f"web-{number}") for number in range(slots)]

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        slot = min(self._slots, key=lambda each: each.requests)
        slot.requests += 1
        try:
            # asgiref ≥ 3.12: with an executor this context wins, and Django's own, entered inside
            # of it, leaves it in place.
            async with ThreadSensitiveContext(executor=slot.executor):
                await self._app(scope, receive, send)
        finally:
            slot.requests -= 1
