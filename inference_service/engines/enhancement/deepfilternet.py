"""DeepFilterNet3 (Schröter et al., 2023) on onnxruntime: 48 kHz, frames of 10 ms.

Gains in 32 bands as the ear has them (ERB), then below 5 kHz a complex filter of five frames for
each of 96 bins. The features, their slow normalisation and the thresholds are those of the authors'
runtime, which the tests compare with; the networks come from `convert`, with their states open, so
that portions give what one pass gives. Computes in the thread that calls it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from scipy.signal import lfilter

from inference_service.catalog import ModelEntry
from inference_service.engines.enhancement.aligned import AlignedStream
from inference_service.engines.enhancement.convert import NETWORKS
from inference_service.engines.enhancement.enhancer import EnhancerStream, Samples
from inference_service.engines.enhancement.spectra import (
    Analysis,
    Spectra,
    Synthesis,
    vorbis_window,
)
from inference_service.engines.enhancement.stationary import StationaryStage

RATE_HZ = 48_000
_HOP = 480
_BINS = _HOP + 1
_BANDS = 32
_LEAST_BINS = 2  # of a band
_FILTERED_BINS = 96
_TAPS = 5
_LOOKAHEAD = 2  # frames, of the features and of the filter
_SMOOTHING = 0.99  # of the normalisation: one second, in frames of 10 ms
_PAST_FEATURES, _PAST_C0 = 2, 4  # frames that the networks' first convolutions look back
_NOISE_ONLY_DB = (
    -10.0
)  # the local SNR below which a frame is silenced, as the authors' runtime has it
# One second: 31 to 37 MB, of which nothing grows over an hour. Two are no faster and take 57 to 71
# MB, eight took 203; half a second is slower (measured).
_PORTION_FRAMES = 100
_MEMORY_BYTES = 50 << 20  # of the networks and their working memory for a portion

Floats = npt.NDArray[np.float32]


def load_deepfilternet(entry: ModelEntry) -> "DeepFilterNet":
    """Load the three networks; 0.2 s. Raises RuntimeError or ValueError for bad weights."""
    if entry.path is None:
        raise ValueError(f"{entry.id} is not installed.")
    return DeepFilterNet(entry.id, entry.path)


class DeepFilterNet:
    """An `Enhancer`; its sessions are shared by all streams, for onnxruntime's are thread-safe."""

    def __init__(self, model_id: str, folder: Path) -> None:
        self.model_id = model_id
        self.memory_bytes = _MEMORY_BYTES
        self._networks = {name: _open_session(folder / f"{name}.onnx") for name in NETWORKS}

    def rate_for(self, source_hz: int) -> int:
        del source_hz
        return RATE_HZ

    def open(self, *, rate_hz: int, limit_db: float) -> EnhancerStream:
        if rate_hz != RATE_HZ:
            raise ValueError(f"DeepFilterNet3 takes {RATE_HZ} Hz, not {rate_hz}.")
        # It is weak on hum (5 dB of SI-SDR against 16 of a Wiener filter).
        hum = StationaryStage(rate_hz=RATE_HZ, lines_only=True)
        return AlignedStream(hum, self.open_stage(), limit_db=limit_db, guarded_hz=RATE_HZ)

    def open_stage(self, *, portion_frames: int = _PORTION_FRAMES) -> "DeepFilterStage":
        """Begin a channel of the network alone."""
        return DeepFilterStage(self._networks, portion_frames=portion_frames)

    def close(self) -> None:
        self._networks = {}


@dataclass
class _States:
    """What the networks and the normalisation remember between two portions."""

    bands: Any = field(
        default_factory=lambda: _SMOOTHING * np.linspace(-60, -90, _BANDS)[np.newaxis]
    )
    bins: Any = field(
        default_factory=lambda: _SMOOTHING * np.linspace(0.001, 0.0001, _FILTERED_BINS)[np.newaxis]
    )
    grus: dict[str, list[Floats]] = field(
        default_factory=lambda: {
            "enc": [_zeros(1, 1, 256)],
            "erb_dec": [_zeros(1, 1, 256), _zeros(1, 1, 256)],
            "df_dec": [_zeros(1, 1, 256), _zeros(1, 1, 256)],
        }
    )
    c0: Floats = field(default_factory=lambda: _zeros(1, 64, _PAST_C0, _FILTERED_BINS))


class DeepFilterStage:
    """One channel through the networks. Delay: one hop of the spectra, and the lookahead."""

    hop = _HOP
    delay = _HOP * (1 + _LOOKAHEAD)

    def __init__(
        self,
        networks: Mapping[str, onnxruntime.InferenceSession],
        *,
        portion_frames: int = _PORTION_FRAMES,
    ) -> None:
        self._networks = networks
        self._portion_frames = portion_frames
        window = vorbis_window(2 * _HOP)
        self._analysis, self._synthesis = Analysis(window), Synthesis(window)
        self._states = _States()
        self._arrived = np.zeros((0, _BINS), np.complex64)  # not worked on yet
        # The spectra and features that the next portion begins with.
        self._spectra = np.zeros((_TAPS // 2, _BINS), np.complex64)
        self._band_features = _zeros(_PAST_FEATURES, _BANDS)
        self._bin_features = _zeros(2, _PAST_FEATURES, _FILTERED_BINS)
        self._is_begun = False

    def push(self, samples: Samples) -> Samples:
        self._arrived = np.concatenate((self._arrived, self._analysis.push(samples) / (2 * _HOP)))
        made = []
        while len(self._arrived) >= self._portion_frames:
            made.append(self._enhance(self._arrived[: self._portion_frames]))
            self._arrived = self._arrived[self._portion_frames :]
        return np.concatenate(made) if made else np.zeros(0, np.float32)

    def drain(self) -> Samples:
        arrived, self._arrived = self._arrived, self._arrived[:0]
        return self._enhance(arrived) if len(arrived) else np.zeros(0, np.float32)

    def _enhance(self, arrived: Spectra) -> Samples:
        """Work on the frames up to two before the last that arrived; as many as arrived."""
        band_features, bin_features = self._normalise(arrived)
        self._spectra = np.concatenate((self._spectra, arrived))
        self._band_features = np.concatenate((self._band_features, band_features))
        self._bin_features = np.concatenate((self._bin_features, bin_features), axis=1)
        silence = np.zeros(0, np.float32)
        if not self._is_begun:
            # The networks begin with the frame behind the lookahead: what is late by it is silence.
            skipped = min(_LOOKAHEAD, len(self._spectra) - _TAPS // 2)
            if len(self._spectra) < _TAPS:
                return silence
            self._is_begun = True
            self._band_features = np.concatenate(
                (_zeros(_PAST_FEATURES, _BANDS), self._band_features[_PAST_FEATURES + skipped :])
            )
            past = _zeros(2, _PAST_FEATURES, _FILTERED_BINS)
            self._bin_features = np.concatenate(
                (past, self._bin_features[:, _PAST_FEATURES + skipped :]), axis=1
            )
            silence = _zeros(skipped * _HOP)
        gains, filters, snr_db = self._infer()
        frames = len(gains)
        made = self._apply(gains, filters, snr_db)
        self._spectra = self._spectra[frames:]
        self._band_features = self._band_features[frames:]
        self._bin_features = self._bin_features[:, frames:]
        return np.concatenate((silence, self._synthesis.push(made * (2 * _HOP))))

    def _normalise(self, spectra: Spectra) -> tuple[Floats, Floats]:
        """Return the features: (frames, bands) and (2, frames, bins)."""
        power = spectra.real**2 + spectra.imag**2
        level_db = 10 * np.log10(np.add.reduceat(power, _STARTS, axis=1) / _WIDTHS + 1e-10)
        mean_db, self._states.bands = _smooth(level_db, self._states.bands)
        low = spectra[:, :_FILTERED_BINS]
        size, self._states.bins = _smooth(np.abs(low), self._states.bins)
        unit = low / np.sqrt(size)
        return (
            ((level_db - mean_db) / 40).astype(np.float32),
            np.stack((unit.real, unit.imag)).astype(np.float32),
        )

    def _infer(self) -> tuple[Floats, Spectra, Floats]:
        """Return gains (frames, bands), filters (frames, bins, taps) and local SNR (frames,)."""
        features = {
            "feat_erb": self._band_features[np.newaxis, np.newaxis],
            "feat_spec": self._bin_features[np.newaxis],
        }
        found = self._run("enc", features)
        c0 = np.concatenate((self._states.c0, found["c0"]), axis=2)
        self._states.c0 = c0[:, :, -_PAST_C0:]
        skipped = {name: found[name] for name in ("emb", "e3", "e2", "e1", "e0")}
        gains = self._run("erb_dec", skipped)["m"][0, 0]
        filters = self._run("df_dec", {"emb": found["emb"], "c0": c0})["coefs"]
        parts = filters.reshape(len(gains), _FILTERED_BINS, _TAPS, 2)
        return gains, parts[..., 0] + 1j * parts[..., 1], found["lsnr"].reshape(-1)

    def _run(self, name: str, inputs: dict[str, Floats]) -> dict[str, Floats]:
        """Run one network; its GRUs go on from where they were."""
        session, states = self._networks[name], self._states.grus[name]
        fed = inputs | {f"state_{number}": state for number, state in enumerate(states)}
        names = [output.name for output in session.get_outputs()]
        found: dict[str, Floats] = dict(zip(names, session.run(names, fed), strict=True))
        self._states.grus[name] = [found[f"next_state_{number}"] for number in range(len(states))]
        return found

    def _apply(self, gains: Floats, filters: Spectra, snr_db: Floats) -> Spectra:
        frames = len(gains)
        now = self._spectra[_TAPS // 2 : _TAPS // 2 + frames]
        made = now * np.repeat(gains, _WIDTHS, axis=1)
        low = np.zeros((frames, _FILTERED_BINS), np.complex64)
        for tap in range(_TAPS):
            low += self._spectra[tap : tap + frames, :_FILTERED_BINS] * filters[:, :, tap]
        made[:, :_FILTERED_BINS] = low
        made[snr_db < _NOISE_ONLY_DB] = 0
        return made.astype(np.complex64)


def _smooth(values: Any, state: Any) -> tuple[Any, Any]:
    """Exponential means along the frames, and the state to go on from."""
    smoothed, next_state = lfilter([1 - _SMOOTHING], [1, -_SMOOTHING], values, axis=0, zi=state)
    return smoothed, next_state


def _band_widths() -> list[int]:
    """Return how many bins each band has, as the authors' runtime counts them (`erb_fb`)."""

    def to_erb(hz: float) -> float:
        return 9.265 * float(np.log1p(hz / (24.7 * 9.265)))

    def to_hz(erb: float) -> float:
        return 24.7 * 9.265 * float(np.expm1(erb / 9.265))

    step = to_erb(RATE_HZ / 2) / _BANDS
    edges = [round(to_hz(band * step) / (RATE_HZ / (2 * _HOP))) for band in range(_BANDS + 1)]
    widths, borrowed = [], 0
    for first, behind in pairwise(edges):
        width = behind - first - borrowed
        borrowed = max(0, _LEAST_BINS - width)
        widths.append(max(_LEAST_BINS, width))
    widths[-1] += _BINS - sum(widths)
    return widths


def _zeros(*shape: int) -> Floats:
    return np.zeros(shape, np.float32)


def _open_session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # else it keeps what the longest portion took
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


_WIDTHS = np.array(_band_widths())
_STARTS = np.concatenate(([0], np.cumsum(_WIDTHS)[:-1]))
