"""Models that are fetched while the server runs: each by a process of its own.

A process, because some are converted after they are fetched, which takes memory and seconds of all
cores; it runs with the least priority, and the command is the one that an operator would type.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from inference_service.catalog.sources import PullSettings

logger = logging.getLogger(__name__)

_MOST_LINES = 20
_NICENESS = 19


@dataclass
class PullState:
    """`error`: a sentence, once it failed. `lines`: the last ones that it printed."""

    is_running: bool = True
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))
    error: str = ""


class Pulls:
    """The pulls of this process, by model. For one event loop."""

    def __init__(self, settings: PullSettings) -> None:
        self._settings = settings
        self._states: dict[str, PullState] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def settings(self) -> PullSettings:
        return self._settings

    @property
    def is_offline(self) -> bool:
        return self._settings.offline

    def state_of(self, model_id: str) -> PullState | None:
        return self._states.get(model_id)

    def start(self, model_id: str) -> PullState:
        """Begin to fetch a model of the catalogue; one that is being fetched goes on."""
        state = self._states.get(model_id)
        if state is not None and state.is_running:
            return state
        state = self._states[model_id] = PullState()
        task = asyncio.create_task(self._pull(model_id, state))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return state

    def count_fetched_bytes(self, model_id: str) -> int:
        """Return how much lies in the folder that a pull comes into: a `stat` for each file."""
        return folder_bytes(self._settings.models_dir / f".{model_id}.partial")

    def read_disk(self) -> tuple[int, int]:
        """Return the free bytes and all bytes of the models' disk; zeros where it isn't there."""
        try:
            usage = shutil.disk_usage(self._settings.models_dir)
        except OSError:
            return 0, 0
        return usage.free, usage.total

    async def close(self) -> None:
        """End what runs; what was fetched is used by the next pull."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pull(self, model_id: str, state: PullState) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "inference_service.catalog", "pull", model_id),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "STT_MODELS_DIR": str(self._settings.models_dir.absolute())},
        )
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
        try:
            async for line in cast("asyncio.StreamReader", process.stdout):  # a pipe, as asked
                state.lines.append(line.decode(errors="replace").strip()[:500])
            if await process.wait() != 0:
                state.error = "\n".join(state.lines) or "The process that fetched it was ended."
        finally:
            state.is_running = False
            with contextlib.suppress(ProcessLookupError):
                process.kill()  # after a cancellation; else it has ended
            result = "failed" if state.error else "ended"
            logger.info("event=pull_%s model=%s", result, model_id)


def folder_bytes(folder: Path) -> int:
    """Return how large the files of a folder and those below it are; 0 where there is none."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # a file that takes its name just now
            total += path.stat().st_size if path.is_file() else 0
    return total
