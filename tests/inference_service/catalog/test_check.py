"""Hashes of installed files, within a time: a file that takes longer is gone on with."""

import hashlib
import itertools
from pathlib import Path

import pytest

from inference_service.catalog import check
from inference_service.catalog.check import CheckedWeights, WeightsChecker
from inference_service.catalog.entries import WeightFile

CONTENT = b"weights that take three calls"


class Listed:
    """One file, in place of a catalogue's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        digest = hashlib.sha256(CONTENT).hexdigest()
        self.file = WeightFile("ours.gguf", size_bytes=len(CONTENT), sha256=digest)

    def __call__(self, *_: object) -> list[tuple[str, Path, WeightFile]]:
        return [("ours", self.path, self.file)]


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ours.gguf"
    path.write_bytes(CONTENT)
    monkeypatch.setattr(check, "_list_files", Listed(path))
    monkeypatch.setattr(check, "_CHUNK_BYTES", 10)
    return path


def ask(checker: WeightsChecker) -> CheckedWeights:
    """A look at the clock takes a second: so a call reads one chunk."""
    return checker.check([], [], within_s=1.5)


def test_a_file_that_takes_longer_than_a_call_is_hashed_by_several(weights: Path) -> None:
    checker = WeightsChecker(clock=itertools.count().__next__)

    calls = [ask(checker) for _ in range(4)]

    assert [each.waiting_bytes for each in calls] == [len(CONTENT), len(CONTENT), 0, 0]
    assert calls[-1].hashed_bytes == len(CONTENT)


def test_one_that_changes_in_between_is_hashed_from_its_beginning(weights: Path) -> None:
    checker = WeightsChecker(clock=itertools.count().__next__)
    ask(checker)
    weights.write_bytes(CONTENT.upper())

    calls = [ask(checker) for _ in range(3)]

    assert [len(each.faults) for each in calls] == [0, 0, 1]
    assert calls[-1].faults[0].problem == "hash"
