"""How late an event loop is: what a measurement over it can't be better than."""

import asyncio
import time
from collections.abc import Callable

_TICK_S = 0.02


async def watch_lateness(is_over: Callable[[], bool]) -> list[float]:
    """Return how late the loop came to each 50th of a second, until `is_over()`.

    Also to those that it slept through: one long delay counts for all that waited in it.
    """
    late_s: list[float] = []
    due = time.perf_counter() + _TICK_S
    while not is_over():
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        now = time.perf_counter()
        while due <= now:
            late_s.append(now - due)
            due += _TICK_S
    return late_s
