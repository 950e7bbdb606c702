"""Several recordings at once: sent, followed, written, and stopped where the user stops.

What is under way on the server when the user presses Ctrl-C is cancelled there.
"""

from __future__ import annotations

import asyncio
import glob
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from open_stt._async.client import AsyncSTTClient
from open_stt.cli.context import EXIT_FAILED, Context, describe_error, write_line
from open_stt.cli.progress import Bars
from open_stt.errors import AuthError, STTError
from open_stt.options import TranscribeOptions
from open_stt.progress import ProgressReport
from open_stt.types import Accepted

_CANCEL_WITHIN_S = 10.0
TEXT_FORMATS = ("txt", "srt", "vtt", "csv", "json")
_JOINED_FORMATS = ("txt", "srt", "vtt", "json")  # what `transcribe` answers in one call


@dataclass(frozen=True)
class Work:
    """A recording: a file, an address, or standard input. `target` is None for standard output."""

    name: str
    target: Path | None
    path: Path | None = None
    url: str = ""
    stream: BinaryIO | None = None


@dataclass(frozen=True)
class Order:
    """How all of them are transcribed."""

    format: str
    options: TranscribeOptions
    settings: Mapping[str, Any]  # model, language, diarize, speakers
    export_options: Mapping[str, Any] = field(default_factory=dict)
    concurrency: int = 2
    is_detached: bool = False


class Jobs:
    """The recordings of one command. `failed` counts those that didn't become text."""

    def __init__(self, context: Context, order: Order, bars: Bars) -> None:
        self._context = context
        self._order = order
        self._bars = bars
        self._running: dict[str, str] = {}  # transcript → a guest's token
        self.failed = 0

    async def run(self, work: Sequence[Work]) -> int:
        """Do all of it; returns the exit code. What runs is cancelled with it."""
        permits = asyncio.Semaphore(self._order.concurrency)
        async with self._context.async_client() as client:
            tasks = [asyncio.create_task(self._guarded(client, each, permits)) for each in work]
            try:
                await asyncio.gather(*tasks)
            except asyncio.CancelledError:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self._cancel_running(client)
                raise
        return EXIT_FAILED if self.failed else 0

    async def _guarded(
        self, client: AsyncSTTClient, work: Work, permits: asyncio.Semaphore
    ) -> None:
        async with permits:
            try:
                await self._transcribe(client, work)
            except STTError as error:
                self._fail(work, error)
            except OSError as error:
                self._fail(work, STTError(str(error), code="file"))

    async def _transcribe(self, client: AsyncSTTClient, work: Work) -> None:
        on_progress = self._follow(work)
        accepted = await self._submit(client, work, on_progress)
        if self._order.is_detached:
            self._bars.finish(work.name, "accepted")
            self._report(work, "accepted", id=accepted["id"])
            return
        transcript_id, token = accepted["id"], accepted.get("token", "")
        self._running[transcript_id] = token
        try:
            detail = await client.wait(transcript_id, token=token, on_progress=on_progress)
        except AuthError as error:
            if error.code != "missing_scope" or not self._can_join(work):
                raise
            facts: dict[str, Any] = {"status": "completed"}
            self._write(work, await self._join(client, work))
        else:
            facts = {name: detail[name] for name in ("status", "duration", "language", "model")}
            facts["warnings"] = list_warnings(detail)
            await self._save(client, work, detail, token)
        self._running.pop(
            transcript_id, None
        )  # a twin, which joined the same work, may have done it
        self._bars.finish(work.name, facts["status"])
        if not self._context.as_json:
            for sentence in facts.get("warnings", ()):
                self._bars.note(f"{work.name}: {sentence}")
        output = None if work.target is None else str(work.target)
        self._report(work, "completed", id=transcript_id, **facts, output=output)

    async def _submit(
        self, client: AsyncSTTClient, work: Work, on_progress: Callable[[ProgressReport], None]
    ) -> Accepted:
        if work.url:
            return await client.submit_url(work.url, **self._arguments)
        source: Any = work.stream if work.path is None else work.path
        name = Path(work.name).name
        try:
            return await client.submit(
                source, file_name=name, on_progress=on_progress, **self._arguments
            )
        except OSError as error:  # of the file: the connection's are STTErrors
            raise STTError(_why_unreadable(error, work.name), code="file") from error

    @property
    def _arguments(self) -> dict[str, Any]:
        return {**self._order.settings, **self._order.options}

    def _can_join(self, work: Work) -> bool:
        order = self._order
        return (
            work.path is not None and order.format in _JOINED_FORMATS and not order.export_options
        )

    async def _join(self, client: AsyncSTTClient, work: Work) -> bytes:
        """Get the text by sending the recording again: for keys that may transcribe and not read.

        It is charged once.
        """
        assert work.path is not None  # noqa: S101  # `_can_join`
        result = await client.transcribe(
            work.path, response_format=self._order.format, **self._arguments
        )
        return result.encode() if isinstance(result, str) else _as_json(result)

    async def _save(self, client: AsyncSTTClient, work: Work, detail: Any, token: str) -> None:
        """Write the text. Raises STTError, which names the command that gets it."""
        try:
            self._write(work, await self._export(client, detail, token))
        except STTError as error:
            raise STTError(
                f"{error.message} `stt export {detail['id']}` has the text.",
                code=error.code,
                request_id=error.request_id,
            ) from error

    async def _export(self, client: AsyncSTTClient, detail: Any, token: str) -> bytes:
        if self._order.format == "json" and not self._order.export_options:
            return _as_json(detail)
        return await client.transcripts.export(
            detail["id"], self._order.format, token=token, **self._order.export_options
        )

    def _write(self, work: Work, content: bytes) -> None:
        if work.target is not None:
            try:
                work.target.parent.mkdir(parents=True, exist_ok=True)
                work.target.write_bytes(content)
            except OSError as error:
                reason = f"{work.target} can't be written: {error.strerror or error}."
                raise STTError(reason, code="file") from error
        elif not self._context.as_json:
            write_line(content.decode())
        else:
            self._report(work, "text", text=content.decode())

    def _follow(self, work: Work) -> Callable[[ProgressReport], None]:
        def report(progress: ProgressReport) -> None:
            self._bars.update(work.name, progress)
            if progress.segment is None and progress.total:
                self._report(
                    work,
                    "progress",
                    is_result=False,
                    stage=progress.stage,
                    done=progress.done,
                    total=progress.total,
                )

        return report

    def _fail(self, work: Work, error: STTError) -> None:
        self.failed += 1
        self._bars.finish(work.name, "failed")
        if self._context.as_json:
            self._report(work, "failed", **describe_error(error))
        else:
            self._bars.note(f"{work.name}: {error}")

    def _report(self, work: Work, event: str, *, is_result: bool = True, **fields: Any) -> None:
        if self._context.as_json:
            write_line(json.dumps({"file": work.name, "event": event, **fields}))
        elif event == "accepted":
            write_line(f"{fields['id']}\t{work.name}")
        elif is_result and work.target is not None:
            self._bars.note(f"{work.name} → {work.target}")

    async def _cancel_running(self, client: AsyncSTTClient) -> None:
        """Stop on the server what runs there."""
        for transcript_id, token in list(self._running.items()):
            try:
                cancelling = client.cancel(transcript_id, token=token)
                await asyncio.wait_for(cancelling, _CANCEL_WITHIN_S)
                self._bars.note(f"Cancelled {transcript_id}.")
            except (STTError, asyncio.TimeoutError) as error:
                self._bars.note(f"Could not cancel {transcript_id}: {error}")


def list_warnings(detail: Any) -> list[str]:
    """Return what a text lacks, and what else is to be known of it, in sentences."""
    return [warning["message"] for warning in detail.get("warnings", ())]


def _as_json(detail: Any) -> bytes:
    return (json.dumps(detail, ensure_ascii=False, indent=2) + "\n").encode()


def _why_unreadable(error: OSError, name: str) -> str:
    """Return a sentence."""
    match error:
        case FileNotFoundError() if glob.has_magic(name):
            return "No file matches it."
        case FileNotFoundError():
            return "There is no such file."
        case IsADirectoryError():
            return "It is a folder. Name the recordings in it, or use `stt watch`."
        case _:
            return f"It can't be read: {error.strerror or error}."
