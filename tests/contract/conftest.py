"""The product's real processes, with the tiny Whisper, for clients as they are in the world."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import ROOT, System

TINY = ROOT / "tests" / "weights" / "whisper-en-cs-tiny"
RECORDING = TINY / "samples" / "en_short_2.flac"
TEXT = "The next meeting is Friday."  # exact in every mode: the model's README


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("contract")
    (folder / "models").mkdir()
    (folder / "models" / "whisper-en-cs-tiny").symlink_to(TINY / "model")
    env = {
        "STT_MODELS_DIR": str(folder / "models"),
        "STT_FETCH_ALLOWED_NETWORKS": "127.0.0.0/8",  # a test's own server
    }
    with System(folder / "data", env=env) as system:
        system.start("inference", "worker-short", "worker-housekeeping", "beat", "web")
        yield system


@pytest.fixture
def key(system: System) -> str:
    return system.headers["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def meeting(tmp_path: Path) -> Path:
    """The recording under the name that the samples use, which lies about its kind."""
    path = tmp_path / "meeting.mp3"
    path.write_bytes(RECORDING.read_bytes())
    return path
