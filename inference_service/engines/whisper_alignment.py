"""Given words as a Whisper's tokens, and the alignment of the tokens as times of the words.

The words are tokenised one by one, so that each has tokens of its own: Whisper's tokenizer cuts
at spaces anyway, and where none is written (or a suffix is a word) its tokens are a little rarer.
"""

from collections.abc import Sequence

import numpy as np
from faster_whisper.tokenizer import Tokenizer

from inference_service.engines.alignment import GivenWord, UnalignableError
from inference_service.engines.asr import TimedWord
from inference_service.engines.whisper_words import AlignedText

# Of the decoder's 448 positions some are taken by the start sequence, "no timestamps" and the end.
MAX_TEXT_TOKENS = 440


def tokenize_words(words: Sequence[GivenWord], tokenizer: Tokenizer) -> list[list[int]]:
    """Return the tokens of each word. Raises UnalignableError where they are too many, or none.

    What is written like one of the model's own marks (`<|en|>`) has no tokens: it is not spoken.
    """
    each = [
        [token for token in tokenizer.encode(_with_space(word, at)) if token < tokenizer.eot]
        for at, word in enumerate(words)
    ]
    count = sum(map(len, each))
    if not count:
        raise UnalignableError("There is nothing in this text that could be spoken.")
    if count > MAX_TEXT_TOKENS:
        raise UnalignableError("This is more text than can be spoken in 30 s.")
    return each


def place_words(
    words: Sequence[GivenWord], tokens: Sequence[Sequence[int]], aligned: AlignedText
) -> tuple[TimedWord, ...]:
    """Return the words with the times of their tokens; none begins before the one in front ends."""
    placed: list[TimedWord] = []
    position = 0
    earliest_s = 0.0
    for word, own in zip(words, tokens, strict=True):
        start_s = max(aligned.token_starts_s[position], earliest_s)
        position += len(own)
        end_s = max(aligned.token_starts_s[position], start_s)
        earliest_s = end_s
        probs = aligned.token_probs[position - len(own) : position]
        confidence = float(np.clip(np.mean(probs), 0, 1)) if len(probs) else 0.0
        placed.append(TimedWord(word.text, start_s, end_s, confidence, word.space_before))
    return tuple(placed)


def _with_space(word: GivenWord, at: int) -> str:
    return f" {word.text}" if word.space_before or at == 0 else word.text
