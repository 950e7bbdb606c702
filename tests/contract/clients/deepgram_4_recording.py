"""Run by a real `deepgram-sdk` 4, in an environment of its own: BASE_URL, KEY, RECORDING.

Prints what it got as one line of JSON; the test reads it.
"""

import json
import sys
from pathlib import Path

from deepgram import DeepgramClient, DeepgramClientOptions, PrerecordedOptions
from deepgram.clients.common.v1.errors import DeepgramApiError

base_url, key, recording = sys.argv[1:]
source = {"buffer": Path(recording).read_bytes()}


def client_with(api_key):
    return DeepgramClient(api_key, DeepgramClientOptions(url=base_url)).listen.rest.v("1")


def error_of(call):
    try:
        call()
    except DeepgramApiError as error:
        return [type(error).__name__, str(error.status)]


rest = client_with(key)
options = PrerecordedOptions(
    model="nova-2", language="en", punctuate=True, diarize=True, utterances=True
)
answer = rest.transcribe_file(source, options)
alternative = answer.results.channels[0].alternatives[0]
print(
    json.dumps(
        {
            "text": alternative.transcript,
            "words": [word.punctuated_word for word in alternative.words],
            "speakers": sorted(
                {word.speaker for word in alternative.words if word.speaker is not None}
            ),
            "duration": answer.metadata.duration,
            "errors": [
                error_of(lambda: client_with("wrong").transcribe_file(source, options)),
                error_of(
                    lambda: rest.transcribe_file(source, PrerecordedOptions(multichannel=True))
                ),
            ],
        }
    )
)
