"""Progress bars, on a terminal only."""

from __future__ import annotations

from types import TracebackType

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from typing_extensions import Self

from open_stt.cli.context import Context
from open_stt.progress import ProgressReport


class Bars:
    """A bar for each recording; without a terminal nothing but remarks."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._console = context.errors
        self._ids: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            disable=not context.shows_progress,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def update(self, name: str, report: ProgressReport) -> None:
        """Show how far a recording is."""
        if report.stage == "queued":
            state = f"waiting, place {report.done:.0f}" if report.done else "waiting"
            self._progress.update(self._id(name), state=state)
            return
        self._progress.update(
            self._id(name), state=report.stage, completed=report.done, total=report.total
        )

    def finish(self, name: str, state: str) -> None:
        self._progress.update(self._id(name), state=state, completed=1, total=1)

    def note(self, text: str) -> None:
        """Write a line above the bars."""
        self._console.print(text, markup=False, soft_wrap=True)

    def _id(self, name: str) -> TaskID:
        if name not in self._ids:
            self._ids[name] = self._progress.add_task(name, total=None, state="sending")
        return self._ids[name]
