"""Signs of life of the processes without a port, workers and beat: a file that they touch.

    python stt_web/alive.py          exit 0 where STT_ALIVE_FILE was touched just now, else 1

(By its path: as a module it would import Celery first, each time.)

The file shows that the process runs: one that is frozen or stuck doesn't touch it. It doesn't show
that the broker is there: what a worker has begun goes on without one, and must not be restarted.
"""

import os
import sys
import threading
import time
from pathlib import Path

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
