"""The connections of the live sessions' threads, which outlive a test's database."""

import threading

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
