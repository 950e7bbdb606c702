"""How often a live session's words are recognised anew, so that one accelerator serves them all.

The rule. Words come at two to three a second, so nobody is updated more often than every 0.6 s.
Every second it is looked at how much of the time the accelerator was busy with live work: above
85 %, the interval of all sessions grows, below it shrinks, by the square root of the ratio (so it
doubles within ten seconds, and doesn't swing). 10 s at most. A machine that can't keep up even so
has sessions that fall behind: `sessions.live` says what they do.
"""

import math
from collections.abc import Callable

SHORTEST_S = 0.6
_LONGEST_S = 10.0
_BUSY = 0.85
_LOOKED_AT_EVERY_S = 1.0


class LiveLoad:
    """How busy one accelerator is with live work, and the update interval that follows."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = clock()
        self._busy_s = 0.0
        self._interval_s = SHORTEST_S

    def note_batch(self, took_s: float) -> None:
        self._busy_s += took_s

    def find_interval_s(self, *, calls_at_once: int) -> float:
        now = self._clock()
        elapsed_s = now - self._since
        if elapsed_s >= _LOOKED_AT_EVERY_S:
            ratio = self._busy_s / (elapsed_s * calls_at_once) / _BUSY
            interval_s = self._interval_s * math.sqrt(ratio)
            self._interval_s = min(max(interval_s, SHORTEST_S), _LONGEST_S)
            self._since, self._busy_s = now, 0.0
        return self._interval_s
