"""One loaded recogniser, for all tests of a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from inference_service.catalog import Catalog
from inference_service.catalog.entries import WindowMargin
from inference_service.config import Config
from inference_service.engines.loading import load_recogniser
from inference_service.engines.whisper import WhisperRecogniser
from tests import report
from tests.inference_service.engines.recordings import TINY_WHISPER


@pytest.fixture(scope="session")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WhisperRecogniser]:
    recogniser = _load_whisper(tmp_path_factory.mktemp("models"))
    report.used("model", "whisper-en-cs-tiny (faster-whisper, int8)")
    yield recogniser
    recogniser.close()


@pytest.fixture
def short_whisper(whisper: WhisperRecogniser) -> Iterator[WhisperRecogniser]:
    """The same, with windows encoded at their own length."""
    whisper.window_margin = WindowMargin(behind_s=2, shortest_s=5, step_s=5)
    yield whisper
    whisper.window_margin = None


@pytest.fixture
def endless_whisper(tmp_path: Path) -> Iterator[WhisperRecogniser]:
    """A Whisper that may not end the text, as one with random weights never does."""
    recogniser = _load_whisper(tmp_path)
    recogniser.suppressed_tokens.append(recogniser.end_token)
    yield recogniser
    recogniser.close()


def _load_whisper(models_dir: Path) -> WhisperRecogniser:
    (models_dir / "tiny").symlink_to(TINY_WHISPER)
    config = Config(models_dir=models_dir, device="cpu", cpu_threads=2)
    recogniser = load_recogniser(Catalog(config).resolve("tiny"), config)
    assert isinstance(recogniser, WhisperRecogniser)
    return recogniser
