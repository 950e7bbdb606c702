"""What `tests.run` does with tests that fail beside others."""

import os
from pathlib import Path

import pytest

from tests import run

UNSTEADY = 'def test_alone():\n    assert "PYTEST_XDIST_WORKER" not in __import__("os").environ\n'
BROKEN = "def test_broken():\n    raise AssertionError\n"


@pytest.mark.parametrize(
    ("source", "status", "shown"),
    [
        (UNSTEADY, 0, "UNSTEADY, passed alone only, to be mended:\n"),
        (UNSTEADY + BROKEN, 1, "2 failed: once more, alone."),
    ],
)
def test_what_passes_alone_is_named_and_what_fails_alone_fails(
    source: str,
    status: int,
    shown: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _run(source, tmp_path, monkeypatch) == status
    assert shown in capsys.readouterr().out


def test_many_that_fail_are_no_accident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "".join(UNSTEADY.replace("alone", f"alone_{number}") for number in range(4))
    assert _run(source, tmp_path, monkeypatch) == 1
    assert "once more" not in capsys.readouterr().out


def _run(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    (folder / "test_made.py").write_text(source)
    (folder / "pytest.ini").write_text("[pytest]\n")
    last_failed = folder / ".pytest_cache/v/cache/lastfailed"
    last_failed.parent.mkdir(parents=True)
    last_failed.write_text('{"a::a": true, "b::b": true, "c::c": true}')  # of another suite
    monkeypatch.setattr(run, "_LAST_FAILED", last_failed)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    options = (f"--rootdir={folder}", "-c", str(folder / "pytest.ini"))
    return run._pytest(*options, str(folder), env=env)
