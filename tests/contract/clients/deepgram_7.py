"""Run by a real `deepgram-sdk` of version 7: BASE_URL, KEY, PCM (16 kHz).

Prints what it got as one line of JSON; the test reads it.
"""

import json
import sys
import threading
from pathlib import Path

from deepgram import DeepgramClient
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment
from websockets.exceptions import InvalidStatus

base_url, key, recording = sys.argv[1:]
pcm = Path(recording).read_bytes()
sockets = base_url.replace("http", "ws", 1)
environment = DeepgramClientEnvironment(
    base=base_url, production=sockets, agent=sockets, agent_rest=base_url
)
client = DeepgramClient(api_key=key, environment=environment)


def speak(speaker, **options):
    received = []
    asked = {"model": "nova-3", "language": "en", "encoding": "linear16", "sample_rate": 16000}
    with speaker.listen.v1.connect(**{**asked, **options}) as connection:
        connection.on(EventType.MESSAGE, received.append)
        listening = threading.Thread(target=connection.start_listening)
        listening.start()
        for start in range(0, len(pcm), 3200):
            connection.send_media(pcm[start : start + 3200])
        connection.send_keep_alive()
        connection.send_finalize()
        connection.send_close_stream()
        listening.join(60)
    return received


def summarise(received):
    results = [each for each in received if type(each).__name__ == "ListenV1Results"]
    finals = [each for each in results if each.is_final]
    words = [word for each in finals for word in each.channel.alternatives[0].words]
    return {
        "classes": sorted({type(each).__name__ for each in received}),
        "text": " ".join(
            each.channel.alternatives[0].transcript
            for each in finals
            if each.channel.alternatives[0].transcript
        ),
        "words": [word.word for word in words],
        "are_measured": all(0 < word.confidence <= 1 and word.start <= word.end for word in words),
        "from_finalize": [getattr(each, "from_finalize", None) for each in finals].count(True),
        "model": results[0].metadata.model_info.name,
        "duration": round(received[-1].duration, 1),
    }


def refuse():
    stranger = DeepgramClient(api_key="stt_wrong", environment=environment)
    try:
        speak(stranger)
    except InvalidStatus as error:  # the SDK looks for websockets' older one
        return error.response.status_code
    return None


grant = client.auth.v1.tokens.grant(ttl_seconds=60)
short = DeepgramClient(access_token=grant.access_token, environment=environment)
print(
    json.dumps(
        {
            "plain": summarise(speak(client)),
            "written": summarise(
                speak(client, smart_format=True, interim_results=True, vad_events=True)
            ),
            "granted": summarise(speak(short))["text"],
            "refused": refuse(),
        }
    )
)
