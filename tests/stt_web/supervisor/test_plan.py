"""What is started: the torch engines where they are installed, and never as something needed."""

import sys
from pathlib import Path

import pytest

from stt_web.supervisor import commands
from stt_web.supervisor.__main__ import read_plan


def test_the_torch_engines_are_started_once_their_installation_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STT_INFERENCE_TARGET", raising=False)
    monkeypatch.setenv("STT_TORCH_VENV", str(tmp_path))
    assert read_plan().torch_python == ""
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.symlink_to(sys.executable)
    assert read_plan().torch_python == ""  # interrupted: the stamp comes last
    (tmp_path / ".installed").touch()
    assert read_plan().torch_python == str(python)
    monkeypatch.setenv("STT_INFERENCE_TARGET", "elsewhere:50051")
    assert read_plan().torch_python == ""  # they belong beside the inference service


def test_the_system_starts_without_the_torch_engines() -> None:
    assert commands.torch_engines("python").is_optional
    assert not commands.inference().is_optional
