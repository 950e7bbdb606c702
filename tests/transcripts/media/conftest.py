"""Recordings made once per test run."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.transcripts.media.recordings import RECIPES, make_recording, noise
from transcripts.media import warm_up

MakeRecording = Callable[[str], Path]


@pytest.fixture(scope="session", autouse=True)
def _fork_server() -> None:
    warm_up()


@pytest.fixture(scope="session")
def tone_in(tmp_path_factory: pytest.TempPathFactory) -> MakeRecording:
    """By extension: two seconds of a tone in that container."""
    folder = tmp_path_factory.mktemp("tones")
    return cache(lambda name: make_recording(folder / f"tone.{name}", RECIPES[name]))


@pytest.fixture(scope="session")
def noise_in(tmp_path_factory: pytest.TempPathFactory) -> MakeRecording:
    """By extension: ten seconds of noise in that container."""
    folder = tmp_path_factory.mktemp("noises")
    return cache(
        lambda name: make_recording(
            folder / f"noise.{name}", RECIPES[name], seconds=10, source=noise
        )
    )
