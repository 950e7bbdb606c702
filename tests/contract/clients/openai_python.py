"""Run by a real `openai` of some version, in an environment of its own: BASE_URL, KEY, RECORDING.

Prints what it got as one line of JSON; the test reads it.
"""

import asyncio
import json
import sys
from pathlib import Path

import openai

base_url, key, recording = sys.argv[1:]
path = Path(recording)
client = openai.OpenAI(base_url=f"{base_url}/v1", api_key=key)


def create(**options):
    with path.open("rb") as file:
        return client.audio.transcriptions.create(**{"model": "whisper-1", "file": file, **options})


def stream(**options):
    events = list(create(stream=True, **options))
    return {
        "types": sorted({event.type for event in events}),
        "deltas": "".join(event.delta for event in events if event.type == "transcript.text.delta"),
        "whole": events[-1].text,
    }


async def create_async():
    async with openai.AsyncOpenAI(base_url=f"{base_url}/v1", api_key=key) as other:
        answer = await other.audio.transcriptions.create(model="gpt-4o-transcribe", file=path)
        return answer.text


def error_of(call):
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.code, error.param, bool(error.message)]
    return None


verbose = create(response_format="verbose_json", timestamp_granularities=["word", "segment"])
stranger = openai.OpenAI(base_url=f"{base_url}/v1", api_key="stt_wrong", max_retries=0)
diarized = create(model="gpt-4o-transcribe-diarize", response_format="diarized_json")
print(
    json.dumps(
        {
            "text": create().text,
            "plain": create(response_format="text"),
            "srt": create(response_format="srt"),
            "words": [word.word for word in verbose.words],
            "segments": [type(segment.id).__name__ for segment in verbose.segments],
            "language": verbose.language,
            "duration": float(verbose.duration),
            "logprobs": [each.token for each in create(include=["logprobs"]).logprobs],
            "diarized": [type(segment.speaker).__name__ for segment in diarized.segments],
            "stream": stream(),
            "stream_diarized": stream(response_format="diarized_json"),
            "async": asyncio.run(create_async()),
            "models": [model.id for model in client.models.list()],
            "model": client.models.retrieve("whisper-1").id,
            "errors": [
                error_of(lambda: stranger.audio.transcriptions.create(model="x", file=path)),
                error_of(lambda: create(response_format="xml")),
                error_of(lambda: create(model="gpt-7")),
                error_of(lambda: client.models.retrieve("gpt-7")),
            ],
        }
    )
)
