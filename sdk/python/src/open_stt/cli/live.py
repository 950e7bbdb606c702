"""`stt live`: what is spoken, as text, from standard input, a file or the microphone."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import typer

from open_stt.cli import context as contexts
from open_stt.cli.context import Context, write_line
from open_stt.cli.transcribe import Language, Model

_CHUNK_BYTES = 3200


def live(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(help="- is standard input: 16-bit PCM, mono, or WebM or Ogg.")
    ] = "-",
    has_microphone: Annotated[
        bool, typer.Option("--microphone", help="Needs open-stt-sdk\\[microphone].")
    ] = False,
    language: Language = "auto",
    model: Model = None,
    endpointing_ms: Annotated[
        int | None, typer.Option(help="The pause that ends an utterance, 300 to 5000 ms.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="pcm_s16le, mulaw, webm_opus, …")] = "pcm_s16le",
    rate_hz: Annotated[int, typer.Option("--rate", help="Samples a second.")] = 16000,
) -> None:
    """Write what is spoken while it is spoken. Ctrl-C ends it.

    `ffmpeg -i talk.mp3 -f s16le -ac 1 -ar 16000 - | stt live`
    """
    chosen = contexts.of(context)
    configuration: dict[str, Any] = {
        "language": language,
        "model": model,
        "endpointing_ms": endpointing_ms,
        "encoding": encoding,
        "sample_rate": rate_hz,
    }
    audio = from_microphone(rate_hz) if has_microphone else from_file(file)
    asyncio.run(_transcribe(chosen, configuration, audio))


async def _transcribe(
    context: Context, configuration: dict[str, Any], audio: AsyncIterator[bytes]
) -> None:
    async with context.async_client() as client, client.live(**configuration) as session:
        shown = asyncio.create_task(_show(context, session))
        try:
            async for chunk in audio:
                await session.send(chunk)
            await session.finish()
        except asyncio.CancelledError:  # Ctrl-C: what was spoken is still written
            await session.finish(timeout=30)
            raise
        finally:  # what ends the session ends this, too: it is raised once
            await asyncio.gather(shown, return_exceptions=True)
        context.note(f"Transcript {session.transcript_id}")


async def _show(context: Context, session: AsyncIterator[dict[str, Any]]) -> None:
    shows_partial = context.shows_progress and sys.stdout.isatty()
    async for message in session:
        if context.as_json:
            write_line(json.dumps(message, ensure_ascii=False))
        elif message["text"] and not message["is_final"]:
            write_line(("\r\x1b[K" if shows_partial else "") + message["text"])
        elif shows_partial and message["partial"]:
            sys.stdout.write("\r\x1b[K" + message["partial"][-100:])
            sys.stdout.flush()


def from_file(name: str) -> AsyncIterator[bytes]:
    """Return what a file or standard input holds, bit by bit. Raises OSError at once."""
    return _read(sys.stdin.buffer if name == "-" else Path(name).open("rb"))


async def _read(file: Any) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read1, _CHUNK_BYTES):
        yield chunk


async def from_microphone(rate_hz: int) -> AsyncIterator[bytes]:
    """Yield what the microphone takes up. Raises typer.BadParameter without sounddevice."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: PortAudio is missing
        raise typer.BadParameter(
            f"--microphone needs `pip install open-stt-sdk[microphone]`, and PortAudio: {error}"
        ) from None
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes] = asyncio.Queue()

    def take(chunk: Any, *_: object) -> None:
        loop.call_soon_threadsafe(chunks.put_nowait, bytes(chunk))

    with sounddevice.RawInputStream(rate_hz, channels=1, dtype="int16", callback=take):
        while True:
            yield await chunks.get()
