"""Run by a real `deepgram-sdk` 7, in an environment of its own: BASE_URL, KEY, RECORDING.

Prints what it got as one line of JSON; the test reads it.
"""

import json
import sys
from pathlib import Path

from deepgram import DeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.environment import DeepgramClientEnvironment

base_url, key, recording = sys.argv[1:]
sound = Path(recording).read_bytes()
socket_url = base_url.replace("http", "ws", 1)


def client_with(api_key):
    environment = DeepgramClientEnvironment(
        base=base_url, production=socket_url, agent=socket_url, agent_rest=base_url
    )
    return DeepgramClient(api_key=api_key, environment=environment)


media = client_with(key).listen.v1.media


def error_of(call):
    try:
        call()
    except ApiError as error:
        return [type(error).__name__, error.status_code, error.body["err_code"]]


answer = media.transcribe_file(
    request=sound,
    model="nova-3",
    language="en",
    smart_format=True,
    utterances=True,
    keyterm=["meeting"],
)
bare = media.transcribe_file(request=sound, language="en", keyterm=["meeting"])
alternative = answer.results.channels[0].alternatives[0]
models = client_with(key).manage.v1.models.list()
found = media.transcribe_file(request=sound, language="en", search=["meeting"])
late = media.transcribe_file(request=sound, language="en", callback="https://callback.invalid/hook")
print(
    json.dumps(
        {
            "text": alternative.transcript,
            "bare": bare.results.channels[0].alternatives[0].transcript,
            "words": [word.punctuated_word for word in alternative.words],
            "times": [[word.start, word.end] for word in alternative.words],
            "confidence": alternative.confidence,
            "paragraphs": alternative.paragraphs.transcript,
            "utterances": [each.transcript for each in answer.results.utterances],
            "metadata": [
                answer.metadata.request_id == bare.metadata.request_id,
                answer.metadata.created.year > 2000,
                answer.metadata.duration,
            ],
            "models": [model.name for model in models.stt],
            "found": [hit.snippet for hit in found.results.channels[0].search[0].hits],
            "late": late.request_id,
            "errors": [
                error_of(
                    lambda: client_with("wrong").listen.v1.media.transcribe_file(request=sound)
                ),
                error_of(lambda: media.transcribe_file(request=sound, multichannel=True)),
                error_of(lambda: media.transcribe_file(request=b"x" * 500)),
                error_of(lambda: media.transcribe_url(url="http://10.0.0.1/a.mp3")),
            ],
        }
    )
)
