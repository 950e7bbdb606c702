"""The connections of the live sessions' threads, which outlive a test's database, and of processes
that a test starts.
"""

import json
import os
import threading
from pathlib import Path

from django.conf import settings
from django.db import connections

from transcripts.live import executors


def close_connections() -> None:
    """Close every connection of the database threads. Blocks until their work is done."""
    together = threading.Barrier(settings.LIVE_THREADS)

    def close() -> None:
        together.wait()  # so that each thread does it once
        connections.close_all()

    closing = [executors._database.submit(close) for _ in range(settings.LIVE_THREADS)]
    for done in (*closing, executors._rows.submit(connections.close_all)):
        done.result()


def child_env(*, target: str, media: Path) -> dict[str, str]:
    """Return the environment of a process on this run's database (in SPEAKER_DATABASE)."""
    database = connections["default"].settings_dict
    names = ("ENGINE", "NAME", "USER", "HOST", "PORT")
    return {
        **os.environ,
        "STT_INFERENCE_TARGET": target,
        "STT_MEDIA_DIR": str(media),
        "SPEAKER_DATABASE": json.dumps({name: str(database[name]) for name in names}),
    }
