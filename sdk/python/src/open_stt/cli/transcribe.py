"""`stt transcribe` and `stt wait`."""

from __future__ import annotations

import asyncio
import glob
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

import typer

from open_stt.cli import context as contexts
from open_stt.cli.context import leave, write_line
from open_stt.cli.jobs import TEXT_FORMATS, Jobs, Order, Work, list_warnings
from open_stt.cli.progress import Bars
from open_stt.options import TranscribeOptions

FORMATS = (*TEXT_FORMATS, "docx", "pdf")
Format = Annotated[
    str, typer.Option("--format", "-f", help=f"One of {', '.join(FORMATS)}.", metavar="FORMAT")
]
Model = Annotated[str | None, typer.Option("--model", "-m", help="Else the server's default.")]
Language = Annotated[str, typer.Option("--language", "-l", help="A code, or auto.")]
Speakers = Annotated[int, typer.Option(min=0, help="How many speak; 0: find out.")]
Diarize = Annotated[bool, typer.Option(help="Whether speakers are told apart.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="A folder, or for one recording a file; - is standard output."
    ),
]
Concurrency = Annotated[
    int, typer.Option("--concurrency", "-j", min=1, max=32, help="How many at once.")
]


def transcribe(
    context: typer.Context,
    files: Annotated[
        list[str], typer.Argument(help="Files, patterns, addresses, or - for standard input.")
    ],
    format: Format = "txt",
    output: Output = None,
    model: Model = None,
    language: Language = "auto",
    speakers: Speakers = 0,
    diarize: Diarize = True,
    task: Annotated[str | None, typer.Option(help="translate: the text in English.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Style, and how names are spelled.")] = None,
    hot_words: Annotated[
        str | None, typer.Option(help="Words that are likely to occur, with commas.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Of subtitles: netflix, broadcast, social.")
    ] = None,
    concurrency: Concurrency = 2,
    is_detached: Annotated[
        bool, typer.Option("--detach", help="Send, write the ids, and don't wait.")
    ] = False,
    is_forced: Annotated[bool, typer.Option("--force", help="Write over files.")] = False,
) -> None:
    """Transcribe recordings.

    The text of one goes to standard output, the texts of several to files beside them. What
    fails, or can't be read, stops none of the others; the exit code is 1 then. Ctrl-C stops what
    runs on the server, too.
    """
    chosen = contexts.of(context)
    order = Order(
        format=check_format(format),
        options=given(task=task, prompt=prompt, hot_words=hot_words),
        settings={
            "model": model,
            "language": language,
            "speakers": speakers,
            "diarize": diarize,
        },
        export_options={} if profile is None else {"profile": profile},
        concurrency=concurrency,
        is_detached=is_detached,
    )
    work = list(plan(files, format, output, is_forced=is_forced or is_detached))
    if format not in TEXT_FORMATS and any(each.target is None for each in work):
        raise typer.BadParameter(f"{format} needs a file: --output.")
    with Bars(chosen) as bars:
        code = asyncio.run(Jobs(chosen, order, bars).run(work))
    leave(code)


def wait(
    context: typer.Context,
    transcript_id: Annotated[str, typer.Argument(help="As `transcribe --detach` wrote it.")],
    format: Format = "txt",
) -> None:
    """Wait for a transcript, and write it. Ctrl-C leaves it running."""
    chosen = contexts.of(context)
    if check_format(format) not in TEXT_FORMATS:
        raise typer.BadParameter(f"{format} needs a file: `stt export {transcript_id} --output`.")
    with Bars(chosen) as bars, chosen.client() as client:
        detail = client.wait(
            transcript_id, on_progress=lambda report: bars.update(transcript_id, report)
        )
        if chosen.as_json:
            chosen.write(detail, "")
        else:
            write_line(client.transcripts.export_text(detail["id"], format))
            for sentence in list_warnings(detail):
                bars.note(sentence)


def plan(files: list[str], format: str, output: Path | None, *, is_forced: bool) -> Iterator[Work]:
    """Yield what is to be done, each recording once. What can't be read fails when it is its turn.

    Raises typer.BadParameter: files in the way, two recordings whose texts would be one file.
    """
    names = list(dict.fromkeys(name for each in files for name in _expand(each)))
    is_alone = len(names) == 1
    is_folder = output is not None and (output.is_dir() or not is_alone)
    taken: dict[Path, str] = {}
    for name in names:
        target = _target_of(name, format, output, is_folder=is_folder, is_alone=is_alone)
        if target is not None and target in taken:
            target = target.with_name(f"{Path(name).name}.{format}")
        if target is not None and os.path.exists(target) and not is_forced:
            raise typer.BadParameter(f"{target} exists. --force writes over it.")
        if target is not None and taken.setdefault(target, name) != name:
            raise typer.BadParameter(
                f"{taken[target]} and {name} would both become {target}. Transcribe them one by"
                " one, with --output."
            )
        if name == "-":
            yield Work("standard input", target, stream=sys.stdin.buffer)
        elif is_address(name):
            yield Work(name, target, url=name)
        else:
            yield Work(name, target, path=Path(name))


def check_format(format: str) -> str:
    if format not in FORMATS:
        raise typer.BadParameter(f"--format is one of {', '.join(FORMATS)}.")
    return format


def given(**options: Any) -> TranscribeOptions:
    """Return the options that were given."""
    return cast("TranscribeOptions", {name: each for name, each in options.items() if each})


def is_address(name: str) -> bool:
    return name.startswith(("http://", "https://"))


def _expand(name: str) -> list[str]:
    """Return the files that a pattern names, where the shell left that to us; else the name."""
    if name == "-" or is_address(name) or os.path.exists(name):
        return [name]
    return sorted(glob.glob(name, recursive=True)) or [name]


def _target_of(
    name: str, format: str, output: Path | None, *, is_folder: bool, is_alone: bool
) -> Path | None:
    if output is not None and str(output) == "-":
        return None
    path = Path(Path(urlsplit(name).path).name if is_address(name) else name)
    is_named = name != "-" and path.name != ""
    own = (path if is_named else Path("recording")).with_suffix(f".{format}")
    if output is None:
        return None if is_alone and format in TEXT_FORMATS else own
    return output / own.name if is_folder else output
