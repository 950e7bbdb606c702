"""When a live session stops hypotheses to catch up, and when it resumes them."""

from inference_service.sessions.events import PaceChanged

# Received and not yet recognised: more than this and two update intervals is too much.
_BEHIND_S = 5.0
_CAUGHT_UP_S = 1.0
# An interval that changed by less than a quarter is not worth reporting.
_WORTH_REPORTING = 1.25


class CatchUp:
    def __init__(self) -> None:
        self._reported = PaceChanged(False, 0, 0)

    @property
    def is_catching_up(self) -> bool:
        return self._reported.is_catching_up

    def update(
        self, *, backlog_s: float, interval_s: float, is_finishing: bool
    ) -> PaceChanged | None:
        """Return the rule that holds from now on, where it is another one.

        is_finishing: final texts are under way.
        """
        is_behind = backlog_s > _BEHIND_S + 2 * interval_s
        if self.is_catching_up:
            is_behind = backlog_s > _CAUGHT_UP_S or is_finishing
        interval_ms = round(1000 * interval_s)
        ratio = interval_ms / max(1, self._reported.interval_ms)
        if is_behind == self.is_catching_up and 1 / _WORTH_REPORTING < ratio < _WORTH_REPORTING:
            return None
        self._reported = PaceChanged(is_behind, interval_ms, round(1000 * backlog_s))
        return self._reported
