"""From Whisper's tokens to phrases and timed words.

Phrases come from the time tokens inside the text, word times from the alignment of cross
attention (Radford et al. 2022; dynamic time warping as in openai/whisper's `timing.py`).
All times are seconds from the start of the window.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import merge_punctuations

from inference_service.engines.asr import TimedWord

SECONDS_PER_TIME_TOKEN = 0.02
_SHORTEST_PHRASE_S = 0.02
# openai/whisper's: what sticks to the next word, and to the one before.
_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"


@dataclass(slots=True)
class Phrase:
    """Text tokens between two time tokens."""

    start_s: float
    end_s: float
    tokens: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AlignedText:
    """What the model's `align` returns for one window: the time of each text token, its
    probability."""

    token_starts_s: Sequence[float]  # (n_tokens + 1,): the last one is the end
    token_probs: Sequence[float]  # (n_tokens,)


def split_into_phrases(
    tokens: Iterable[int], tokenizer: Tokenizer, *, duration_s: float
) -> list[Phrase]:
    """Cut at the time tokens. Text without an end ends with the window: nothing is lost."""
    phrases: list[Phrase] = []
    current = Phrase(0.0, duration_s)
    for token in tokens:
        if token < tokenizer.eot:
            current.tokens.append(token)
        elif token >= tokenizer.timestamp_begin:
            time_s = (token - tokenizer.timestamp_begin) * SECONDS_PER_TIME_TOKEN
            time_s = min(time_s, duration_s)
            if current.tokens:
                phrases.append(replace(current, end_s=time_s))
            current = Phrase(time_s, duration_s)
    return [*phrases, current] if current.tokens else phrases


def find_token_starts(
    alignments: Sequence[tuple[int, int]], *, n_tokens: int, duration_s: float
) -> list[float]:
    """Return when each text token begins, and the end of the last one: (n_tokens + 1,).

    alignments: pairs (text token, encoder frame of 20 ms) along the warping path.
    """
    pairs = np.asarray(alignments, dtype=np.int64).reshape(-1, 2)
    is_first = np.diff(pairs[:, 0], prepend=-1) > 0
    starts = pairs[is_first, 1] * SECONDS_PER_TIME_TOKEN
    end_s = pairs[-1, 1] * SECONDS_PER_TIME_TOKEN if len(pairs) else duration_s
    padded = np.full(n_tokens + 1, end_s)
    padded[: min(len(starts), n_tokens + 1)] = starts[: n_tokens + 1]
    return [float(start) for start in np.minimum(padded, duration_s)]


def time_words(
    phrases: Sequence[Phrase], aligned: AlignedText, tokenizer: Tokenizer
) -> list[tuple[TimedWord, ...]]:
    """Return the words of each phrase; times rise, and every phrase takes some time.

    A phrase that the alignment leaves without any time joins the one before.
    """
    timed: list[tuple[TimedWord, ...]] = []
    first_token = 0
    for phrase in phrases:
        word_tokens = _split_into_words(phrase.tokens, tokenizer)
        earliest_s = timed[-1][-1].end_s if timed else 0.0
        words = _time_phrase(
            phrase, word_tokens, aligned, first_token=first_token, earliest_s=earliest_s
        )
        first_token += len(phrase.tokens)
        if words and timed and words[-1].end_s - words[0].start_s < _SHORTEST_PHRASE_S:
            timed[-1] += (replace(words[0], space_before=True), *words[1:])
        elif words:
            timed.append(tuple(words))
    return timed


def join_words(words: Sequence[TimedWord]) -> str:
    """Join words by their own spacing."""
    return "".join(f" {word.text}" if word.space_before else word.text for word in words)


def _split_into_words(tokens: list[int], tokenizer: Tokenizer) -> list[tuple[str, int]]:
    """Return each word with the number of its tokens; punctuation belongs to its word."""
    texts, token_groups = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    parts = [
        {"word": text, "tokens": group}
        for text, group in zip(texts[:-1], token_groups[:-1], strict=True)
    ]
    merge_punctuations(parts, _PREPENDED, _APPENDED)
    return [(part["word"], len(part["tokens"])) for part in parts if part["tokens"]]


def _time_phrase(
    phrase: Phrase,
    word_tokens: list[tuple[str, int]],
    aligned: AlignedText,
    *,
    first_token: int,
    earliest_s: float,
) -> list[TimedWord]:
    words: list[TimedWord] = []
    position = first_token
    for text, n_tokens in word_tokens:
        start_s = max(aligned.token_starts_s[position], earliest_s)
        end_s = max(aligned.token_starts_s[position + n_tokens], start_s)
        probs = aligned.token_probs[position : position + n_tokens]
        position += n_tokens
        if text.strip():
            has_space = text.startswith(" ") and bool(words)
            words.append(TimedWord(text.strip(), start_s, end_s, _mean(probs), has_space))
    return _bound_by_phrase(words, phrase)


def _bound_by_phrase(words: list[TimedWord], phrase: Phrase) -> list[TimedWord]:
    """Attention reaches into the pauses around a phrase: its time tokens count there.

    Only where they cut a word: the two may contradict each other (measured on the tiny Whisper).
    """
    if words and words[0].start_s < phrase.start_s < words[0].end_s:
        words[0] = replace(words[0], start_s=phrase.start_s)
    if words and words[-1].start_s < phrase.end_s < words[-1].end_s:
        words[-1] = replace(words[-1], end_s=phrase.end_s)
    return words


def _mean(probs: Sequence[float]) -> float:
    return float(np.clip(np.mean(probs), 0, 1)) if len(probs) else 0.0
