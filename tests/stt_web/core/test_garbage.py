"""Full garbage collections come regularly, whatever was allocated."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from stt_web.core import garbage
from stt_web.core.garbage import collect_regularly, collect_seldom


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


def test_what_was_loaded_before_is_frozen(seldom: None) -> None:
    assert gc.get_freeze_count() > 10_000
