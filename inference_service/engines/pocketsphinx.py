"""PocketSphinx with the US English model of its wheel: the recogniser that needs no download.

An approximate stand-in: lower case, no punctuation, English only. Its settings are the defaults
(fourteen others were no better). The decoders run in processes of their own: a decoder
holds the GIL, and one uses one core.
"""

import os
import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from inference_service.catalog import ModelEntry
from inference_service.engines.alignment import AlignmentRequest, GivenWord
from inference_service.engines.asr import (
    LanguageGuess,
    Samples,
    TextSegment,
    TimedWord,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.engines.loading import EngineSettings, estimate_memory_bytes
from inference_service.engines.pocketsphinx_alignment import (
    FILLER,
    FRAME_S,
    place_words,
    split_words,
)
from inference_service.engines.pocketsphinx_processes import DecoderProcesses
from inference_service.engines.pocketsphinx_worker import WordSpan

_MAX_PROCESSES = 8
_PHRASE_PAUSE_S = 0.5
# Digital silence gives one word that lasts as long as the silence; no word is spoken so slowly.
_LONGEST_WORD_S = 3.0
_VARIANT = re.compile(r"\(\d+\)$")  # "and(2)": another pronunciation of the same word


class PocketSphinxRecogniser:
    """Decoder processes, each asked by a call of its own; a `Recogniser` and an `Aligner`.

    A window a call: a clip begins on the first process that is free, not when all are.
    """

    engine = "pocketsphinx"
    device = "cpu"
    compute_type = ""
    is_approximate = True
    detects_language = False
    max_batch = 1

    def __init__(self, entry: ModelEntry, settings: EngineSettings) -> None:
        """Start the processes. Raises RuntimeError if one doesn't start."""
        cores = settings.cpu_threads or len(os.sched_getaffinity(0))
        self.max_calls = settings.batch_size or min(cores, _MAX_PROCESSES)
        self.model_id = entry.id
        self.languages = entry.languages
        self.memory_bytes = self.max_calls * estimate_memory_bytes(entry)
        self._processes = DecoderProcesses(self.max_calls)

    def prepare(self, samples: Samples) -> bytes:
        clipped = np.clip(samples, -1.0, 1.0)
        return np.rint(clipped * 32767).astype("<i2").tobytes()

    def batch_key(self, request: WindowRequest) -> Hashable:
        """Anything goes with anything: this engine knows one language and no options."""
        return request.options.task

    def recognise(self, batch: Sequence[WindowRequest]) -> list[WindowText]:
        decoded = self._processes.decode([cast("bytes", request.features) for request in batch])
        return [
            _make_text(spans, duration_s=request.duration_s)
            for spans, request in zip(decoded, batch, strict=True)
        ]

    def check_words(self, words: Sequence[GivenWord], *, language: str) -> None:
        split_words(words)

    def align(self, batch: Sequence[AlignmentRequest]) -> list[tuple[TimedWord, ...]]:
        return [self._align(request) for request in batch]

    def detect_language(self, features: Sequence[object]) -> list[list[LanguageGuess]]:
        """Answer with the one language there is, for each window."""
        return [[LanguageGuess("en", 1.0)] for _ in features]

    def close(self) -> None:
        self._processes.close()

    def _align(self, request: AlignmentRequest) -> tuple[TimedWord, ...]:
        parts = split_words(request.words)
        said = " ".join(part for own in parts for part in own)
        spans = self._processes.align(cast("bytes", request.features), said)
        return place_words(request.words, parts, spans, duration_s=request.duration_s)


def _make_text(spans: Iterable[WordSpan], *, duration_s: float) -> WindowText:
    words = [_make_word(span, duration_s=duration_s) for span in spans if _is_word(span)]
    segments = tuple(_make_segment(phrase) for phrase in _split_at_pauses(words))
    return WindowText(Verdict.ACCEPTED if segments else Verdict.NO_SPEECH, segments)


def _is_word(span: WordSpan) -> bool:
    text, first_frame, last_frame, _ = span
    return not FILLER.match(text) and (last_frame + 1 - first_frame) * FRAME_S < _LONGEST_WORD_S


def _make_word(span: WordSpan, *, duration_s: float) -> TimedWord:
    text, first_frame, last_frame, prob = span
    return TimedWord(
        text=_VARIANT.sub("", text),
        start_s=min(first_frame * FRAME_S, duration_s),
        end_s=min((last_frame + 1) * FRAME_S, duration_s),
        confidence=min(max(prob, 0.0), 1.0),
    )


def _split_at_pauses(words: Sequence[TimedWord]) -> Iterable[list[TimedWord]]:
    """The engine knows no punctuation: a pause is the only end of a phrase."""
    phrase: list[TimedWord] = []
    for word in words:
        if phrase and word.start_s - phrase[-1].end_s >= _PHRASE_PAUSE_S:
            yield phrase
            phrase = []
        phrase.append(word)
    if phrase:
        yield phrase


def _make_segment(words: list[TimedWord]) -> TextSegment:
    first = replace(words[0], space_before=False)
    return TextSegment(
        start_s=first.start_s,
        end_s=words[-1].end_s,
        text=" ".join(word.text for word in words),
        words=(first, *words[1:]),
    )
