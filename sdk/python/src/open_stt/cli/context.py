"""What every command has: the server, the key, and how results are written.

Results go to standard output, all else to standard error; progress only to a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import typer
from rich.console import Console
from rich.table import Column, Table

from open_stt._async.client import AsyncSTTClient
from open_stt._sync.client import STTClient
from open_stt.errors import STTError

EXIT_FAILED = 1
_ANY_WIDTH = 10_000  # of a file or a pipe: nothing is shortened


@dataclass(frozen=True)
class Context:
    """`as_json`: a JSON object a line in place of text and tables."""

    api_key: str | None
    base_url: str | None
    as_json: bool
    is_quiet: bool

    def client(self) -> STTClient:
        return STTClient(self.api_key, self.base_url)

    def async_client(self) -> AsyncSTTClient:
        return AsyncSTTClient(self.api_key, self.base_url)

    @property
    def errors(self) -> Console:
        return Console(stderr=True, quiet=self.is_quiet, highlight=False)

    @property
    def shows_progress(self) -> bool:
        return sys.stderr.isatty() and not (self.as_json or self.is_quiet)

    def write(self, value: Any, text: str) -> None:
        """Write a result: the value as a line of JSON, or the text."""
        write_line(json.dumps(value, ensure_ascii=False) if self.as_json else text)

    def table(self, rows: Iterable[Any], columns: dict[str, str]) -> None:
        """Write rows as they come with --json, else as a table. `columns`: field → heading."""
        if self.as_json:
            for row in rows:
                write_line(json.dumps(row, ensure_ascii=False))
            return
        # An id is what other commands are given: a narrow terminal shortens what stands beside it.
        headings = (Column(name, no_wrap=name == "ID") for name in columns.values())
        table = Table(*headings, box=None, pad_edge=False)
        for row in rows:
            table.add_row(*(_cell(row.get(field)) for field in columns))
        width = None if sys.stdout.isatty() else _ANY_WIDTH
        Console(highlight=False, width=width).print(table)

    def note(self, text: str) -> None:
        """Write a remark to standard error."""
        self.errors.print(text, markup=False, soft_wrap=True)


def of(context: typer.Context) -> Context:
    found = context.find_object(Context)
    assert found is not None  # noqa: S101  # the application's callback sets it
    return found


def leave(code: int) -> None:
    """End the command. Raises typer.Exit where the code isn't 0."""
    if code:
        raise typer.Exit(code)


def write_line(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


def describe_error(error: STTError) -> dict[str, Any]:
    """Return an error as a line of JSON has it."""
    request = {"request_id": error.request_id} if error.request_id else {}
    return {"error": error.message, "code": error.code, **request}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
