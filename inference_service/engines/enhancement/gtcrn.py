"""GTCRN (Rong et al., 2024) on onnxruntime: 16 kHz, frame by frame, 0.5 MB.

Its published network takes one frame and its caches; frames are centred, so it adds no delay of its
own. Computes in the thread that calls it.
"""

from pathlib import Path

import numpy as np
import onnxruntime

from inference_service.catalog import ModelEntry
from inference_service.engines.enhancement.aligned import AlignedStream
from inference_service.engines.enhancement.enhancer import EnhancerStream, Samples
from inference_service.engines.enhancement.spectra import Analysis, Synthesis, hann_root_window

RATE_HZ = 16_000
NETWORK = "gtcrn_simple.onnx"
_HOP = 256
_CACHES = {
    "conv_cache": (2, 1, 16, 16, 33),
    "tra_cache": (2, 3, 1, 1, 16),
    "inter_cache": (2, 1, 33, 16),
}
_OUTPUTS = ["enh", *(f"{name}_out" for name in _CACHES)]
_MEMORY_BYTES = 20 << 20


def load_gtcrn(entry: ModelEntry) -> "Gtcrn":
    """Load the network; 0.1 s. Raises RuntimeError or ValueError for bad weights."""
    if entry.path is None:
        raise ValueError(f"{entry.id} is not installed.")
    return Gtcrn(entry.id, entry.path)


class Gtcrn:
    """An `Enhancer`; its session is shared by all streams."""

    def __init__(self, model_id: str, folder: Path) -> None:
        self.model_id = model_id
        self.memory_bytes = _MEMORY_BYTES
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: onnxruntime.InferenceSession | None = onnxruntime.InferenceSession(
            str(folder / NETWORK), options, providers=["CPUExecutionProvider"]
        )

    def rate_for(self, source_hz: int) -> int:
        del source_hz
        return RATE_HZ

    def open(self, *, rate_hz: int, limit_db: float) -> EnhancerStream:
        if rate_hz != RATE_HZ or self._session is None:
            raise ValueError(f"GTCRN takes {RATE_HZ} Hz, not {rate_hz}, and while it is loaded.")
        return AlignedStream(GtcrnStage(self._session), limit_db=limit_db, guarded_hz=RATE_HZ)

    def close(self) -> None:
        self._session = None


class GtcrnStage:
    """One channel through the network. Delay: the hop of the spectra."""

    hop = _HOP
    delay = _HOP

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        window = hann_root_window(2 * _HOP)
        self._analysis, self._synthesis = Analysis(window), Synthesis(window)
        self._caches = {name: np.zeros(shape, np.float32) for name, shape in _CACHES.items()}

    def push(self, samples: Samples) -> Samples:
        spectra = self._analysis.push(samples)
        made = np.empty_like(spectra)
        for number, frame in enumerate(spectra):
            mix = np.stack((frame.real, frame.imag), axis=-1)[np.newaxis, :, np.newaxis]
            enhanced, *caches = self._session.run(_OUTPUTS, {"mix": mix, **self._caches})
            self._caches = dict(zip(_CACHES, caches, strict=True))
            made[number] = enhanced[0, :, 0, 0] + 1j * enhanced[0, :, 0, 1]
        return self._synthesis.push(made)

    def drain(self) -> Samples:
        return np.zeros(0, np.float32)
