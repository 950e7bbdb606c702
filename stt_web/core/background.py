"""Work that goes on beside requests: never ended by one failure, never failing unseen.

    BackgroundLoop   rounds of an asynchronous function, in the running event loop
    ThreadLoop       rounds of a function, in a thread
    spawn            one asynchronous piece of work
    do_anyway        one that its caller waits for, and that ends also where the caller is cancelled
    spawn_thread     one piece of work in a thread

A round that fails is logged with its traceback and counted; after a pause that doubles the next
round begins. A loop that only fails, for `DOWN_AFTER_S`, is down: `down_loops`
names it, and `GET /health` answers 503 until it works again. `failures` counts by name, for as long
as the process lives. A bare `create_task` or `Thread` is allowed only where its result is awaited
(tests/test_background.py).
"""

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

logger = logging.getLogger(__name__)
T = TypeVar("T")

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
DOWN_AFTER_S = 10.0
DOWN_AFTER_ROUNDS = 3
_ROUND_FAILED = "event=background_round_failed name=%s pause_s=%.1f"

_lock = threading.Lock()
_failures: Counter[str] = Counter()
_failing: dict[int, "_Streak"] = {}  # loops whose last round failed, by id
_tasks: set[asyncio.Task[Any]] = set()  # asyncio itself holds tasks weakly


@dataclass
class _Streak:
    """The failures of one loop since its last good round."""

    name: str
    since_s: float = field(default_factory=time.monotonic)
    pause_s: float = 0.0
    rounds: int = 0

    def is_down(self, now_s: float) -> bool:
        """One failure, and then nothing to do for long, is none."""
        return self.rounds >= DOWN_AFTER_ROUNDS and now_s - self.since_s >= DOWN_AFTER_S

    def lengthen(self) -> float:
        """Return how long to pause before the next round."""
        self.rounds += 1
        self.pause_s = min(max(FIRST_PAUSE_S, 2 * self.pause_s), LONGEST_PAUSE_S)
        return self.pause_s


def failures() -> Mapping[str, int]:
    """Return how often each named piece of work has failed in this process."""
    with _lock:
        return dict(_failures)


def down_loops(*, now_s: float | None = None) -> list[str]:
    """Return the names of the loops that only fail, for `DOWN_AFTER_S` and longer."""
    at_s = time.monotonic() if now_s is None else now_s
    with _lock:
        streaks = list(_failing.values())
    return sorted({each.name for each in streaks if each.is_down(at_s)})


class BackgroundLoop:
    """Calls `run_round` again and again, in the event loop that `start` is called in.

    `run_round` waits by itself for its time or its work. After failures the pause grows up to
    `longest_pause_s`.
    """

    def __init__(
        self,
        name: str,
        run_round: Callable[[], Awaitable[object]],
        *,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        self.name = name
        self._run_round = run_round
        self._longest_pause_s = longest_pause_s
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin, unless it runs."""
        if not self.is_running:
            self._task = asyncio.create_task(self._run(), name=self.name)

    def stop(self) -> None:
        """Cancel the round under way; doesn't wait."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        try:
            while True:
                try:
                    await self._run_round()
                    _note_success(self)
                except (Exception, asyncio.CancelledError):
                    if _is_being_cancelled():
                        raise
                    pause_s = min(self._longest_pause_s, _note_failure(self))
                    logger.exception(_ROUND_FAILED, self.name, pause_s)
                    await asyncio.sleep(pause_s)
        finally:
            _note_success(self)  # what was stopped is not down


class ThreadLoop:
    """Calls `run_round` in a daemon thread until it returns False or `stop` is called.

    `longest_pause_s`: as in `BackgroundLoop`.
    """

    def __init__(
        self, name: str, run_round: Callable[[], bool], *, longest_pause_s: float = LONGEST_PAUSE_S
    ) -> None:
        self.name = name
        self._run_round = run_round
        self._longest_pause_s = longest_pause_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin. Once."""
        self._thread.start()

    def stop(self) -> None:
        """Have no further round; a pause after a failure ends at once. Doesn't wait."""
        self._stopped.set()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                try:
                    if not self._run_round():
                        return
                    _note_success(self)
                except Exception:
                    pause_s = min(self._longest_pause_s, _note_failure(self))
                    logger.exception(_ROUND_FAILED, self.name, pause_s)
                    self._stopped.wait(pause_s)
        finally:
            _note_success(self)


def spawn(work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
    """Run `work` beside the caller; a failure is logged and counted, also where it is awaited."""
    task = asyncio.create_task(work, name=name)
    _tasks.add(task)
    task.add_done_callback(_note_end)
    return task


def run_guarded(work: Callable[[], object], *, name: str) -> bool:
    """Run one of several independent pieces of work; False where it failed, which is logged and
    counted: the others go on.
    """
    try:
        work()
    except Exception:
        _count(name)
        logger.exception("event=background_failed name=%s", name)
        return False
    return True


def spawn_thread(work: Callable[[], object], *, name: str, daemon: bool = True) -> threading.Thread:
    """Run `work` in a thread of its own; a failure is logged and counted."""

    thread = threading.Thread(
        target=run_guarded, args=(work,), kwargs={"name": name}, name=name, daemon=daemon
    )
    thread.start()
    return thread


async def finish_anyway(work: Awaitable[T], *, undo: Callable[[T], Awaitable[object]]) -> T:
    """Wait for what a thread makes; where the waiter is cancelled, have `undo` take it back.

    A thread can't be cancelled: what it makes after its waiter left would have no owner. `undo`
    runs once the thread is done, beside the caller, who is cancelled at once.
    """
    made = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(made)
    except asyncio.CancelledError:
        spawn(_take_back(made, undo), name="take-back")
        raise


async def do_anyway(work: Coroutine[Any, Any, T], *, name: str) -> T:
    """Do it to its end, also where the caller is cancelled while it waits: what cleans up."""
    return await asyncio.shield(spawn(work, name=name))


async def _take_back(made: "asyncio.Future[T]", undo: Callable[[T], Awaitable[object]]) -> None:
    with suppress(Exception):  # it made nothing, and its waiter wants no reason any more
        result = await made
        await _guard(undo(result))


async def _guard(work: Awaitable[object]) -> None:
    try:
        await work
    except Exception:
        _count("take-back")
        logger.exception("event=background_failed name=take-back")


def _is_being_cancelled() -> bool:
    """A future that a round waits for may be cancelled by others: that doesn't end the loop."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _note_end(task: asyncio.Task[Any]) -> None:
    _tasks.discard(task)
    if task.cancelled() or (error := task.exception()) is None:
        return
    _count(task.get_name())
    logger.error("event=background_failed name=%s", task.get_name(), exc_info=error)


def _note_failure(loop: BackgroundLoop | ThreadLoop) -> float:
    """Count a failure; return how long to pause."""
    _count(loop.name)
    with _lock:
        return _failing.setdefault(id(loop), _Streak(loop.name)).lengthen()


def _note_success(loop: BackgroundLoop | ThreadLoop) -> None:
    with _lock:
        _failing.pop(id(loop), None)


def _count(name: str) -> None:
    with _lock:
        _failures[name] += 1
