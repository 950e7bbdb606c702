"""Garbage collections of a process whose every thread waits for them.

A full one takes 0.3 s with 500 live sessions, and by Python's own thresholds one comes every two
seconds: then the audio of all of them waits. Here one comes every `EVERY_S`, or after ten times as
many allocations, and never looks at what a process has loaded before it serves.
"""

import asyncio
import gc
from contextvars import Context
from weakref import WeakKeyDictionary

from stt_web.core.background import BackgroundLoop

EVERY_S = 30.0
# Net allocations before the youngest objects are looked at; how many such rounds before the next
# older ones are, and how many of those before all are.
_THRESHOLDS = (7_000, 10, 10)

_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, BackgroundLoop] = WeakKeyDictionary()


def collect_seldom() -> None:
    """From now on, in a process that has loaded what it needs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def collect_regularly() -> None:
    """Begin, in the running event loop. May be repeated."""
    loop = asyncio.get_running_loop()
    if loop not in _loops:
        _loops[loop] = begun = BackgroundLoop("garbage", _collect)
        Context().run(begun.start)  # not in the context of a request


async def _collect() -> None:
    await asyncio.sleep(EVERY_S)
    gc.collect()
