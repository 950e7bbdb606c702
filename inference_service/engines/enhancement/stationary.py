"""What sounds the same all the time: hum before a network, and any steady noise where none is.

The noise of a band is the least power of it in some seconds around (minimum statistics, after
R. Martin, 2001), and what exceeds it passes (a Wiener gain). Seconds are counted from the stream's
beginning, so the result does not depend on the portions that it comes in.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter, uniform_filter1d

from inference_service.engines.enhancement.aligned import AlignedStream
from inference_service.engines.enhancement.enhancer import EnhancerStream, Samples
from inference_service.engines.enhancement.spectra import (
    Analysis,
    Spectra,
    Synthesis,
    hann_root_window,
)

WIENER = "wiener"
_DEEPEST_DB = 20.0  # deeper, what is left of the noise rings

Powers = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Kind:
    """window_s: of the spectra. block_s: of which the least power counts. around: how many blocks
    before and behind are looked at."""

    window_s: float
    block_s: float
    around: int


_HUM = _Kind(window_s=0.16, block_s=1.5, around=1)
_NOISE = _Kind(window_s=0.032, block_s=0.5, around=2)
# Bands beside a line, among which it stands out; the least by which, and how steady it is.
_NEIGHBOURS = 41
_LINE_ABOVE = 8.0
_LINE_STEADY = 0.3
_HUM_HIGHEST_HZ = 2_000
# The least of a block's powers lies far below their mean. By this factor, measured on one reading
# in white and pink noise at 0 and 10 dB, SI-SDR gains most (6 to 11 dB) before the voice suffers.
_NOISE_ABOVE_LEAST = 9.0
_SMOOTHED = 5  # frames, and bands


class StationaryStage:
    """Lowers what is steady. Delay: one hop; the blocks behind are waited for beside that."""

    def __init__(self, *, rate_hz: int, lines_only: bool) -> None:
        kind = _HUM if lines_only else _NOISE
        self.hop = round(kind.window_s * rate_hz / 2)
        self.delay = self.hop
        self._kind = kind
        self._lines_only = lines_only
        self._highest = round(_HUM_HIGHEST_HZ * 2 * self.hop / rate_hz) if lines_only else None
        self._frames_a_block = max(2, round(kind.block_s * rate_hz / self.hop))
        window = hann_root_window(2 * self.hop)
        self._analysis, self._synthesis = Analysis(window), Synthesis(window)
        self._waiting = np.zeros((0, self.hop + 1), np.complex64)
        self._blocks: list[Spectra] = []
        self._before: list[Powers] = []  # the least powers of the blocks that are done

    def push(self, samples: Samples) -> Samples:
        self._waiting = np.concatenate((self._waiting, self._analysis.push(samples)))
        while len(self._waiting) >= self._frames_a_block:
            self._blocks.append(self._waiting[: self._frames_a_block])
            self._waiting = self._waiting[self._frames_a_block :]
        made = []
        while len(self._blocks) > self._kind.around:
            made.append(self._finish_block())
        return np.concatenate(made) if made else np.zeros(0, np.float32)

    def drain(self) -> Samples:
        if len(self._waiting):
            self._blocks.append(self._waiting)
        made = [self._finish_block() for _ in range(len(self._blocks))]
        return np.concatenate(made) if made else np.zeros(0, np.float32)

    def _finish_block(self) -> Samples:
        """Filter the first waiting block by what the blocks around it have in common."""
        spectra = self._blocks[0]
        power = _power(spectra)
        leasts = [_least(_power(block)) for block in self._blocks[: self._kind.around + 1]]
        floor = np.min([*self._before, *leasts], axis=0)
        gain = _line_gain(power, floor, self._highest) if self._lines_only else _gain(power, floor)
        self._before = [*self._before, leasts[0]][-self._kind.around :]
        del self._blocks[0]
        return self._synthesis.push((spectra * gain).astype(np.complex64))


class WienerEnhancer:
    """The engine without weights: takes away steady noise, at any rate."""

    model_id = WIENER

    def rate_for(self, source_hz: int) -> int:
        return source_hz

    def open(self, *, rate_hz: int, limit_db: float) -> EnhancerStream:
        stage = StationaryStage(rate_hz=rate_hz, lines_only=False)
        return AlignedStream(stage, limit_db=min(limit_db, _DEEPEST_DB))


def _power(spectra: Spectra) -> Powers:
    power: Powers = spectra.real**2 + spectra.imag**2
    return power


def _least(power: Powers) -> Powers:
    """Return the least power of each band, short peaks and gaps smoothed over."""
    smooth = uniform_filter1d(power, min(5, len(power)), axis=0, mode="nearest")
    least: Powers = np.min(smooth, axis=0)
    return least


def _gain(power: Powers, floor: Powers) -> Powers:
    smooth = uniform_filter1d(uniform_filter1d(power, _SMOOTHED, axis=0), _SMOOTHED, axis=1)
    gain: Powers = np.maximum(0.0, 1 - _NOISE_ABOVE_LEAST * floor / (smooth + 1e-20))
    return gain.astype(np.float32)


def _line_gain(power: Powers, floor: Powers, highest: int | None) -> Powers:
    """Lower the bands in which a steady tone stands out to what lies beside them."""
    gain = np.ones_like(power)
    low = slice(0, highest)
    beside = median_filter(floor[low], _NEIGHBOURS, mode="nearest")
    is_line = (floor[low] > _LINE_ABOVE * beside) & (
        floor[low] > _LINE_STEADY * power[:, low].mean(axis=0)
    )
    is_line = uniform_filter1d(is_line.astype(np.float32), 3) > 0
    if is_line.any():
        tone = np.where(is_line, 1.5 * floor[low], 0.0)
        passed = np.maximum(1 - tone / (power[:, low] + 1e-20), 0.0)
        least = np.where(is_line, np.minimum(1.0, beside / (floor[low] + 1e-20)), 0.0)
        gain[:, low] = np.sqrt(np.maximum(passed, least))
    return gain
