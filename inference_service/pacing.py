"""How often a live session's words are recognised anew, so that one accelerator serves them all.

The rule. Nobody is updated more often than every 0.6 s: words come at two to three a second, so
more often would recognise the same again. While so many speak that this would keep the accelerator
busier than 85 %, the interval grows until it doesn't: sessions that speak × seconds that one
hypothesis takes ÷ calls at once ÷ 0.85. All sessions have the same interval. What a hypothesis
takes is measured, so a slow machine or a large model has a longer one. Finals come on top.
"""

from collections.abc import Callable, Hashable

SHORTEST_S = 0.6
_BUSY = 0.85
# Who asked for nothing for so long (and two intervals) is not speaking.
_SPOKE_WITHIN_S = 2.0
# Weight of the newest batch.
_NEWEST = 0.2


class LiveLoad:
    """Who speaks, and what a hypothesis takes, on one accelerator."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._asked_at: dict[Hashable, float] = {}
        self._cost_s = 0.0
        self._interval_s = SHORTEST_S

    def note_asked(self, session: Hashable) -> None:
        self._asked_at[session] = self._clock()

    def note_cost(self, cost_s: float) -> None:
        """cost_s: of one hypothesis, its part of the batch."""
        known = self._cost_s or cost_s
        self._cost_s = known + _NEWEST * (cost_s - known)

    def forget(self, session: Hashable) -> None:
        self._asked_at.pop(session, None)

    def find_interval_s(self, *, calls_at_once: int) -> float:
        since = self._clock() - _SPOKE_WITHIN_S - 2 * self._interval_s
        speaking = sum(asked_at > since for asked_at in self._asked_at.values())
        self._interval_s = max(SHORTEST_S, speaking * self._cost_s / calls_at_once / _BUSY)
        return self._interval_s
