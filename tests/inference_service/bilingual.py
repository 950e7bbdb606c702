"""Speech in two languages for a fake engine that separates them, and what it makes of them.

The language is hidden in the lowest bit of each sample: even ones are English, odd ones Czech. The
engine guesses from it as a Whisper does from the sound, tracks languages as the real one does, and
writes every word with the language that it was asked for and the one that was spoken: `en:cs` is
Czech taken for English, which a Whisper translates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from inference_service.engines.asr import (
    LanguageGuess,
    Samples,
    TextSegment,
    TimedWord,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.engines.language_track import place_slices, track_languages
from tests.inference_service.fakes import SAMPLE_RATE_HZ, FakeRecogniser

_BITS = {"en": 0, "cs": 1}
_SAMPLES_PER_FRAME = SAMPLE_RATE_HZ // 50


def speak_in(language: str, pcm: bytes) -> bytes:
    """Return the speech as if it were in that language: `en` or `cs`."""
    samples = np.frombuffer(pcm, "<i2")
    return bytes((samples & ~np.int16(1)) | np.int16(_BITS[language]))


@dataclass(eq=False)
class BilingualRecogniser(FakeRecogniser):
    """`sureness`: the probability that it gives to the language of a slice that is all in one."""

    sureness: float = 0.95
    is_deaf: bool = False
    decoded: list[WindowRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.guess = lambda features: self._guess(np.asarray(features))

    def recognise(self, batch: Sequence[WindowRequest]) -> list[WindowText]:
        super().recognise(batch)
        return [self._process(request) for request in batch]

    def _process(self, request: WindowRequest) -> WindowText:
        samples = np.asarray(request.features)
        probability = 0.0
        if request.options.switch_penalty is not None:
            slices = place_slices(len(samples) // _SAMPLES_PER_FRAME, is_fine=True)
            guesses = [
                self._guess(samples[first * _SAMPLES_PER_FRAME : behind * _SAMPLES_PER_FRAME])
                for first, behind in slices
            ]
            runs = track_languages(slices, guesses, request, known=self.languages).runs
            if len(runs) > 1:
                return WindowText(Verdict.MIXED, languages=runs)
            options = replace(request.options, language=runs[0].language)
            request, probability = replace(request, options=options), runs[0].probability
        self.decoded.append(request)
        words = _make_words(samples, request.options.language)
        if not words or self.is_deaf:
            return WindowText(Verdict.EMPTY)
        segment = TextSegment(
            0.0,
            words[-1].end_s,
            " ".join(word.text for word in words),
            words,
            language=request.options.language,
            language_probability=probability,
        )
        return WindowText(Verdict.ACCEPTED, (segment,))

    def _guess(self, samples: Samples) -> list[LanguageGuess]:
        english = _english_share(samples)
        sure, unsure = self.sureness, 1 - self.sureness
        probability = english * sure + (1 - english) * unsure
        guesses = [LanguageGuess("en", probability), LanguageGuess("cs", 1 - probability)]
        return sorted(guesses, key=lambda guess: -guess.probability)


def _english_share(samples: Samples) -> float:
    bits = np.round(samples * 32768).astype(np.int64) & 1
    return float(1 - bits.mean()) if len(bits) else 1.0


def _make_words(samples: Samples, language: str) -> tuple[TimedWord, ...]:
    """Return a word for each whole half second."""
    half = SAMPLE_RATE_HZ // 2
    return tuple(
        TimedWord(
            f"{language}:{_name(samples[start : start + half])}",
            start / SAMPLE_RATE_HZ,
            (start + half) / SAMPLE_RATE_HZ,
            0.9,
            start > 0,
        )
        for start in range(0, len(samples) - half + 1, half)
    )


def _name(samples: Samples) -> str:
    return "en" if _english_share(samples) > 0.5 else "cs"
