"""Commands on stored transcripts, and on what the server has."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from open_stt.cli import context as contexts
from open_stt.cli.context import write_line
from open_stt.cli.jobs import TEXT_FORMATS
from open_stt.cli.transcribe import Format, check_format

_LISTED = {
    "id": "ID",
    "status": "Status",
    "duration": "Seconds",
    "language": "Language",
    "title": "Title",
}
Id = Annotated[str, typer.Argument(metavar="ID", help="The transcript's.")]


def list_transcripts(
    context: typer.Context,
    status: Annotated[str | None, typer.Option(help="completed, failed, …")] = None,
    language: Annotated[str | None, typer.Option()] = None,
    tag: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")] = 20,
) -> None:
    """List transcripts, newest first."""
    chosen = contexts.of(context)
    with chosen.client() as client:
        found = client.transcripts.list(
            status=status, language=language, tag=tag, page_size=min(limit, 100)
        )
        chosen.table((each for each, _ in zip(found, range(limit), strict=False)), _LISTED)


def search(
    context: typer.Context,
    words: Annotated[str, typer.Argument(help='All of them; "a phrase"; beginn*.')],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")] = 20,
) -> None:
    """Search titles and texts, the best first."""
    chosen = contexts.of(context)
    with chosen.client() as client:
        found = client.transcripts.search(words, page_size=min(limit, 100))
        chosen.table((each for each, _ in zip(found, range(limit), strict=False)), _LISTED)


def show(context: typer.Context, transcript_id: Id) -> None:
    """Write a transcript: its text, with --json all of it."""
    chosen = contexts.of(context)
    with chosen.client() as client:
        detail = client.transcripts.get(transcript_id)
        chosen.write(detail, detail["text"])


def export(
    context: typer.Context,
    transcript_id: Id,
    format: Format = "srt",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="Of subtitles: netflix, broadcast, social.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Of a stored translation.")] = None,
    redact: Annotated[str | None, typer.Option(help="all, or email,phone,…")] = None,
) -> None:
    """Write a transcript as a file: txt, srt, vtt, csv, json, docx, pdf."""
    check_format(format)
    if output is None and format not in TEXT_FORMATS and sys.stdout.isatty():
        raise typer.BadParameter(f"{format} needs a file: --output.")
    with contexts.of(context).client() as client:
        options: dict[str, Any] = {"profile": profile, "language": language, "redact": redact}
        content = client.transcripts.export(transcript_id, format, **options)
    if output is not None:
        output.write_bytes(content)
    else:
        sys.stdout.buffer.write(content)


def delete(
    context: typer.Context,
    transcript_id: Id,
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> None:
    """Delete a transcript, with its recording."""
    if not is_sure:
        typer.confirm(f"Delete {transcript_id} with its recording?", abort=True, err=True)
    with contexts.of(context).client() as client:
        client.transcripts.delete(transcript_id)


def chat(
    context: typer.Context,
    transcript_id: Id,
    question: Annotated[str, typer.Argument()],
    session_id: Annotated[
        str | None, typer.Option("--session", help="Of a conversation that goes on.")
    ] = None,
) -> None:
    """Ask about a transcript; the answer is written as it comes."""
    chosen = contexts.of(context)
    has_text = False
    with chosen.client() as client:
        for event in client.transcripts.chat_stream(transcript_id, question, session_id=session_id):
            if chosen.as_json:
                chosen.write(event, "")
            elif event["type"] == "delta":
                has_text = True
                sys.stdout.write(event.get("text", ""))
                sys.stdout.flush()
            elif event["type"] == "done":
                write_line("" if has_text else event["answer"])
                chosen.note(f"Conversation {event['session_id']}")


def summarize(
    context: typer.Context,
    transcript_id: Id,
    style: Annotated[
        str, typer.Option(help="brief, detailed, action_items, bullet_points, headline")
    ] = "brief",
) -> None:
    """Write a transcript's summary."""
    chosen = contexts.of(context)
    with chosen.client() as client:
        made = client.transcripts.summarize(transcript_id, style)
        chosen.write(made, made["summary"])


def usage(context: typer.Context) -> None:
    """Show what was used in the last 30 days."""
    chosen = contexts.of(context)
    with chosen.client() as client:
        found = client.usage()
        columns = {"date": "Day", "jobs": "Recordings", "minutes": "Minutes", "credits": "Credits"}
        used = [day for day in found["days"] if day["jobs"] or day["minutes"] or day["credits"]]
        days = found["days"] if chosen.as_json else used
        chosen.table([*days, {"date": "total", **found["totals"]}], columns)
