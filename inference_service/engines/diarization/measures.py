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

    @property
    def threshold(self) -> float:
        """Groups that score less are different people."""
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
    """

    between: Array  # (d,)
    threshold: float
    session: float

    @property
    def dimension(self) -> int:
        return len(self.between)

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

    def score(self, mean: Vectors, seconds: float, means: Vectors, all_seconds: Array) -> Array:
        return np.asarray(-np.sqrt(((means - mean) ** 2).sum(axis=1)))


def statistics_measure() -> LikelihoodRatio:
    return LikelihoodRatio(
        between=statistics.load_projection().between,
        threshold=statistics.SAME_SPEAKER_LOG_RATIO,
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
