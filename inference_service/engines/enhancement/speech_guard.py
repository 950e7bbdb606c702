"""The bound on what an engine takes away, and a closer one where that would be speech.

An engine is trained to leave one voice. Of several it lowers the others, or takes one of them for
the speaker and lowers the speaker's own. So what it took away is looked at, second by second: how
much of it, by energy, is voiced speech. Of noise, hum and keys that is a quarter at most; of
several voices, and of speech without noise, 0.7 to 0.95 (measured, `benchmarks/RESULTS.md`). Where
most of it is speech, nothing becomes quieter by more than 3 dB.
"""

import numpy as np
import numpy.typing as npt

from inference_service.engines.enhancement.enhancer import Samples
from inference_service.engines.enhancement.resampled import Resampler
from inference_service.engines.vad import FRAME_SAMPLES, SpeechDetector

_DETECTOR_HZ = 16_000
_BLOCK_FRAMES = 32  # 1.02 s
_BLOCK_SAMPLES = _BLOCK_FRAMES * FRAME_SAMPLES
_SPEECH = 0.5  # the probability from which a frame is speech, as Silero's authors have it
# Autocorrelation of 64 ms at the lags of a voice (70 to 400 Hz); white noise has 0.1, pink 0.2.
_VOICED = 0.6
_LAGS = np.arange(_DETECTOR_HZ // 400, _DETECTOR_HZ // 70 + 1)
# Of what was taken away, the part that is speech, averaged over a block and its neighbours: below
# the first the bound is as asked, from the second on it is the closer one.
_SOME, _MOST = 0.4, 0.7
_CLOSER_SHARE = 10 ** (-3 / 20)

Floats = npt.NDArray[np.float64]


class SpeechGuard:
    """Mixes one channel's source back into what was made of it. Not thread-safe.

    source_share: 0..1, of the amplitude, at the least. Works block by block from the stream's
    beginning, so the portions that it comes in don't matter; it is three blocks behind.
    """

    def __init__(self, *, rate_hz: int, source_share: float) -> None:
        self._least = source_share
        self._block = _BLOCK_SAMPLES * rate_hz // _DETECTOR_HZ
        self._source = np.zeros(0, np.float32)  # not given back yet
        self._made = np.zeros(0, np.float32)
        self._given_blocks = 0
        self._removed = _RemovedSpeech(rate_hz)

    def push(self, source: Samples, made: Samples) -> Samples:
        """source, made: float32 (n,), at the same places. Returns what is done by now."""
        self._source = np.concatenate((self._source, source))
        self._made = np.concatenate((self._made, made))
        self._removed.push(source - made)
        return self._give(len(self._removed.parts) - 2)

    def finish(self) -> Samples:
        self._removed.finish()
        return self._give(self._given_blocks + -(-len(self._made) // self._block))

    def _give(self, until: int) -> Samples:
        """Return the blocks before `until`; the last one may be short."""
        given = [self._give_block(number) for number in range(self._given_blocks, until)]
        self._given_blocks = max(self._given_blocks, until)
        return np.concatenate(given) if given else np.zeros(0, np.float32)

    def _give_block(self, number: int) -> Samples:
        before, here, behind = (self._share(number + step) for step in (-1, 0, 1))
        middle = self._block / 2
        at = np.arange(min(self._block, len(self._made)))
        shares = np.interp(at, (-middle, middle, 3 * middle), (before, here, behind))
        source, self._source = self._source[: len(at)], self._source[len(at) :]
        made, self._made = self._made[: len(at)], self._made[len(at) :]
        return ((1 - shares) * made + shares * source).astype(np.float32)

    def _share(self, number: int) -> float:
        """Return how much of the source's amplitude comes back in the middle of a block."""
        parts = self._removed.parts
        here = min(max(number, 0), len(parts) - 1)
        around = parts[max(0, here - 1) : here + 2]
        energy = sum(part[0] for part in around)
        spoken = sum(part[1] for part in around) / energy if energy else 0.0
        nearness = min(max((spoken - _SOME) / (_MOST - _SOME), 0.0), 1.0)
        return self._least + (max(_CLOSER_SHARE, self._least) - self._least) * nearness


class _RemovedSpeech:
    """What was taken away. `parts`: of each block that is complete, its energy, and that of its
    voiced speech."""

    def __init__(self, rate_hz: int) -> None:
        self.parts: list[tuple[float, float]] = []
        self._resampler = (
            None if rate_hz == _DETECTOR_HZ else Resampler(from_hz=rate_hz, to_hz=_DETECTOR_HZ)
        )
        self._detector = SpeechDetector()
        self._pending = np.zeros(FRAME_SAMPLES, np.float32)  # begins with the frame before

    def push(self, removed: Samples) -> None:
        self._measure(removed if self._resampler is None else self._resampler.push(removed))

    def finish(self) -> None:
        """Measure the rest, filled up with silence; there is at least one block then."""
        if self._resampler is not None:
            self._measure(self._resampler.finish())
        if len(self._pending) > FRAME_SAMPLES or not self.parts:
            missing = FRAME_SAMPLES + _BLOCK_SAMPLES - len(self._pending)
            self._measure(np.zeros(missing, np.float32))

    def _measure(self, removed: Samples) -> None:
        self._pending = np.concatenate((self._pending, removed))
        while len(self._pending) >= FRAME_SAMPLES + _BLOCK_SAMPLES:
            block = self._pending[: FRAME_SAMPLES + _BLOCK_SAMPLES]
            is_speech = self._detector.push(block[FRAME_SAMPLES:]) > _SPEECH
            frames = block.reshape(-1, FRAME_SAMPLES).astype(np.float64)
            energies = np.sum(frames[1:] ** 2, axis=1)
            is_voiced = _find_periodicity(np.hstack((frames[:-1], frames[1:]))) > _VOICED
            spoken = float(np.sum(energies[is_speech & is_voiced]))
            self.parts.append((float(np.sum(energies)), spoken))
            self._pending = self._pending[_BLOCK_SAMPLES:].copy()


def _find_periodicity(windows: Floats) -> Floats:
    """Return the highest normalised autocorrelation at a voice's lags: (n, samples) to (n,)."""
    length = windows.shape[1]
    centred = windows - windows.mean(axis=1, keepdims=True)
    spectra = np.fft.rfft(centred, 2 * length, axis=1)
    correlation = np.fft.irfft(spectra.real**2 + spectra.imag**2, axis=1)[:, _LAGS]
    energy = np.cumsum(centred**2, axis=1)
    first = energy[:, length - 1 - _LAGS]
    second = energy[:, -1:] - energy[:, _LAGS - 1]
    found: Floats = np.max(correlation / np.sqrt(first * second + 1e-12), axis=1)
    return found
