"""Run by LiveKit's real plugins, which read answers without a guard: BASE_URL, KEY, PCM (16 kHz).

Prints what it got as one line of JSON; the test reads it.
"""

import asyncio
import json
import sys
from pathlib import Path

import aiohttp
from livekit import rtc
from livekit.agents import stt
from livekit.plugins import deepgram, openai

base_url, key, recording = sys.argv[1:]
# With silence behind it, as from a microphone: so short an utterance ends after 2.1 s.
pcm = Path(recording).read_bytes() + bytes(4 * 16_000)


async def transcribe(plugin):
    events, finals = [], []
    stream = plugin.stream()
    for start in range(0, len(pcm), 3200):
        chunk = pcm[start : start + 3200]
        stream.push_frame(rtc.AudioFrame(chunk, 16_000, 1, len(chunk) // 2))
    stream.flush()
    # This service's stream is ended by its client once it has what it wants.
    async with asyncio.timeout(60):
        async for event in stream:
            events.append(event.type.value)
            if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                finals.append(event.alternatives[0])
                break
    await stream.aclose()
    return {
        "events": sorted(set(events)),
        "text": finals[0].text,
        "language": str(finals[0].language),
        "confidence": finals[0].confidence,
    }


async def main():
    async with aiohttp.ClientSession() as session:
        realtime = openai.STT(
            base_url=f"{base_url}/v1",
            api_key=key,
            model="gpt-4o-transcribe",
            language="en",
            use_realtime=True,
        )
        listen = deepgram.STT(
            base_url=f"{base_url}/v1/listen",
            api_key=key,
            language="en",
            enable_diarization=True,
            http_session=session,
        )
        openai_got = await transcribe_in(realtime, session)
        return {"openai": openai_got, "deepgram": await transcribe(listen)}


async def transcribe_in(plugin, session):
    plugin._session = session
    return await transcribe(plugin)


print(json.dumps(asyncio.run(main())))
