"""Given words as words of PocketSphinx's dictionary, and its spans as times of the words."""

import functools
import re
from collections.abc import Sequence
from pathlib import Path

import pocketsphinx

from inference_service.engines.alignment import GivenWord, UnalignableError
from inference_service.engines.asr import TimedWord

WordSpan = tuple[str, int, int, float]  # word, first frame, last frame, probability
FRAME_S = 0.01
_SPOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*'?")
FILLER = re.compile(r"[<\[+]")  # <s> <sil> [NOISE] [SPEECH] ++UH++


def split_words(words: Sequence[GivenWord]) -> list[list[str]]:
    """Return what the dictionary calls each word ("know-how": two, a dash: none).

    Raises UnalignableError where one isn't in it, or nothing is spoken.
    """
    known = _read_dictionary()
    each = [_SPOKEN.findall(word.text.lower().replace("’", "'")) for word in words]
    missing = [part for parts in each for part in parts if part not in known]
    if missing:
        raise UnalignableError(f"This model has no pronunciation for {missing[0]!r:.50}.")
    if not any(each):
        raise UnalignableError("There is nothing in this text that could be spoken.")
    return each


def place_words(
    words: Sequence[GivenWord],
    parts: Sequence[Sequence[str]],
    spans: Sequence[WordSpan],
    *,
    duration_s: float,
) -> tuple[TimedWord, ...]:
    """Return the words with the times of their parts. Raises UnalignableError."""
    spoken = iter([span for span in spans if not FILLER.match(span[0])])
    placed: list[TimedWord] = []
    last_s = 0.0
    for word, own in zip(words, parts, strict=True):
        heard = [span for _, span in zip(own, spoken, strict=False)]
        if len(heard) < len(own):
            raise UnalignableError("These words don't fit the audio.")
        start_s = min(heard[0][1] * FRAME_S, duration_s) if heard else last_s
        end_s = min((heard[-1][2] + 1) * FRAME_S, duration_s) if heard else last_s
        last_s = end_s
        probability = sum(span[3] for span in heard) / max(1, len(heard))
        confidence = min(max(probability, 0.0), 1.0)
        placed.append(TimedWord(word.text, start_s, end_s, confidence, word.space_before))
    return tuple(placed)


@functools.lru_cache(maxsize=1)
def _read_dictionary() -> frozenset[str]:
    """The words that the model of the wheel can pronounce: 134,000, once for the process."""
    path = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
    return frozenset(line.split(maxsplit=1)[0] for line in path.read_text().splitlines() if line)
