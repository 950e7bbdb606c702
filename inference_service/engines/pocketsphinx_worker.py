"""The process around one PocketSphinx decoder: `python -m …pocketsphinx_worker`, on pipes.

PocketSphinx holds the GIL while it decodes (measured: a thread that ticks every 5 ms stood still
for the whole of it), so it can't live in the server's process. Standard input carries requests of
two messages, each a length (uint32, little-endian) and that many bytes: the words that are said
(UTF-8; none: they are to be recognised), and int16 PCM, mono, 16 kHz. Standard
output carries first the word READY, then for each request a length and a JSON list of
[word, first frame, last frame, probability], a frame being 10 ms.

The process ends when its input does, so it never outlives its parent, however that one dies.
"""

import json
import os
import signal
import struct
import sys
from typing import BinaryIO

from pocketsphinx import Decoder

READY = b"READY"
HEADER = struct.Struct("<I")
_LEAST_BYTES = 2 * 1600  # PocketSphinx refuses an empty utterance, and 0.1 s holds no word

WordSpan = tuple[str, int, int, float]


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's matter: it drains
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    decoder = Decoder(loglevel="FATAL")
    answers.write(READY)
    answers.flush()
    while (said := read_message(sys.stdin.buffer)) is not None:
        pcm = read_message(sys.stdin.buffer) or b""
        spans = _align(decoder, said.decode(), pcm) if said else _decode(decoder, pcm)
        answer = json.dumps(spans).encode()
        answers.write(HEADER.pack(len(answer)) + answer)
        answers.flush()


def read_message(stream: BinaryIO) -> bytes | None:
    """Return the next message, or None where the stream has ended."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (n_bytes,) = HEADER.unpack(header)
    message = stream.read(n_bytes)
    return message if len(message) == n_bytes else None


def _align(decoder: Decoder, said: str, pcm: bytes) -> list[WordSpan]:
    """Place the words, all of its dictionary; empty where they don't fit the audio."""
    decoder.set_align_text(said)
    try:
        return _decode(decoder, pcm)
    except RuntimeError:  # it found no way through the audio
        return []
    finally:
        decoder.activate_search()  # what recognises again


def _decode(decoder: Decoder, pcm: bytes) -> list[WordSpan]:
    if len(pcm) < _LEAST_BYTES:
        return []
    # The estimate of the noise outlives an utterance, and confidences change with it: a window
    # must not depend on those before it (measured; this costs 0.1 ms).
    decoder.reinit_feat()
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    if decoder.hyp() is None:
        return []
    return [
        (span.word, span.start_frame, span.end_frame, float(span.prob)) for span in decoder.seg()
    ]


if __name__ == "__main__":
    main()
