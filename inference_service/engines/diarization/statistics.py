"""A voice as a vector, without a neural network: projected statistics of cepstra and pitch.

The projection (linear discriminant analysis, `statistics.npz`) was trained on synthetic voices by
`tests/speech/dialogues/train_projection.py`: it keeps what tells these voices apart, scaled so that
one second of a voice scatters about its mean with at most the unit covariance. It is a
stand-in: it has not seen people, and is named approximate wherever it answers.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inference_service.engines.diarization.features import Frames

NAME = "mfcc-statistics"

# Chosen on the development dialogues of benchmarks/diarization.py.
SAME_SPEAKER_LOG_RATIO = -5.0
SESSION_VARIANCE = 0.025

# s³; chosen on one and two voices of 10 to 30 s, and on a man of 11 s: 10 s of speech ask for 18
# nats more, 6 s for 83 (he scores -67), half a minute for less than 1. The price: two voices
# in less than some 5 s of speech are one speaker, unless their number is given.
SHORT_RECORDING_DOUBT = 18_000.0

TYPICAL_LOG_PITCH = float(np.log(120))  # stands in where too little is voiced
ENOUGH_VOICED_FRAMES = 8

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    weights: Array  # (n_statistics, d)
    between: Array  # (d,), the variance of voices; that of one second of a voice is 1


@lru_cache(maxsize=1)
def load_projection() -> Projection:
    with np.load(Path(__file__).with_name("statistics.npz")) as stored:
        return Projection(stored["weights"].astype(float), stored["between"].astype(float))


def describe(frames: Frames) -> Array:
    """The raw statistics of at least one frame: means and deviations of cepstra, and pitch."""
    pitches = frames.log_pitch[~np.isnan(frames.log_pitch)]
    pitch = np.median(pitches) if len(pitches) >= ENOUGH_VOICED_FRAMES else TYPICAL_LOG_PITCH
    return np.concatenate([frames.cepstra.mean(axis=0), frames.cepstra.std(axis=0), [pitch]])


def embed(frames: Frames) -> npt.NDArray[np.float32]:
    """float32 (d,)."""
    return (describe(frames) @ load_projection().weights).astype(np.float32)
