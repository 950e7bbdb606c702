"""Run by a real `openai` with its Realtime extra: BASE_URL, KEY, PCM (24 kHz).

Prints what it got as one line of JSON; the test reads it.
"""

import asyncio
import base64
import json
import sys
from pathlib import Path

import openai
from websockets.exceptions import InvalidStatus

base_url, key, recording = sys.argv[1:]
pcm = Path(recording).read_bytes()
client = openai.OpenAI(base_url=f"{base_url}/v1", api_key=key)
QUERY = {"intent": "transcription"}


def configure(turns):
    transcription = {"model": "gpt-4o-transcribe", "language": "en"}
    sound = {"transcription": transcription, "turn_detection": turns}
    return {"type": "transcription", "audio": {"input": sound}}


def append(connection, sound=pcm):
    for start in range(0, len(sound), 4800):
        audio = base64.b64encode(sound[start : start + 4800]).decode()
        connection.input_audio_buffer.append(audio=audio)


def read(connection):
    events = []
    for event in connection:
        events.append(event)
        if event.type.endswith((".completed", "error")):
            return events


def summarise(events):
    deltas = [each.delta for each in events if each.type.endswith(".delta")]
    last = events[-1]
    return {
        "types": sorted({each.type for each in events}),
        "classes": sorted({type(each).__name__ for each in events}),
        "deltas": "".join(deltas),
        "transcript": last.transcript,
        "seconds": last.usage.seconds,
        "languages": [each.code for each in last.languages],
    }


def commit():
    with client.realtime.connect(extra_query=QUERY) as connection:
        connection.session.update(session=configure(None))
        append(connection)
        connection.input_audio_buffer.commit()
        return summarise(read(connection))


def speak_with_turns():
    with client.realtime.connect(extra_query=QUERY) as connection:
        connection.session.update(session=configure({"type": "server_vad"}))
        append(connection)
        append(connection, bytes(4 * 24_000))  # as from a microphone
        return summarise(read(connection))


def fail():
    with client.realtime.connect(extra_query=QUERY) as connection:
        connection.input_audio_buffer.commit()
        error = read(connection)[-1].error
        return [error.type, error.code]


def refuse(wrong_key):
    stranger = openai.OpenAI(base_url=f"{base_url}/v1", api_key=wrong_key)
    try:
        with stranger.realtime.connect(extra_query=QUERY):
            return None
    except InvalidStatus as refusal:
        return refusal.response.status_code


async def commit_async():
    async with openai.AsyncOpenAI(base_url=f"{base_url}/v1", api_key=key) as other:
        secret = await other.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 60}, session=configure(None)
        )
    async with (
        openai.AsyncOpenAI(base_url=f"{base_url}/v1", api_key=secret.value) as short,
        short.realtime.connect(extra_query=QUERY) as connection,
    ):
        for start in range(0, len(pcm), 4800):
            audio = base64.b64encode(pcm[start : start + 4800]).decode()
            await connection.input_audio_buffer.append(audio=audio)
        await connection.input_audio_buffer.commit()
        async for event in connection:
            if event.type.endswith(".completed"):
                return [type(secret.session).__name__, event.transcript]


print(
    json.dumps(
        {
            "committed": commit(),
            "turns": speak_with_turns(),
            "async": asyncio.run(commit_async()),
            "empty": fail(),
            "refused": refuse("stt_wrong"),
        }
    )
)
