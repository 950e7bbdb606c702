"""Signs of life of a process without a port."""

import os
import time
from pathlib import Path

import pytest

from stt_web.alive import STALE_AFTER_S, find_problem, show_life


def test_a_process_that_runs_touches_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "alive"
    monkeypatch.setenv("STT_ALIVE_FILE", str(file))
    show_life()
    ends_at = time.monotonic() + 10
    while find_problem(str(file)):
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_one_that_has_not_for_long_or_never_is_not_alive(tmp_path: Path) -> None:
    file = tmp_path / "alive"
    assert "No such file" in find_problem(str(file))
    file.touch()
    old = time.time() - STALE_AFTER_S - 1
    os.utime(file, (old, old))
    assert "last touched 31 s ago" in find_problem(str(file))
    assert find_problem("") == "STT_ALIVE_FILE is not set."
