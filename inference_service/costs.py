"""How long a batch will take, learnt from those that ran."""

from dataclasses import dataclass, field

# A Whisper pays for its encoder whatever a window holds (it is padded to 30 s) and for its decoder
# by the length of the text: a fixed part, told in seconds of audio, and one by the duration.
_FIXED_S = 10.0
# Weight of the newest batch: one odd batch moves the forecast by a third.
_NEWEST = 0.3


@dataclass(slots=True)
class CostForecast:
    """Seconds of accelerator time by kind of work, as moving averages.

    A batch costs less for each window than a window alone, so the forecast is high at first and
    falls as batches grow with it: a bound by predicted time is kept from the safe side.
    """

    _seconds_per_unit: dict[str, float] = field(default_factory=dict)

    def predict_s(self, kind: str, *, audio_s: float) -> float | None:
        """Return the seconds for one window of `audio_s`; None if none of the kind ran yet."""
        rate = self._seconds_per_unit.get(kind)
        return None if rate is None else rate * (_FIXED_S + audio_s)

    def learn(self, kind: str, *, audio_s: list[float], took_s: float) -> None:
        """Take note of a batch of windows that took `took_s` together."""
        rate = took_s / sum(_FIXED_S + duration_s for duration_s in audio_s)
        known = self._seconds_per_unit.get(kind, rate)
        self._seconds_per_unit[kind] = known + _NEWEST * (rate - known)
