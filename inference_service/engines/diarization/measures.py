"""How alike two groups of speech are, per embedder: the part of clustering that depends on it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from inference_service.engines.diarization import statistics

Array = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.floating]


class Measure(Protocol):
    @property
    def dimension(self) -> int:
        """Of the embeddings."""
        ...

    def find_threshold(self, seconds: float) -> float:
        """Groups that score less are different people, in a recording of so much speech."""
        ...

    def score(self, mean: Vectors, seconds: float, means: Vectors, all_seconds: Array) -> Array:
        """One group against n: higher is more alike.

        mean (d,), means (n, d): mean embeddings, weighted by seconds. Returns (n,), a new array.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LikelihoodRatio:
    """Log likelihood that two groups are one person, against two persons.

    The two-covariance model of speaker verification (Brümmer & de Villiers 2010) on the difference
    of the means: one second of a voice scatters about its mean with the unit covariance (embeddings
    are scaled so), voices scatter with `between`. Some of the scatter doesn't average out with
    more speech: `session`.

    Two groups must be so much likelier two persons (`threshold`, negative) to stay apart, and more
    so in a short recording: each voice is known by a phrase or two there, whose words and tone the
    unit covariance underrates. The further demand, `doubt / seconds³`, has no theory behind its
    power: it stops one voice of 5 to 10 s from falling in two, and is gone by half a minute, where
    a fourth voice may have a single turn.
    """

    between: Array  # (d,)
    threshold: float
    doubt: float  # s³
    session: float

    @property
    def dimension(self) -> int:
        return len(self.between)

    def find_threshold(self, seconds: float) -> float:
        return self.threshold - self.doubt / seconds**3

    def score(self, mean: Vectors, seconds: float, means: Vectors, all_seconds: Array) -> Array:
        same = (1 / seconds + 1 / all_seconds + self.session)[:, None]
        different = same + 2 * self.between
        squares = (means - mean) ** 2
        terms = squares * (1 / different - 1 / same) + np.log(different / same)
        return np.asarray(0.5 * terms.sum(axis=1))


@dataclass(frozen=True, slots=True)
class Euclidean:
    """Distance of the mean unit vectors (centroid linkage), as pyannote.audio clusters these."""

    dimension: int
    threshold: float

    def find_threshold(self, seconds: float) -> float:
        return self.threshold

    def score(self, mean: Vectors, seconds: float, means: Vectors, all_seconds: Array) -> Array:
        return np.asarray(-np.sqrt(((means - mean) ** 2).sum(axis=1)))


def statistics_measure() -> LikelihoodRatio:
    return LikelihoodRatio(
        between=statistics.load_projection().between,
        threshold=statistics.SAME_SPEAKER_LOG_RATIO,
        doubt=statistics.SHORT_RECORDING_DOUBT,
        session=statistics.SESSION_VARIANCE,
    )


def measure_for(embedder_name: str) -> Measure:
    """Raises ValueError for an embedder that this server doesn't know."""
    if embedder_name == statistics.NAME:
        return statistics_measure()
    from inference_service.engines.diarization import wespeaker  # which imports this, to split

    if embedder_name == wespeaker.NAME:
        return Euclidean(wespeaker.DIMENSION, -wespeaker.SAME_SPEAKER_DISTANCE)
    raise ValueError(f"There is no embedder “{embedder_name}” on this server.")
