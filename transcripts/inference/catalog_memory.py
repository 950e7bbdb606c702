"""What the shared servers had when any process last asked: in the cache that all processes share.

A web process that is started while the inference service is away has not asked yet, and accepts
what can wait all the same. Not for an account's own instances: their catalogues say whose they are.
"""

import dataclasses
import logging
import time

from django.core.cache import cache
from django.db import connection

from transcripts.inference.results import ServerModels

logger = logging.getLogger(__name__)

_KEY = "inference-catalog"
_WRITTEN_EVERY_S = 600.0


class CatalogMemory:
    """One process's hand on it. A cache that is away costs the memory, never the answer.

    Asked seldom, and in any thread: a connection that the cache opened there is closed again.
    """

    def __init__(self, max_age_s: float) -> None:
        self._max_age_s = max_age_s
        self._written_at_s = float("-inf")

    def write(self, known: ServerModels) -> None:
        """Store it, unless one was stored a moment ago. Queries, seldom."""
        now_s = time.time()
        if now_s - self._written_at_s < _WRITTEN_EVERY_S:
            return
        self._written_at_s = now_s
        try:
            lasting = dataclasses.replace(known, queues=())
            cache.set(_KEY, (now_s, lasting), self._max_age_s)
        except Exception:  # of any cache's backend
            logger.warning("event=catalog_not_stored", exc_info=True)
        finally:
            _leave_database()

    def read(self) -> tuple[ServerModels, float] | None:
        """Return what was stored and its age in seconds; None: nothing of use. A query."""
        try:
            stored = cache.get(_KEY)
            if stored is None:
                return None
            written_at_s, known = stored
            dataclasses.asdict(known)  # AttributeError: another version's, with other fields
        except Exception:
            logger.warning("event=catalog_not_read", exc_info=True)
            return None
        finally:
            _leave_database()
        age_s = max(0.0, time.time() - written_at_s)
        return (known, age_s) if age_s < self._max_age_s else None


def _leave_database() -> None:
    """The thread may be one whose connections no one tends. Not within a transaction."""
    if not connection.in_atomic_block:
        connection.close()
