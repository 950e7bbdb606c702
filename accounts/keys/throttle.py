"""Throttling of guessed keys: so many unknown ones a minute from one address, then none.

Unknown keys are counted in the database, over all processes. That an address is over the limit is
remembered in the process, so that refused guesses aren't counted; each of n processes finds out by
itself, n guesses later at most. A valid key is never refused for what else comes from its address:
it is looked up first, and only one that isn't there is counted and refused.
"""

from datetime import datetime, timedelta
from threading import Lock

from accounts.client_address import digest_address
from accounts.rate_windows import count_in_window
from stt_web.core.errors import ApiError

MAX_UNKNOWN_KEYS = 20
_WINDOW_S = 60
_MAX_REMEMBERED = 10_000

_lock = Lock()
_refused_until: dict[str, datetime] = {}  # by the address's digest


class KeyThrottledError(ApiError):
    """Too many unknown keys came from this network address; with Retry-After."""

    status = 429
    code = "too_many_unknown_keys"


def check_key_throttle(address: str, *, now: datetime) -> None:
    """Raise KeyThrottledError while `address` is over the limit. No query."""
    until = _refused_until.get(digest_address(address)) if _refused_until and address else None
    if until is not None and now < until:
        raise KeyThrottledError(
            "Too many unknown API keys came from your network address. Wait a minute.",
            retry_after_s=max(1, -int((now - until).total_seconds() // 1)),
        )


def count_unknown_key(address: str, *, now: datetime) -> None:
    """Count one, and remember the address once it is over the limit. One statement."""
    if not address:
        return
    digest = digest_address(address)
    window = count_in_window(f"unknown-key:{digest}", window_s=_WINDOW_S, now=now)
    if window.count < MAX_UNKNOWN_KEYS:
        return
    with _lock:
        if len(_refused_until) >= _MAX_REMEMBERED:
            _refused_until.clear()
        _refused_until[digest] = now + timedelta(seconds=window.resets_in_s)
