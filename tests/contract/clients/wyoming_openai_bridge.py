"""Run beside a real `wyoming_openai`, which it starts as Home Assistant's users do: BASE_URL, KEY,
PCM (16 kHz), PORT, OTHER_PORT. A Wyoming client speaks to it as Home Assistant does.

Prints what came back as one line of JSON; the test reads it.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.info import Describe, Info

base_url, key, recording, port, other_port = sys.argv[1:]
pcm = Path(recording).read_bytes()
RATE_HZ = 16_000
CHUNK_BYTES = 2048  # as Home Assistant's satellites send them
WHOLE, STREAMED, LIVE = "whisper-1", "gpt-4o-mini-transcribe", "gpt-4o-transcribe"


async def start_bridge(api_key, own_port):
    environment = {
        "WYOMING_URI": f"tcp://127.0.0.1:{own_port}",
        "WYOMING_LANGUAGES": "en cs",
        "STT_OPENAI_URL": f"{base_url}/v1",
        "STT_OPENAI_KEY": api_key,
        "STT_MODELS": WHOLE,
        "STT_STREAMING_MODELS": STREAMED,
        "STT_REALTIME_MODELS": LIVE,
    }
    bridge = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wyoming_openai"),
        env=os.environ | environment,
        stdout=sys.stderr.fileno(),
    )
    async with asyncio.timeout(60):
        while True:
            try:
                async with AsyncTcpClient("127.0.0.1", own_port):
                    return bridge
            except OSError:
                await asyncio.sleep(0.1)


async def describe():
    async with AsyncTcpClient("127.0.0.1", int(port)) as client:
        await client.write_event(Describe().event())
        info = Info.from_event(await client.read_event())
    return sorted(model.name for program in info.asr for model in program.models)


async def transcribe(model, own_port=port):
    """Return the kinds of the events until the transcript, and its text."""
    kinds = []
    async with AsyncTcpClient("127.0.0.1", int(own_port)) as client:
        await client.write_event(Transcribe(name=model, language="en").event())
        await client.write_event(AudioStart(RATE_HZ, 2, 1).event())
        for start in range(0, len(pcm), CHUNK_BYTES):
            chunk = AudioChunk(RATE_HZ, 2, 1, pcm[start : start + CHUNK_BYTES])
            await client.write_event(chunk.event())
        await client.write_event(AudioStop().event())
        async with asyncio.timeout(60):
            while (event := await client.read_event()) is not None:
                kinds.append(event.type)
                if Transcript.is_type(event.type):
                    return {"kinds": kinds, "text": Transcript.from_event(event).text}
    return {"kinds": kinds, "text": None}


async def main():
    bridges = [await start_bridge(key, port), await start_bridge("stt_wrong", other_port)]
    try:
        got = {"models": await describe()}
        for name, model in (("whole", WHOLE), ("streamed", STREAMED), ("live", LIVE)):
            got[name] = await transcribe(model)
        got["refused"] = [(await transcribe(model, other_port))["text"] for model in (WHOLE, LIVE)]
        return got
    finally:
        for bridge in bridges:
            bridge.terminate()
            await bridge.wait()


print(json.dumps(asyncio.run(main())))
