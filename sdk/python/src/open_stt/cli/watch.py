"""`stt watch`: a folder whose recordings become texts as they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from open_stt.cli import context as contexts
from open_stt.cli.context import leave
from open_stt.cli.jobs import Jobs, Order, Work
from open_stt.cli.progress import Bars
from open_stt.cli.transcribe import (
    Concurrency,
    Diarize,
    Format,
    Language,
    Model,
    Output,
    Speakers,
    check_format,
)

# What the server takes, by its names: others are left alone.
SUFFIXES = frozenset(
    (
        *(".mp3", ".wav", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".wma", ".amr"),
        *(".mp4", ".webm", ".mkv", ".avi", ".mov", ".wmv", ".mpg", ".mpeg", ".3gp", ".aiff"),
    )
)


class Folder:
    """Knows which recordings are new and whole: the same size twice, with no text beside them."""

    def __init__(self, folder: Path, target: Path, format: str) -> None:
        self._folder, self._target, self._format = folder, target, format
        self._sizes: dict[Path, int] = {}
        self._taken: set[tuple[Path, int]] = set()

    def take_new(self) -> Iterator[Work]:
        """Yield the recordings that arrived whole since the last time, each once."""
        sizes = {
            path: path.stat().st_size
            for path in sorted(self._folder.iterdir())
            if path.suffix.lower() in SUFFIXES and path.is_file()
        }
        stems: set[str] = set()
        for path, size in sizes.items():
            # Beside a.mp3, a.wav becomes a.wav.txt.
            name = path.name if path.stem in stems else path.stem
            stems.add(path.stem)
            target = self._target / f"{name}.{self._format}"
            is_whole = size > 0 and self._sizes.get(path) == size
            if is_whole and (path, size) not in self._taken and not target.exists():
                self._taken.add((path, size))
                yield Work(str(path), target, path=path)
        self._sizes = sizes


def watch(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    format: Format = "txt",
    output: Output = None,
    model: Model = None,
    language: Language = "auto",
    speakers: Speakers = 0,
    diarize: Diarize = True,
    concurrency: Concurrency = 2,
    interval_s: Annotated[
        float, typer.Option("--interval", min=0.1, help="Seconds between two looks.")
    ] = 2.0,
    is_once: Annotated[
        bool, typer.Option("--once", help="Transcribe what is there, and end.")
    ] = False,
) -> None:
    """Transcribe each recording that arrives in a folder, until Ctrl-C.

    A recording counts once its size no longer changes; one whose text is there is left alone, so
    a watch that is started again goes on.
    """
    chosen = contexts.of(context)
    settings = {"model": model, "language": language, "speakers": speakers, "diarize": diarize}
    order = Order(check_format(format), {}, settings, concurrency=concurrency)
    watched = Folder(folder, output or folder, format)
    with Bars(chosen) as bars:
        jobs = Jobs(chosen, order, bars)
        code = asyncio.run(_follow(watched, jobs, interval_s, is_once=is_once))
    leave(code)


async def _follow(watched: Folder, jobs: Jobs, interval_s: float, *, is_once: bool) -> int:
    list(watched.take_new())  # the sizes
    while True:
        await asyncio.sleep(interval_s)
        code = await jobs.run(list(watched.take_new()))
        if is_once:
            return code
