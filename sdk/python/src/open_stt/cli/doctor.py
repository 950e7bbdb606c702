"""`stt doctor`: the way to the server, checked from this machine; `stt bench`: how fast it is."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from open_stt._sync.client import STTClient
from open_stt.calls import Call
from open_stt.cli import context as contexts
from open_stt.cli.context import EXIT_FAILED, Context, leave, write_line
from open_stt.errors import BadRequestError, STTError
from open_stt.recordings import Form, Recording
from open_stt.types import DoctorReport

_UPLOAD_BYTES = 1024 * 1024
_CLOCK_TOLERANCE_S = 60.0
_PROMPT_S = 10.0


@dataclass(frozen=True)
class Finding:
    check: str
    is_ok: bool
    detail: str


class CheckError(Exception):
    """What a check found wrong, as a sentence."""


def doctor(
    context: typer.Context,
    server: Annotated[
        bool, typer.Option("--server", help="Have the server examine itself, too (operators).")
    ] = False,
    network: Annotated[
        bool, typer.Option("--network", help="With --server: can it fetch models?")
    ] = False,
) -> None:
    """Check the way to the server: address, key, clock, WebSockets, uploads, event streams.

    It costs nothing and stores nothing. --server needs an operator's key.
    """
    chosen = contexts.of(context)
    all_ok = True
    with chosen.client() as client:
        for finding in examine(client):
            all_ok &= finding.is_ok
            mark = "ok    " if finding.is_ok else "FAILED"
            chosen.write(asdict(finding), f"{mark} {finding.check}: {finding.detail}")
        if server:
            all_ok &= _write_report(chosen, client.examine_server(network=network))
    leave(0 if all_ok else EXIT_FAILED)


def _write_report(chosen: Context, report: DoctorReport) -> bool:
    """Write the server's own findings; returns whether none is a failure."""
    for finding in report["findings"]:
        mark = {"ok": "ok     ", "warning": "warning"}.get(finding["level"], "FAILURE")
        text = f"{mark} {finding['subject']}: {finding['sentence']}"
        cure = f"\n        → {finding['cure']}" if finding["cure"] else ""
        chosen.write(dict(finding), text + cure)
    return report["worst"] != "failure"


def examine(client: STTClient) -> Iterator[Finding]:
    """Yield what each check found. Without an answer at all there is only the first."""
    with STTClient("", client.base_url) as guest:  # a wrong key is another finding
        reached = _finding("reach", lambda: check_reach(guest))
        yield reached
        if not reached.is_ok:
            return
        yield _finding("health", lambda: check_health(guest))
        yield _finding("clock", lambda: check_clock(guest))
    yield _finding("key", lambda: check_key(client))
    yield _finding("websocket", lambda: check_websocket(client))
    yield _finding("upload", lambda: check_upload(client))
    yield _finding("events", lambda: check_events(client))


def _finding(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, is_ok=True, detail=check())
    except CheckError as error:
        return Finding(name, is_ok=False, detail=str(error))
    except STTError as error:
        return Finding(name, is_ok=False, detail=str(error))


def check_reach(client: STTClient) -> str:
    began = time.monotonic()
    client.models()
    return f"{client.base_url} answers in {(time.monotonic() - began) * 1000:.0f} ms"


def check_health(client: STTClient) -> str:
    """The server's own report, as far as it is open to everyone."""
    report: dict[str, Any] = dict(client.health())
    parts = ("database", "inference", "recognition", "torch_engines")
    states = ", ".join(f"{part} {report[part]}" for part in parts if part in report)
    device = report["gpu_name"] or "no GPU"
    return f"{report['status']}: {states}; {device}"


def check_clock(client: STTClient) -> str:
    reply = client.send(Call("GET", "/v1/models"))
    header = reply.headers.get("date")
    if header is None:
        return "the server sends no date"
    apart = time.time() - parsedate_to_datetime(header).timestamp()
    if abs(apart) > _CLOCK_TOLERANCE_S:
        raise CheckError(f"this machine's clock and the server's are {apart:.0f} s apart")
    return f"{abs(apart):.0f} s apart"


def check_key(client: STTClient) -> str:
    if not client.api_key:
        raise CheckError("none: set STT_API_KEY, or give --api-key")
    account = client.account()
    plan = account["plan"]["name"]
    return f"of {account['email']}, plan {plan}, {account['credits']} credits"


def check_websocket(client: STTClient) -> str:
    address = client.base_url.replace("http", "ws", 1) + "/v1/stream"
    headers = {"Authorization": f"Bearer {client.api_key}"} if client.api_key else {}
    try:
        with connect(address, additional_headers=headers, open_timeout=_PROMPT_S) as socket:
            message = json.loads(socket.recv(timeout=_PROMPT_S))
    except (WebSocketException, OSError, ValueError) as error:
        raise CheckError(f"the upgrade of {address} failed: {error}") from None
    if message.get("error"):
        raise CheckError(str(message["error"]))
    return "upgraded; the server speaks"


def check_upload(client: STTClient) -> str:
    """A megabyte that is no recording: it must arrive, and be refused as what it is."""
    form = Form({"async": "true"}, Recording(bytes(_UPLOAD_BYTES), name="doctor.bin"))
    began = time.monotonic()
    try:
        client.send(Call("POST", "/v1/transcribe", form=form))
    except BadRequestError as error:
        if error.code != "not_audio":
            raise
        return f"1 MB in {time.monotonic() - began:.2f} s"
    raise CheckError("a megabyte of zeros was taken for a recording")


def check_events(client: STTClient) -> str:
    """The account's stream says `ready` at once; behind a proxy that buffers, it never arrives."""
    if not client.api_key:
        raise CheckError("needs a key")
    began = time.monotonic()
    for _ in client.events(read_s=_PROMPT_S):
        return f"the first one after {time.monotonic() - began:.2f} s"
    raise CheckError("the stream ended without one")


def bench(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False)] = None,
    runs: Annotated[int, typer.Option(min=1, max=1000)] = 5,
    concurrency: Annotated[int, typer.Option("--concurrency", "-j", min=1, max=64)] = 1,
    model: Annotated[str | None, typer.Option("--model", "-m")] = None,
    server: Annotated[
        bool, typer.Option("--server", help="Have the server measure itself (operators).")
    ] = False,
    seconds: Annotated[
        int, typer.Option(min=30, max=60, help="With --server: for about so long.")
    ] = 60,
) -> None:
    """Transcribe a recording several times and measure it, from here to the text.

    Each run is charged, and stored. So that none gets another's result, each has a hot word of
    its own. With --server and an operator's key the server measures itself instead, on its own
    machine: that charges nothing and leaves nothing behind.
    """
    if server == (file is not None):
        raise typer.BadParameter("Name a file, or --server.")
    if file is None:
        _bench_server(contexts.of(context), seconds)
        return
    asyncio.run(_bench(contexts.of(context), file, runs, concurrency, model))


def _bench_server(chosen: Context, seconds: int) -> None:
    with chosen.client() as client:
        report = client.measure_server(seconds)
    lines = [f"{name:<24}{value}" for name, value in report["machine"].items()]
    for figure in report["figures"]:
        value = f"{figure['value']:g} {figure['unit']}"
        lines.append(f"{figure['name']:<24}{value:<20}{figure['detail']}")
    lines += [f"{each['name']:<24}{'–':<20}{each['reason']}" for each in report["skipped"]]
    lines += [report["remark"]] if report["remark"] else []
    chosen.write(dict(report), "\n".join(lines))


async def _bench(
    context: Context, file: Path, runs: int, concurrency: int, model: str | None
) -> None:
    permits = asyncio.Semaphore(concurrency)
    async with context.async_client() as client:

        async def measure() -> tuple[float, float]:
            async with permits:
                began = time.monotonic()
                word = f"bench{uuid.uuid4().hex[:8]}"
                result = await client.transcribe(file, model, hot_words=[word])
                return time.monotonic() - began, float(result["duration"])

        began = time.monotonic()
        measured = await asyncio.gather(*(measure() for _ in range(runs)))
        wall_s = time.monotonic() - began
    figures = summarize(measured, wall_s, concurrency)
    if context.as_json:
        write_line(json.dumps(figures))
    else:
        write_line("\n".join(f"{name:<24}{value}" for name, value in figures.items()))


def summarize(
    measured: list[tuple[float, float]], wall_s: float, concurrency: int
) -> dict[str, Any]:
    """Return the figures of (wall seconds, seconds of audio) pairs."""
    waits = sorted(wait for wait, _ in measured)
    audio_s = sum(audio for _, audio in measured)
    return {
        "runs": len(measured),
        "concurrency": concurrency,
        "audio_s": round(audio_s, 1),
        "wall_s": round(wall_s, 2),
        "rtfx": round(audio_s / wall_s, 1),
        "latency_median_s": round(median(waits), 2),
        "latency_longest_s": round(waits[-1], 2),
    }
