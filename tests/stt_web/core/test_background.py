"""Background work goes on after a failure, and no failure goes unseen."""

import ast
import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stt_web.core import background
from stt_web.core.background import (
    BackgroundLoop,
    ThreadLoop,
    do_anyway,
    down_loops,
    failures,
    finish_anyway,
    spawn,
    spawn_thread,
)

ROOT = Path(__file__).resolve().parents[3]
WEB_TIER = ("stt_web", "accounts", "billing", "transcripts")
# Their result is awaited, or looked at when they end, where they are made.
AWAITED = {
    "accounts/lasting.py": "each piece is awaited, or cancelled and awaited",
    "stt_web/core/asgi/resumable_layer.py": "each message is waited for, or cancelled",
    "stt_web/core/background.py": "the primitive",
    "stt_web/supervisor/__main__.py": "both are waited for together",
    "stt_web/supervisor/child.py": "waited for with the process",
    "transcripts/dialects/mcp/rest.py": "waited for with its request, or cancelled and awaited",
    "transcripts/intelligence/api/chat.py": "the work is waited for, or cancelled with its client",
    "transcripts/live/audio_input.py": "`_note_end` passes its failure on",
    "transcripts/live/socket.py": "the five are waited for together",
    "transcripts/media/child.py": "a process of its own, which ends with the thread",
    "transcripts/gaps/actions.py": "a timer that is cancelled where it is made",
    "transcripts/live/upstream.py": "waited for with the call",
    "transcripts/live/result_writer.py": "`flush` raises its failure",
    "transcripts/live/session.py": "`_listen` awaits it",
}
_BARE = {"create_task", "ensure_future", "Thread", "Timer", "start_new_thread"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(background, "FIRST_PAUSE_S", 0.001)
    before = threading.active_count()
    yield
    assert threading.active_count() <= before


def bare_sites() -> set[str]:
    found = set()
    for part in WEB_TIER:
        for path in (ROOT / part).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                name = node.func if isinstance(node, ast.Call) else None
                called = getattr(name, "attr", getattr(name, "id", ""))
                if called in _BARE:
                    found.add(str(path.relative_to(ROOT)))
    return found


def test_nothing_runs_in_the_background_but_by_the_primitive() -> None:
    assert bare_sites() == set(AWAITED)


class Faulty:
    """Fails in the rounds that are named."""

    def __init__(self, *failing: int) -> None:
        self.rounds = 0
        self._failing = failing
        self.came_far = asyncio.Event()

    async def run(self) -> None:
        await asyncio.sleep(0)
        self.rounds += 1
        if self.rounds > 6:
            self.came_far.set()
        if self.rounds in self._failing:
            raise ValueError(f"round {self.rounds}")


async def test_a_loop_goes_on_after_failures_and_each_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work, before = Faulty(1, 2, 4), failures().get("faulty", 0)
    loop = BackgroundLoop("faulty", work.run)
    loop.start()
    loop.start()  # it runs already
    await asyncio.wait_for(work.came_far.wait(), 10)
    loop.stop()

    logged = [record for record in caplog.records if record.exc_info]
    assert [str(record.exc_info[1]) for record in logged if record.exc_info] == [
        "round 1",
        "round 2",
        "round 4",
    ]
    assert failures()["faulty"] == before + 3
    assert down_loops(now_s=time.monotonic() + 1000) == []


async def test_a_loop_survives_a_future_that_others_cancel() -> None:
    rounds = 0
    again = asyncio.Event()

    async def wait_for_the_cancelled() -> None:
        nonlocal rounds
        rounds += 1
        if rounds > 1:
            again.set()
            await asyncio.sleep(60)
        cancelled = asyncio.get_running_loop().create_future()
        cancelled.cancel()
        await cancelled

    loop = BackgroundLoop("cancelled", wait_for_the_cancelled)
    loop.start()
    await asyncio.wait_for(again.wait(), 10)
    assert loop.is_running
    loop.stop()
    await asyncio.sleep(0)
    assert not loop.is_running


async def test_a_loop_that_only_fails_is_down_until_it_works_or_is_stopped() -> None:
    is_broken, rounds = True, 0
    worked = asyncio.Event()

    async def run() -> None:
        nonlocal rounds
        rounds += 1
        await asyncio.sleep(0)
        if is_broken:
            raise ValueError
        worked.set()
        await asyncio.sleep(0.001)

    loop = BackgroundLoop("broken", run, longest_pause_s=0.005)
    loop.start()
    while rounds < 5:
        await asyncio.sleep(0.001)
    assert down_loops() == [], "not at once"
    later_s = time.monotonic() + background.DOWN_AFTER_S
    assert down_loops(now_s=later_s) == ["broken"]
    is_broken = False
    await asyncio.wait_for(worked.wait(), 10)
    await asyncio.sleep(0.01)
    assert down_loops(now_s=later_s + 60) == []
    is_broken = True
    seen = rounds
    while rounds < seen + 5:
        await asyncio.sleep(0.001)
    loop.stop()
    await asyncio.sleep(0.01)
    assert down_loops(now_s=later_s + 60) == []


async def test_the_pause_after_failures_doubles_up_to_the_longest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Faulty(*range(1, 7))
    loop = BackgroundLoop("slow", work.run, longest_pause_s=0.004)
    with caplog.at_level(logging.ERROR):
        loop.start()
        await asyncio.wait_for(work.came_far.wait(), 10)
        loop.stop()
    pauses = [record.args[1] for record in caplog.records if isinstance(record.args, tuple)]
    assert pauses == [0.001, 0.002, 0.004, 0.004, 0.004, 0.004]


def test_a_thread_goes_on_after_failures_until_it_has_nothing_to_do() -> None:
    rounds: list[int] = []

    def run() -> bool:
        rounds.append(1)
        if len(rounds) < 3:
            raise ValueError
        return len(rounds) < 5

    before = failures().get("thread", 0)
    loop = ThreadLoop("thread", run)
    loop.start()
    loop.join(10)
    assert (len(rounds), failures()["thread"]) == (5, before + 2)


def test_a_thread_that_fails_ends_at_once_when_it_is_stopped() -> None:
    has_failed = threading.Event()

    def run() -> bool:
        has_failed.set()
        raise ValueError

    background.FIRST_PAUSE_S = 60.0
    loop = ThreadLoop("stopped", run, longest_pause_s=60.0)
    loop.start()
    assert has_failed.wait(10)
    loop.stop()
    loop.join(10)
    assert not loop._thread.is_alive()


async def test_one_round_of_work_that_fails_is_logged_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise ValueError("seen")

    before = failures().get("one-shot", 0)
    task = spawn(fail(), name="one-shot")
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert failures()["one-shot"] == before + 1
    assert "seen" in caplog.text


def test_a_thread_of_its_own_that_fails_is_logged_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise ValueError("seen")

    before = failures().get("one-thread", 0)
    spawn_thread(fail, name="one-thread").join(10)
    assert failures()["one-thread"] == before + 1
    assert "seen" in caplog.text


async def test_what_a_thread_made_for_a_client_who_left_is_taken_back() -> None:
    may_end, taken_back = threading.Event(), asyncio.Event()
    undone: list[str] = []

    def make() -> str:
        may_end.wait(10)
        return "made"

    async def undo(made: str) -> None:
        undone.append(made)
        taken_back.set()

    waiting = asyncio.create_task(finish_anyway(asyncio.to_thread(make), undo=undo))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert undone == []
    may_end.set()
    await asyncio.wait_for(taken_back.wait(), 10)
    assert undone == ["made"]


async def test_what_a_thread_made_stays_where_its_waiter_does() -> None:
    async def undo(made: str) -> None:
        raise AssertionError(made)

    assert await finish_anyway(asyncio.to_thread(lambda: "made"), undo=undo) == "made"
    with pytest.raises(ZeroDivisionError):
        await finish_anyway(asyncio.to_thread(lambda: str(1 // 0)), undo=undo)


async def test_what_cleans_up_is_done_to_its_end_where_its_caller_is_cancelled() -> None:
    may_end, is_done = asyncio.Event(), asyncio.Event()

    async def clean_up() -> None:
        await may_end.wait()
        is_done.set()

    waiting = asyncio.create_task(do_anyway(clean_up(), name="clean-up"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    may_end.set()
    await asyncio.wait_for(is_done.wait(), 10)
