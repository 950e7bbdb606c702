"""Where speech is: Silero's voice activity model, fed block by block.

Source: Silero VAD v6 (https://github.com/snakers4/silero-vad), the file that faster-whisper
ships. It reads frames of 512 samples, each with the last 64 samples of the one before it, and
carries an LSTM state from frame to frame. faster-whisper runs it over a whole recording at once;
here the state and the context are carried from call to call, so memory stays flat and the
probabilities are the same.
"""

import functools
import importlib.util
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from inference_service.engines.asr import Samples

FRAME_SAMPLES = 512  # 32 ms
_CONTEXT_SAMPLES = 64
_STATE_SHAPE = (1, 1, 128)


class SpeechDetector:
    """The voice activity of one recording. Not thread-safe; one call at a time."""

    def __init__(self) -> None:
        self._session = _load_session()
        self._h = np.zeros(_STATE_SHAPE, np.float32)
        self._c = np.zeros(_STATE_SHAPE, np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def push(self, samples: Samples) -> npt.NDArray[np.float32]:
        """Return the probability of speech in each frame, 0..1, shape (n_frames,).

        samples: float32 (n_frames * 512,), mono, 16 kHz, [-1, 1]. 3.6 ms for a second of audio
        (measured, one core); releases the GIL.
        """
        frames = samples.reshape(-1, FRAME_SAMPLES)
        if not len(frames):
            return np.zeros(0, np.float32)
        tails = frames[:, -_CONTEXT_SAMPLES:]
        contexts = np.vstack([self._context[np.newaxis], tails[:-1]])
        self._context = tails[-1].copy()
        probabilities, self._h, self._c = self._session.run(
            None, {"input": np.hstack([contexts, frames]), "h": self._h, "c": self._c}
        )
        return np.asarray(probabilities, np.float32).reshape(-1)


@functools.lru_cache(maxsize=1)
def _load_session() -> onnxruntime.InferenceSession:
    """One for the process: `run` is thread-safe and stateless."""
    options = onnxruntime.SessionOptions()
    # The model is too small to gain from threads, and they would fight with the recogniser's.
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    # Found without importing faster-whisper, which takes a second and brings half of FFmpeg.
    package = importlib.util.find_spec("faster_whisper")
    if package is None or package.origin is None:
        raise RuntimeError("faster-whisper, which ships the Silero model, is not installed.")
    path = Path(package.origin).parent / "assets" / "silero_vad_v6.onnx"
    return onnxruntime.InferenceSession(
        str(path), providers=["CPUExecutionProvider"], sess_options=options
    )
