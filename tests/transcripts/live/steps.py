"""Where a piece of work can be broken off: at each of its awaits, and before each thing it does to
the database or to a file.

    cancelled_at     a coroutine whose task is cancelled at one of its awaits
    die_before       this process kills itself before one of its steps
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from itertools import count
from pathlib import Path
from types import coroutine
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

_FILE_EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate"}


@coroutine
def cancelled_at(
    work: Coroutine[Any, Any, Any], step: int, *, is_late: bool = False, again: int | None = None
) -> Generator[Any, Any, Any]:
    """Do the work; cancel the task that does at its await number `step` (0 is the first).

    `is_late`: once what it waits for is done, and before it learns of it. `again`: so many awaits
    later once more, while it cleans up.
    """
    steps = {step} | ({step + again} if again is not None else set())
    awaiting = work.__await__()
    go_on: Callable[[], Any] = partial(awaiting.send, None)
    for number in count():
        try:
            awaited = go_on()
        except StopIteration as end:
            return end.value
        task = asyncio.current_task()
        assert task is not None
        if number in steps and is_late and awaited is not None:
            awaited.add_done_callback(lambda _, task=task: task.cancel())
        elif number in steps:
            task.cancel()
        try:
            yield awaited
            go_on = partial(awaiting.send, None)
        except BaseException as error:  # noqa: BLE001  # the work's own matter
            go_on = partial(awaiting.throw, error)


def die_before(step: int, *, folder: Path) -> None:
    """Kill this process before its step number `step` (0 is the first), of all its threads.

    Steps are the statements of its database, and what it opens, makes, renames or removes below
    `folder`. Once for a process, before its first connection.
    """
    lock, steps = threading.Lock(), count()

    def take_step() -> None:
        with lock:
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)

    def note_statement(execute: Callable[..., Any], *args: Any) -> Any:
        take_step()
        return execute(*args)

    def watch(connection: BaseDatabaseWrapper, **_: object) -> None:
        connection.execute_wrappers.append(note_statement)

    def note_file(event: str, args: tuple[object, ...]) -> None:
        if event in _FILE_EVENTS and str(args[0]).startswith(str(folder)):
            take_step()

    connection_created.connect(watch, weak=False)
    sys.addaudithook(note_file)
