"""How loud a programme is, and how high it peaks, measured as it passes (ITU-R BS.1770-4).

Memory is flat but for eight bytes for each tenth of a second.
"""

from array import array
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.signal import firwin, sosfilt, upfirdn

Samples = npt.NDArray[np.float32]  # (frames, channels)

_STEPS_A_SECOND = 10
_STEPS_A_BLOCK = 4  # 400 ms, of which each next one shares three quarters
_GATE_LUFS = -70.0
_GATE_BELOW_LU = 10.0
_OFFSET_LU = -0.691
_SURROUND = 1.41
# FFmpeg's order of channels; the one for deep effects doesn't count.
_WEIGHTS = {
    "5.1": (1, 1, 1, 0, _SURROUND, _SURROUND),
    "5.1(side)": (1, 1, 1, 0, _SURROUND, _SURROUND),
    "5.0": (1, 1, 1, _SURROUND, _SURROUND),
    "5.0(side)": (1, 1, 1, _SURROUND, _SURROUND),
    "quad": (1, 1, _SURROUND, _SURROUND),
    "7.1": (1, 1, 1, 0, _SURROUND, _SURROUND, _SURROUND, _SURROUND),
}
OVERSAMPLED = 4
REACH = 12  # frames on either side, which the interpolation between two depends on
_PORTION_FRAMES = (
    1_024  # in most of speech nothing comes near the peak, and nothing is interpolated
)


def weights_of(layout: str, channels: int) -> npt.NDArray[np.float64]:
    """Return by how much each channel counts: float64 (channels,)."""
    known = _WEIGHTS.get(layout, ())
    return np.array(known if len(known) == channels else (1.0,) * channels, np.float64)


class LoudnessMeter:
    """Measures one programme, portion by portion."""

    def __init__(self, *, rate_hz: int, weights: npt.NDArray[np.float64]) -> None:
        self._weights = weights
        self._filter = _k_weighting(rate_hz)
        self._state = np.zeros((len(self._filter), 2, len(weights)))
        self._step = rate_hz / _STEPS_A_SECOND
        self._powers = array("d")  # of each step, all channels weighted
        self._pending = np.zeros(0)
        self._taken = 0

    def push(self, samples: Samples) -> None:
        """Take in float32 (frames, channels), any number of frames."""
        if not len(samples):
            return
        filtered, self._state = sosfilt(self._filter, samples, axis=0, zi=self._state)
        self._pending = np.concatenate((self._pending, filtered**2 @ self._weights))
        while len(self._pending) >= (length := self._next_length()):
            self._powers.append(float(np.mean(self._pending[:length])))
            self._pending = self._pending[length:]
            self._taken += length

    def read_lufs(self) -> float:
        """Return the integrated loudness of what came; -inf for silence.

        What is shorter than a block is one block.
        """
        powers = np.frombuffer(self._powers, np.float64)
        if len(powers) < _STEPS_A_BLOCK:
            rest = [float(np.mean(self._pending))] if len(self._pending) else []
            powers = np.array([np.mean([*powers, *rest])] if len(powers) + len(rest) else [0.0])
        else:
            powers = np.convolve(powers, np.full(_STEPS_A_BLOCK, 1 / _STEPS_A_BLOCK), "valid")
        return _gate(powers)

    def _next_length(self) -> int:
        """Steps of a rate that ten does not divide differ by a sample, and don't drift."""
        return round((len(self._powers) + 1) * self._step) - self._taken


class PeakMeter:
    """The highest true peak: between the samples too, at four times the rate."""

    def __init__(self, *, channels: int) -> None:
        # What the interpolation at a sample depends on, before it and behind it.
        self._pending = np.zeros((REACH, channels), np.float32)
        self._peak = 0.0

    def push(self, samples: Samples) -> None:
        joined = np.concatenate((self._pending, samples))
        self._pending = joined[-2 * REACH :]
        for start, end in list_loud(joined, above=self._peak):
            inside = oversampled_peaks(joined[start:end])[REACH:-REACH]
            self._peak = max(self._peak, float(np.max(inside, initial=0.0)))

    def read_dbtp(self) -> float:
        """Return it in dB of full scale, at the end of the programme; -inf for silence."""
        self.push(np.zeros((REACH, self._pending.shape[1]), np.float32))
        return 20 * float(np.log10(self._peak)) if self._peak > 0 else -float("inf")


def oversampled_peaks(samples: Samples) -> npt.NDArray[np.float64]:
    """Return around each frame the highest of all channels, float64 (frames,)."""
    between = upfirdn(_PHASES, samples, OVERSAMPLED, axis=0)
    delay = len(_PHASES) // 2 - OVERSAMPLED // 2
    aligned = np.abs(between[delay : delay + OVERSAMPLED * len(samples)]).max(axis=1)
    peaks: npt.NDArray[np.float64] = aligned.reshape(-1, OVERSAMPLED).max(axis=1)
    highest: npt.NDArray[np.float64] = np.maximum(peaks, np.abs(samples).max(axis=1))
    return highest


def list_loud(samples: Samples, *, above: float) -> list[tuple[int, int]]:
    """Return where a true peak may be higher: portions that overlap by twice the interpolation's
    reach, of which only what lies between is certain. Those elsewhere are no higher.
    """
    portions = (
        (start, min(len(samples), start + _PORTION_FRAMES + 2 * REACH))
        for start in range(0, max(1, len(samples) - 2 * REACH), _PORTION_FRAMES)
    )
    return [
        (start, end)
        for start, end in portions
        if 2 * np.abs(samples[start:end]).max(initial=0.0) > above
    ]


def _gate(powers: npt.NDArray[np.float64]) -> float:
    with np.errstate(divide="ignore"):
        levels = _OFFSET_LU + 10 * np.log10(powers)
    audible = powers[levels > _GATE_LUFS]
    if not len(audible):
        return -float("inf")
    threshold = _OFFSET_LU + 10 * np.log10(np.mean(audible)) - _GATE_BELOW_LU
    counted = powers[levels > max(threshold, _GATE_LUFS)]
    return float(_OFFSET_LU + 10 * np.log10(np.mean(counted)))


def _k_weighting(rate_hz: int) -> npt.NDArray[np.float64]:
    """Return the two filters for any rate, from the analogue prototypes of those of BS.1770.

    Source: B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement" (2018).
    """
    tangent = np.tan(np.pi * 1681.974450955533 / rate_hz)
    high = 10 ** (3.999843853973347 / 20)
    middle, quality = high**0.4996667741545416, 0.7071752369554196
    head = np.array([1 + tangent / quality + tangent**2])
    shelf = [
        *((high + middle * tangent / quality + tangent**2), 2 * (tangent**2 - high)),
        *((high - middle * tangent / quality + tangent**2),),
        *(head[0], 2 * (tangent**2 - 1), 1 - tangent / quality + tangent**2),
    ]
    low, sharpness = np.tan(np.pi * 38.13547087602444 / rate_hz), 0.5003270373238773
    base = 1 + low / sharpness + low**2
    high_pass = [1, -2, 1, base, 2 * (low**2 - 1), 1 - low / sharpness + low**2]
    return np.array([_normalise(shelf), [*high_pass[:3], *(each / base for each in high_pass[3:])]])


def _normalise(section: list[Any]) -> list[float]:
    return [float(each / section[3]) for each in section]


_PHASES = OVERSAMPLED * firwin(OVERSAMPLED * REACH + 1, 1 / OVERSAMPLED, window=("kaiser", 5.0))
