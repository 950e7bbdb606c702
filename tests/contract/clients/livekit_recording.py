"""Run by LiveKit's real plugin for Deepgram: BASE_URL, KEY, RECORDING (16-bit mono WAV).

It reads the answers without a guard. Prints what it got as one line of JSON.
"""

import asyncio
import json
import sys
import wave

import aiohttp
from livekit import rtc
from livekit.plugins import deepgram

base_url, key, recording = sys.argv[1:]


async def recognize(sound, rate_hz):
    frame = rtc.AudioFrame(sound, rate_hz, 1, len(sound) // 2)
    async with aiohttp.ClientSession() as session:
        stt = deepgram.STT(
            api_key=key, base_url=f"{base_url}/v1/listen", language="en", http_session=session
        )
        event = await stt.recognize(frame)
        (best,) = event.alternatives
        return {"text": best.text, "confidence": best.confidence, "language": str(best.language)}


with wave.open(recording) as file:
    sound, rate_hz = file.readframes(file.getnframes()), file.getframerate()
speech = asyncio.run(recognize(sound, rate_hz))
silence = asyncio.run(recognize(bytes(2 * rate_hz), rate_hz))
print(json.dumps({"speech": speech, "silence": silence}))
