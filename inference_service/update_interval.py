"""How often a live session's hypothesis is updated, so that one accelerator serves them all.

The rule. Words come at two to three a second, so no one is updated more often than every 0.6 s.
Every second the time that the accelerator was busy with live work is checked: above
85 %, the interval of all sessions grows, below it shrinks, by the square root of the ratio (so it
doubles within ten seconds, and doesn't swing). 10 s at most. A machine that is too slow even so
has sessions that fall behind: `sessions.live` describes what they do.

`CostForecast` predicts what a batch will take, by which the scheduler bounds it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

SHORTEST_S = 0.6
_LONGEST_S = 10.0
_BUSY = 0.85
_CHECKED_EVERY_S = 1.0
# A Whisper pays for its encoder however short a window is (it is padded to 30 s) and for its
# decoder by the length of the text: a fixed part, given in seconds of audio, and one by the
# duration.
_FIXED_S = 10.0
# Weight of the newest batch: one odd batch moves the forecast by a third.
_NEWEST = 0.3


class UpdateInterval:
    """How busy one accelerator is with live work, and the update interval that follows."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = clock()
        self._busy_s = 0.0
        self._interval_s = SHORTEST_S

    def record_batch(self, elapsed_s: float) -> None:
        self._busy_s += elapsed_s

    def find_interval_s(self, *, calls_at_once: int) -> float:
        now = self._clock()
        elapsed_s = now - self._since
        if elapsed_s >= _CHECKED_EVERY_S:
            ratio = self._busy_s / (elapsed_s * calls_at_once) / _BUSY
            interval_s = self._interval_s * math.sqrt(ratio)
            self._interval_s = min(max(interval_s, SHORTEST_S), _LONGEST_S)
            self._since, self._busy_s = now, 0.0
        return self._interval_s


@dataclass(slots=True)
class CostForecast:
    """Seconds of accelerator time by kind of work, as moving averages.

    A batch costs less for each window than a window alone, so the forecast is high at first and
    falls as batches grow with it: a bound by predicted time errs on the safe side.
    """

    _seconds_per_unit: dict[str, float] = field(default_factory=dict)

    def predict_s(self, kind: str, *, audio_s: float) -> float | None:
        """Return the seconds for one window of `audio_s`; None if none of the kind ran yet."""
        rate = self._seconds_per_unit.get(kind)
        return None if rate is None else rate * (_FIXED_S + audio_s)

    def learn(self, kind: str, *, audio_s: list[float], elapsed_s: float) -> None:
        """Learn from a batch of windows that took `elapsed_s` together."""
        rate = elapsed_s / sum(_FIXED_S + duration_s for duration_s in audio_s)
        known = self._seconds_per_unit.get(kind, rate)
        self._seconds_per_unit[kind] = known + _NEWEST * (rate - known)
