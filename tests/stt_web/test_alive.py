"""Signs of life: the file that a process touches."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from asgiref.testing import ApplicationCommunicator

from stt_web import alive
from stt_web.alive import STALE_AFTER_S, find_problem, show_life, show_life_of_loop
from stt_web.asgi import application


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


async def test_a_web_process_touches_it_in_its_event_loop_and_not_while_that_is_stuck(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "alive"
    monkeypatch.setenv("STT_ALIVE_FILE", str(file))
    monkeypatch.setattr(alive, "TOUCHED_EVERY_S", 0.01)
    for _ in range(3):  # by each request
        show_life_of_loop()
    assert [task.get_name() for task in asyncio.all_tasks()].count("alive") == 1
    await asyncio.sleep(0.1)
    assert find_problem(str(file)) == ""
    file.unlink()
    time.sleep(0.1)  # stuck
    assert find_problem(str(file)) != ""
    await asyncio.sleep(0.1)
    assert find_problem(str(file)) == ""


async def test_the_first_request_of_a_web_process_begins_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So `/livez` as the startup probe does."""
    monkeypatch.setenv("STT_ALIVE_FILE", str(tmp_path / "alive"))
    probe = ApplicationCommunicator(application, {"type": "http", "path": "/livez"})  # type: ignore[no-untyped-call]
    assert (await probe.receive_output())["status"] == 200  # type: ignore[no-untyped-call]
    await asyncio.sleep(0)
    assert find_problem(str(tmp_path / "alive")) == ""


def test_one_that_has_not_for_long_or_never_is_not_alive(tmp_path: Path) -> None:
    file = tmp_path / "alive"
    assert "No such file" in find_problem(str(file))
    file.touch()
    old = time.time() - STALE_AFTER_S - 1
    os.utime(file, (old, old))
    assert "last touched 31 s ago" in find_problem(str(file))
    assert find_problem("") == "STT_ALIVE_FILE is not set."
