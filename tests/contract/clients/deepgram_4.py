"""Run by a real `deepgram-sdk` of version 4: BASE_URL, KEY, PCM (16 kHz).

Prints what it got as one line of JSON; the test reads it.
"""

import json
import sys
import threading
from pathlib import Path

from deepgram import DeepgramClient, DeepgramClientOptions, LiveOptions, LiveTranscriptionEvents

base_url, key, recording = sys.argv[1:]
pcm = Path(recording).read_bytes()
client = DeepgramClient(key, DeepgramClientOptions(url=base_url))
finals, metadata, is_over = [], [], threading.Event()


def note(_, result, **__):
    if result.is_final:
        finals.append(result)


def note_metadata(_, metadata: object, **__):
    globals()["metadata"].append(metadata)
    is_over.set()


connection = client.listen.websocket.v("1")
connection.on(LiveTranscriptionEvents.Transcript, note)
connection.on(LiveTranscriptionEvents.Metadata, note_metadata)
options = LiveOptions(
    model="nova-2", language="en", encoding="linear16", sample_rate=16000, punctuate=True
)
started = connection.start(options)
for start in range(0, len(pcm), 3200):
    connection.send(pcm[start : start + 3200])
connection.finalize()
connection.send(json.dumps({"type": "CloseStream"}))
is_over.wait(60)
connection.finish()
alternatives = [each.channel.alternatives[0] for each in finals]
print(
    json.dumps(
        {
            "started": started,
            "text": " ".join(each.transcript for each in alternatives if each.transcript),
            "words": [word.word for each in alternatives for word in each.words],
            "from_finalize": [each.from_finalize for each in finals].count(True),
            "duration": round(metadata[0].duration, 1),
        }
    )
)
