"""Signs of life: a file that workers, beat and web processes touch.

    python stt_web/alive.py          exit 0 where STT_ALIVE_FILE was touched just now, else 1

(By its path: as a module it would import Celery first, each time.)

Workers and beat touch it in a thread: one that is frozen doesn't. A web process touches it in its
event loop: one that is stuck doesn't either, and one that has all the connections it may have does,
whose port answers no further one, not even a probe. It doesn't show that the broker is there: what
a worker has begun goes on without one, and must not be restarted.
"""

import asyncio
import os
import sys
import threading
import time
from contextvars import Context
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from stt_web.core.background import BackgroundLoop

TOUCHED_EVERY_S = 5.0
STALE_AFTER_S = 30.0


def show_life() -> None:
    """Touch STT_ALIVE_FILE from now on; nothing where there is none."""
    # Here: the probe itself needs nothing of ours.
    from stt_web.core.background import ThreadLoop
    from stt_web.core.env import read_env_text

    name = read_env_text("STT_ALIVE_FILE", "")
    if not name:
        return
    pause = threading.Event()

    def touch() -> bool:
        Path(name).touch()
        pause.wait(TOUCHED_EVERY_S)
        return True

    ThreadLoop("alive", touch).start()


_touching: "WeakKeyDictionary[asyncio.AbstractEventLoop, BackgroundLoop | None]" = (
    WeakKeyDictionary()
)


def show_life_of_loop() -> None:
    """Have the running event loop touch STT_ALIVE_FILE from now on. May be repeated."""
    loop = asyncio.get_running_loop()
    if loop in _touching:
        return
    from stt_web.core.background import BackgroundLoop
    from stt_web.core.env import read_env_text

    name = read_env_text("STT_ALIVE_FILE", "")
    _touching[loop] = None
    if not name:
        return

    async def touch() -> None:
        Path(name).touch()
        await asyncio.sleep(TOUCHED_EVERY_S)

    _touching[loop] = begun = BackgroundLoop("alive", touch)
    Context().run(begun.start)  # not in the context of a request


def find_problem(name: str) -> str:
    """Return what is amiss, in words, or nothing."""
    if not name:
        return "STT_ALIVE_FILE is not set."
    try:
        age_s = time.time() - Path(name).stat().st_mtime
    except OSError as error:
        return f"{name}: {error.strerror}."
    return f"{name} was last touched {age_s:.0f} s ago." if age_s > STALE_AFTER_S else ""


if __name__ == "__main__":
    sys.exit(find_problem(os.environ.get("STT_ALIVE_FILE", "")) or 0)
