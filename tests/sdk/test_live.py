"""Live sessions over connections that break."""

import asyncio
import os
from pathlib import Path
from typing import Any

import open_stt
import pytest
from open_stt import AsyncSTTClient, STTClient

from tests.sdk.live_server import LiveServer, running
from tests.sdk.terminal import environment, run

AUDIO = os.urandom(200_000)


async def test_a_session_sends_all_and_returns_the_text() -> None:
    with running(LiveServer()) as server:
        async with AsyncSTTClient("stt_key", server.url) as client:
            async with client.live(language="en", sample_rate=16000) as session:
                await session.send(AUDIO)
                result = await session.finish(timeout=30)
            messages = [message async for message in session]

    assert bytes(server.audio) == AUDIO
    assert result["transcript"] == "All of it."
    assert [each["text"] for each in messages if each["text"]] == ["All of it."]
    assert server.configurations == [{"language": "en", "sample_rate": 16000}]
    assert server.keys == ["Bearer stt_key"]


async def test_the_pause_that_ends_an_utterance_is_sent_also_by_one_without_asyncio(
    tmp_path: Path,
) -> None:
    (tmp_path / "audio.raw").write_bytes(AUDIO)
    with running(LiveServer()) as server:
        client = AsyncSTTClient("stt_key", server.url)
        async with client, client.live(endpointing_ms=500) as session:
            await session.finish(timeout=30)
        speak = STTClient("stt_key", server.url).stream
        await asyncio.to_thread(lambda: speak(print, endpointing_ms=900).finish())
        env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")
        arguments = ("live", "audio.raw", "--endpointing-ms", "700")
        done = await asyncio.to_thread(run, *arguments, cwd=tmp_path, env=env)

    assert done.returncode == 0, done.stderr
    assert [each.get("endpointing_ms") for each in server.configurations] == [500, 900, 700]


async def test_a_lost_connection_loses_no_byte_and_repeats_none() -> None:
    with running(LiveServer(cuts=2, cut_after=50_000)) as server:
        async with AsyncSTTClient("stt_key", server.url) as client, client.live() as session:
            for start in range(0, len(AUDIO), 5000):
                await session.send(AUDIO[start : start + 5000])
            result = await session.finish(timeout=60)

    assert result["transcript"] == "All of it."
    assert bytes(server.audio) == AUDIO
    assert [each.get("resume_token") for each in server.configurations] == [None, "r1", "r1"]


async def test_a_refusal_is_raised_as_it_is() -> None:
    refusal = {"error": "No minutes are left.", "code": "no_credits"}
    with running(LiveServer(refusal=refusal)) as server:
        async with AsyncSTTClient("stt_key", server.url) as client:
            with pytest.raises(open_stt.LiveError, match="No minutes") as caught:
                async with client.live():
                    pass

    assert caught.value.code == "no_credits"


def test_the_command_line_shows_once_what_ends_a_session(tmp_path: Path) -> None:
    (tmp_path / "audio.raw").write_bytes(AUDIO)
    refusal = {"error": "This can't be streamed.", "code": "unsupported_audio"}
    with running(LiveServer(refusal=refusal, is_started=True)) as server:
        env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")
        done = run("live", "audio.raw", cwd=tmp_path, env=env)
        missing = run("live", "missing.raw", cwd=tmp_path, env=env)

    assert done.stderr == b"stt: This can't be streamed. (unsupported_audio)\n"
    assert (done.returncode, missing.returncode) == (1, 1)
    assert missing.stderr == b"stt: missing.raw: No such file or directory. (file)\n"
    assert len(server.keys) == 1


async def test_a_server_that_is_not_there_is_an_error() -> None:
    async with AsyncSTTClient("stt_key", "http://127.0.0.1:9") as client:
        with pytest.raises(open_stt.ConnectionFailedError):
            async with client.live():
                pass


def test_a_program_without_asyncio_streams_too() -> None:
    messages: list[dict[str, Any]] = []
    with running(LiveServer(cuts=1, cut_after=50_000)) as server:
        session = STTClient("stt_key", server.url).stream(messages.append, language="en")
        session.send(AUDIO)
        result = session.finish()

    assert bytes(server.audio) == AUDIO
    assert result["transcript"] == "All of it."
    assert messages[-1] == result
