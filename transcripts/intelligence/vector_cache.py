"""Vectors that were read from the database a moment ago, by a process: a library of 1,000 hours is
18 MB of coarse vectors for each question, and twenty transcripts of an hour are 22 MB more.

Who may see a transcript is not known here: only what the caller has found in the database is
asked for.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import numpy as np
import numpy.typing as npt

LARGEST_BYTES = 128_000_000
Halves = npt.NDArray[np.float16]


@dataclass(frozen=True)
class VectorsKey:
    """One reading of one transcript: other text or other weights are another key."""

    transcript: UUID
    revision: int
    model: str
    weights_revision: str
    part: Literal["coarse", "segments"]


class VectorCache:
    """Thread-safe; of `largest_bytes` at most, the oldest use goes first."""

    def __init__(self, *, largest_bytes: int = LARGEST_BYTES) -> None:
        self._lock = threading.Lock()
        self._cached: OrderedDict[VectorsKey, Halves] = OrderedDict()
        self._largest_bytes = largest_bytes
        self.used_bytes = 0

    def get_all(
        self,
        keys: Iterable[VectorsKey],
        read: Callable[[list[VectorsKey]], dict[VectorsKey, Halves]],
    ) -> dict[VectorsKey, Halves]:
        """Return what is kept, and what `read` finds of the others, which is kept then."""
        found: dict[VectorsKey, Halves] = {}
        missing: list[VectorsKey] = []
        with self._lock:
            for key in keys:
                if key in self._cached:
                    self._cached.move_to_end(key)
                    found[key] = self._cached[key]
                else:
                    missing.append(key)
        if not missing:
            return found
        made = read(missing)
        with self._lock:
            for key, vectors in made.items():
                self._store(key, vectors)
        return found | made

    def _store(self, key: VectorsKey, vectors: Halves) -> None:
        former = self._cached.pop(key, None)
        self.used_bytes += vectors.nbytes - (former.nbytes if former is not None else 0)
        self._cached[key] = vectors
        while self.used_bytes > self._largest_bytes:
            _, oldest = self._cached.popitem(last=False)
            self.used_bytes -= oldest.nbytes
