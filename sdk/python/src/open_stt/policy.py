"""How long a call may take, and when it is tried again. Sends nothing itself."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx2

from open_stt.errors import DeadlineError

DEFAULT_RETRIES = 2
_RETRIED = (408, 409, 429)
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 8.0
# A server that asks for more is not waited for: the caller decides.
_LONGEST_REQUESTED_S = 60.0


@dataclass(frozen=True)
class Timeouts:
    """Seconds. `connect_s` for a connection, `write_s` for each part of a body that is sent,
    `read_s` for the answer to begin and for each further part of it, `total_s` for the whole call,
    retries included (None: no limit). The server answers within 280 s.
    """

    connect_s: float = 10.0
    write_s: float = 60.0
    read_s: float = 300.0
    total_s: float | None = None

    @classmethod
    def of(cls, value: Timeouts | float | None) -> Timeouts:
        """Return `value`, where a number is `total_s`."""
        if isinstance(value, Timeouts):
            return value
        return cls() if value is None else cls(total_s=float(value))


class Deadline:
    """When a whole call must be over. Checked before each try, each wait and each part read."""

    def __init__(self, total_s: float | None) -> None:
        self._total_s = total_s
        self._end = None if total_s is None else time.monotonic() + total_s

    def left(self) -> float | None:
        """Return the seconds that are left; None: no limit. Raises DeadlineError at 0."""
        if self._end is None:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise DeadlineError(f"The call took longer than {self._total_s:g} s.")
        return left

    def bounded(self, seconds: float) -> float:
        """Return `seconds`, or what is left where that is less. Raises DeadlineError."""
        left = self.left()
        return seconds if left is None else min(seconds, left)

    def phases(self, timeouts: Timeouts) -> httpx2.Timeout:
        """Return the deadlines of a try's phases, none beyond this one. Raises DeadlineError."""
        return httpx2.Timeout(
            connect=self.bounded(timeouts.connect_s),
            write=self.bounded(timeouts.write_s),
            read=self.bounded(timeouts.read_s),
            pool=self.bounded(timeouts.connect_s),
        )


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `retry-after-ms` or `Retry-After` (seconds, or a date) asks for."""
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        pass
    value = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def may_retry(status: int, *, code: str, is_repeatable: bool) -> bool:
    """Return whether a refused request is sent again.

    `is_repeatable`: sending it twice has the effect of sending it once. Where it hasn't, only
    those are repeated that were refused before anything was done.
    """
    if code == "not_installed":
        return False
    if not is_repeatable:
        return status in (429, 503)
    return status in _RETRIED or status >= 500


def wait_before_retry(tries: int, *, requested_s: float | None = None) -> float | None:
    """Return the seconds to wait before the next of `tries` (1: the first was made); None: the
    server asks for more than is waited for."""
    if requested_s is not None:
        return requested_s if requested_s <= _LONGEST_REQUESTED_S else None
    longest = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (tries - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  # no secret
