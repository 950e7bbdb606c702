"""Whether the files of installed models are what the catalogue pins, byte for byte.

Hashing gigabytes takes longer than one who asks may wait: each call goes on where the last one
stopped, in the middle of a file too, and what was hashed is read again only once the file has
changed. Files that a model's
converter made have no pinned hash, and are not looked at.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from inference_service.catalog.entries import CatalogueModel, ModelEntry, WeightFile
from inference_service.catalog.sources import PullSettings
from inference_service.catalog.sources.hub import endpoint, try_endpoint

_CHUNK_BYTES = 1 << 22
_State = tuple[int, int]  # size and time of change


@dataclass(frozen=True, slots=True)
class WeightsFault:
    """`problem`: size, hash, missing or unreadable."""

    model: str
    file: str
    problem: str


@dataclass(frozen=True, slots=True)
class CheckedWeights:
    """`waiting_bytes`: of files that there was no time for."""

    faults: tuple[WeightsFault, ...]
    hashed_bytes: int
    waiting_bytes: int


@dataclass(slots=True)
class _Hashing:
    """A file as it was when its hashing began; its digest so far, of so many bytes."""

    state: _State
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    read_bytes: int = 0
    is_done: bool = False


class WeightsChecker:
    """Remembers what was hashed, for as long as the process lives. For any thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[Path, _Hashing] = {}

    def check(
        self,
        entries: Iterable[ModelEntry],
        catalogue: Iterable[CatalogueModel],
        *,
        within_s: float,
    ) -> CheckedWeights:
        """Compare the files of installed models. Blocks for about `within_s` at most."""
        until = self._clock() + within_s
        models = {model.id: model for model in catalogue}
        faults: list[WeightsFault] = []
        hashed_bytes = waiting_bytes = 0
        with self._lock:  # two who hash the same would take twice as long
            for model_id, path, file in _list_files(entries, models):
                problem = self._find_problem(path, file, until=until)
                if problem is None:
                    waiting_bytes += file.size_bytes
                elif problem:
                    faults.append(WeightsFault(model_id, file.name, problem))
                else:
                    hashed_bytes += file.size_bytes
        return CheckedWeights(tuple(faults), hashed_bytes, waiting_bytes)

    def _find_problem(self, path: Path, file: WeightFile, *, until: float) -> str | None:
        """Return the problem, or nothing; None: there was no time."""
        try:
            status = path.stat()
            if status.st_size != file.size_bytes:
                return "size"
            state = (status.st_size, status.st_mtime_ns)
            known = self._known.get(path)
            if known is None or known.state != state:
                known = self._known[path] = _Hashing(state)
            if not known.is_done and not self._go_on(path, known, until=until):
                return None
        except FileNotFoundError:
            return "missing"
        except OSError:
            return "unreadable"
        return "" if known.digest.hexdigest() == file.sha256 else "hash"

    def _go_on(self, path: Path, hashing: _Hashing, *, until: float) -> bool:
        """Hash on from where it stopped; return whether the end was reached."""
        if self._clock() > until:
            return False
        with path.open("rb") as file:
            file.seek(hashing.read_bytes)
            while chunk := file.read(_CHUNK_BYTES):
                hashing.digest.update(chunk)
                hashing.read_bytes += len(chunk)
                if self._clock() > until:
                    break
        hashing.is_done = hashing.read_bytes >= hashing.state[0]
        return hashing.is_done


def _list_files(
    entries: Iterable[ModelEntry], models: dict[str, CatalogueModel]
) -> Iterator[tuple[str, Path, WeightFile]]:
    """Yield the pinned files of what is installed, small ones first: they show most at once."""
    found = [
        (entry.id, entry.path / file.name, file)
        for entry in entries
        if entry.path is not None and (model := models.get(entry.id)) and not model.converter
        for file in model.files
    ]
    yield from sorted(found, key=lambda each: each[2].size_bytes)


def try_sources(settings: PullSettings) -> list[tuple[str, str]]:
    """Return the places that weights are fetched from, and what is wrong with each (or nothing).

    Without the Python package index, whose address is pip's own matter. Blocks for 4 s at most.
    """
    sources: list[tuple[str, str]] = []
    if settings.weights_dir is not None:
        is_there = settings.weights_dir.is_dir()
        problem = "" if is_there else f"{settings.weights_dir} is no folder."
        sources.append(("STT_WEIGHTS_DIR", problem))
    if settings.offline:
        return sources
    hosts = {endpoint(): endpoint()}
    if settings.weights_url.startswith(("https://", "http://")):
        hosts = {"STT_WEIGHTS_URL": settings.weights_url, **hosts}
    with ThreadPoolExecutor(len(hosts)) as askers:
        return [*sources, *zip(hosts, askers.map(try_endpoint, hosts.values()), strict=True)]
