"""Keys that were good a moment ago, kept in this process for `TTL_S`.

A burst of requests costs one query. A key that is revoked here is refused from the commit on; one
revoked by another process, as soon as its wake-up comes (`stt_web.core.wakeups`), and within
`TTL_S` also without. Only good keys are kept: guessing fills nothing.
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
_kept: dict[str, tuple[float, ApiKey]] = {}  # digest → when it is stale, the key with its user
_generation = 0


def find_key(
    digest: str, *, load: Callable[[], ApiKey | None], clock: Callable[[], float] = time.monotonic
) -> ApiKey | None:
    """Return the key that is kept under `digest`, else what `load` finds, and keep that.

    The caller gets an instance of its own: requests of several threads share nothing.
    """
    kept = _kept.get(digest)
    if kept is not None and clock() < kept[0]:
        return _own_copy(kept[1])
    generation = _generation
    api_key = load()
    if api_key is None:
        return None
    with _lock:
        # A key revoked between our read and here must not be kept: forgetting moved the number on.
        if generation == _generation:
            if len(_kept) >= _MAX_KEYS:
                _kept.clear()
            _kept[digest] = (clock() + TTL_S, api_key)
    return _own_copy(api_key)


def evict_keys() -> None:
    """Drop all: revocations are rare, and one query a key brings the rest back."""
    global _generation
    with _lock:
        _generation += 1
        _kept.clear()


def evict_keys_on_commit() -> None:
    transaction.on_commit(evict_keys)


def note_use(digest: str, *, used_at: datetime) -> None:
    """Let the key that is kept know that its use has been written down."""
    with _lock:
        kept = _kept.get(digest)
        if kept is not None:
            kept[1].last_used_at = used_at


def _own_copy(api_key: ApiKey) -> ApiKey:
    own = copy.copy(api_key)
    own.user = copy.copy(api_key.user)
    return own


wakeups.listen_in_process(wakeups.ACCESS, lambda _: evict_keys())
