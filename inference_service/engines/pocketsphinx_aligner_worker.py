"""The process around one PocketSphinx decoder that aligns: `python -m …`, on pipes.

PocketSphinx holds the GIL while it works (measured: a thread that ticks every 5 ms ticked once in
0.43 s), so it can't live in the server's process. Standard input carries requests of two messages,
each a length (uint32, little-endian) and that many bytes: JSON, the units that are spoken
(each a list of readings, each a list of words, see `spoken_english`), and int16 PCM, mono, 16 kHz.
Standard output carries first READY, then for each request a length and JSON: for each unit its
[first frame, last frame], a frame being 10 ms; or null where they don't fit the sound.

The process ends when its input does, so it never outlives its parent, however that one dies.
"""

import json
import os
import re
import signal
import struct
import sys
from collections.abc import Sequence
from typing import BinaryIO

from pocketsphinx import Decoder

from inference_service.engines.letter_to_sound import pronounce

READY = b"READY"
HEADER = struct.Struct("<I")
FRAME_S = 0.01

Units = Sequence[Sequence[Sequence[str]]]
Frames = tuple[int, int]

_LEAST_BYTES = 2 * 1600  # PocketSphinx refuses an empty utterance, and 0.1 s holds no word
_SILENT = re.compile(r"[<\[+(]")  # <s> <sil> [NOISE] [SPEECH] ++UH++ (NULL)
# Words that were added to the dictionary stay in it; it begins again after so many (a decoder
# without a language model takes 0.09 s and 27 MB).
_MOST_ADDED = 5_000
# One Gaussian a frame and codebook instead of four: as exact (666 words: mean 18.4 ms against
# 21.1), and a quarter cheaper.
_NARROW: dict[str, float] = {"topn": 1}
# The second attempt, where the default beams (1e-48) lost the path: more than twice as expensive,
# and of little use for long windows, in which one wrong phrase closes every path (they are asked
# for again a phrase at a time).
_MOST_WIDE_BYTES = 2 * 16_000 * 15
_WIDE: dict[str, float] = {"topn": 1, "beam": 1e-120, "pbeam": 1e-120, "wbeam": 1e-100}


class SphinxAligner:
    """A decoder that places units of speech. Not thread-safe."""

    def __init__(self) -> None:
        self._decoder = _Decoder(_NARROW)
        self._wide: _Decoder | None = None  # made when it is needed first

    def align(self, units: Units, pcm: bytes) -> list[Frames] | None:
        """Return the frames of each unit, or None where no path through the sound was found."""
        if len(pcm) < _LEAST_BYTES or not units:
            return None
        found = self._decoder.align(units, pcm)
        if found is None and len(pcm) <= _MOST_WIDE_BYTES:
            self._wide = self._wide or _Decoder(_WIDE)
            found = self._wide.align(units, pcm)
        return found


class _Decoder:
    """One of PocketSphinx's, with the words that were added to its dictionary."""

    def __init__(self, options: dict[str, float]) -> None:
        self._options = options
        self._begin_again()

    def _begin_again(self) -> None:
        self._decoder = Decoder(loglevel="FATAL", lm=None, **self._options)
        self._names: dict[str, str] = {}  # readings → the word that was added for them

    def align(self, units: Units, pcm: bytes) -> list[Frames] | None:
        if len(self._names) > _MOST_ADDED:
            self._begin_again()
        return self._search(" ".join(map(self._name, units)), pcm, count=len(units))

    def _search(self, text: str, pcm: bytes, *, count: int) -> list[Frames] | None:
        decoder = self._decoder
        decoder.set_align_text(text)
        # The estimate of the noise outlives an utterance: a window must not depend on those before
        # it (this costs 0.1 ms).
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
        try:
            segments = list(decoder.seg() or ())
        except RuntimeError:  # it found no way through the audio
            return None
        found = [
            (segment.start_frame, segment.end_frame)
            for segment in segments
            if not _SILENT.match(segment.word)
        ]
        return found if len(found) == count else None

    def _name(self, readings: Sequence[Sequence[str]]) -> str:
        """Return a word of the dictionary that sounds like one of these; add one if needed."""
        key = "|".join(" ".join(reading) for reading in readings)
        first = readings[0]
        if len(readings) == 1 and len(first) == 1 and self._decoder.lookup_word(first[0]):
            return first[0]
        known = self._names.get(key)
        if known is None:
            known = self._names[key] = f"~{len(self._names)}"
            sounds = dict.fromkeys(filter(None, map(self._report, readings)))
            for number, phones in enumerate(sounds or ["AH"], start=1):
                name = known if number == 1 else f"{known}({number})"
                self._decoder.add_word(name, phones, False)
        return known

    def _report(self, reading: Sequence[str]) -> str:
        """Return the sounds of a reading: the dictionary's first ones, else by its letters."""
        return " ".join(self._decoder.lookup_word(word) or pronounce(word) for word in reading)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's matter: it drains
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    aligner = SphinxAligner()
    answers.write(READY)
    answers.flush()
    while (readings := read_message(sys.stdin.buffer)) is not None:
        pcm = read_message(sys.stdin.buffer) or b""
        answer = json.dumps(aligner.align(json.loads(readings), pcm)).encode()
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


if __name__ == "__main__":
    main()
