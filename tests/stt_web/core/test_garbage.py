"""Full garbage collections come regularly, whatever was allocated."""

import asyncio
import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from stt_web.core import garbage
from stt_web.core.garbage import collect_regularly, collect_seldom
from tests.e2e.processes import ROOT


class Knot:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def seldom() -> Iterator[None]:
    before = gc.get_threshold()
    collect_seldom()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


async def test_what_only_cycles_hold_is_freed(
    seldom: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "EVERY_S", 0.05)
    for _ in range(3):  # by each request
        collect_regularly()
    assert [task.get_name() for task in asyncio.all_tasks()].count("garbage") == 1
    freed = weakref.ref(Knot())
    assert freed() is not None
    async with asyncio.timeout(10):
        while freed() is not None:
            await asyncio.sleep(0.01)


LOADED = "import gc, stt_web.asgi; print(gc.get_freeze_count(), gc.get_threshold()[0])"


def test_what_a_web_process_has_loaded_is_frozen(tmp_path: Path) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "stt_web.settings",
        "STT_DATA_DIR": str(tmp_path),
    }
    command = [sys.executable, "-c", LOADED]
    loaded = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    frozen, threshold = map(int, loaded.stdout.split())
    assert frozen > 100_000
    assert threshold == 7_000
