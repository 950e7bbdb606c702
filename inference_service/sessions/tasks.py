"""The end of a session's tasks."""

import asyncio
import contextlib
from typing import Any


async def cancel_all(*tasks: asyncio.Task[Any]) -> None:
    """Cancel what still runs and wait until it has ended."""
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)


def raise_failure(*tasks: asyncio.Task[None]) -> None:
    """Raise what one of them failed with, if one did."""
    for task in tasks:
        if task.done() and not task.cancelled():
            task.result()
