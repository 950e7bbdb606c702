"""Keys that were valid recently, cached in this process for `TTL_S`.

A burst of requests costs one query. A key that is revoked here is refused from the commit on; one
revoked by another process, as soon as its wake-up comes (`stt_web.core.wakeups`), and within
`TTL_S` also without. Only valid keys are cached: guessing fills nothing.
"""

import copy
import time
from collections.abc import Callable
from datetime import datetime
from threading import Lock

from django.db import transaction

from accounts.models import ApiKey
from stt_web.core import wakeups

TTL_S = 2.0
_MAX_KEYS = 10_000

_lock = Lock()
_cached: dict[str, tuple[float, ApiKey]] = {}  # digest → when it is stale, the key with its user
_generation = 0


def find_key(
    digest: str, *, load: Callable[[], ApiKey | None], clock: Callable[[], float] = time.monotonic
) -> ApiKey | None:
    """Return the key cached under `digest`, else what `load` finds, and cache that.

    The caller gets an instance of its own: requests of several threads share nothing.
    """
    cached = _cached.get(digest)
    if cached is not None and clock() < cached[0]:
        return _own_copy(cached[1])
    generation = _generation
    api_key = load()
    if api_key is None:
        return None
    with _lock:
        # A key revoked between our read and here must not be cached: eviction moved the number on.
        if generation == _generation:
            if len(_cached) >= _MAX_KEYS:
                _cached.clear()
            _cached[digest] = (clock() + TTL_S, api_key)
    return _own_copy(api_key)


def evict_keys() -> None:
    """Drop all: revocations are rare, and one query a key brings the rest back."""
    global _generation
    with _lock:
        _generation += 1
        _cached.clear()


def evict_keys_on_commit() -> None:
    transaction.on_commit(evict_keys)


def note_use(digest: str, *, used_at: datetime) -> None:
    """Record on the cached key that its use has been stored."""
    with _lock:
        cached = _cached.get(digest)
        if cached is not None:
            cached[1].last_used_at = used_at


def _own_copy(api_key: ApiKey) -> ApiKey:
    own = copy.copy(api_key)
    own.user = copy.copy(api_key.user)
    return own


wakeups.listen_in_process(wakeups.ACCESS, lambda _: evict_keys())
