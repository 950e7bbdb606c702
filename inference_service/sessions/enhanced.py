"""A window recognised twice: as it is, and without its noise. The likelier text stays.

Denoising adds errors where a recogniser copes with the noise (Whisper base on white noise at 0 dB:
WER .06 as it is, 2.0 without the noise), and takes them away where it doesn't. So neither is
trusted beforehand: each text is scored by the model's own mean log probability, with what it left
out.
"""

from collections.abc import Awaitable, Callable

import numpy as np

from inference_service.engines.enhancement import LIMITS_DB, Enhancer, Samples, Strength
from inference_service.engines.enhancement.resampled import open_at
from inference_service.priority import Priority
from inference_service.sessions.events import GapReason
from inference_service.sessions.recognition import Recognised, SpeechWindow
from inference_service.sessions.windows import SAMPLE_RATE_HZ, to_float
from inference_service.stages import CpuStages

# What is left out counts as words of this log probability: a text that is short isn't better.
_MISSING_LOGPROB = -1.5
_WORDS_A_SECOND = 2.5
_CLEARLY_BETTER = 0.05
# Where there was no text, noise is easily made into some.
_LEAST_LOGPROB_OF_NEW_TEXT = -0.5


class EnhancedRecognition:
    """Of one session. `windows` and `taken` count."""

    def __init__(self, enhancer: Enhancer, *, stages: CpuStages, priority: Priority) -> None:
        """stages: threads in which enhancers may compute."""
        self._enhancer = enhancer
        self._stages = stages
        self._priority = priority
        self.windows = self.taken = 0

    @property
    def model_id(self) -> str:
        return self._enhancer.model_id

    async def improve(
        self,
        window: SpeechWindow,
        found: Recognised,
        recognise: Callable[[SpeechWindow], Awaitable[Recognised]],
    ) -> Recognised:
        """Return `found`, or the text of the window without its noise where that is likelier."""
        pcm = await self._stages.run(self._priority, self._enhance, to_float(window.pcm))
        cleaned = SpeechWindow((pcm * 32767).astype(np.int16), window.voiced)
        other = await recognise(cleaned)
        self.windows += 1
        if not is_likelier(other, than=found):
            return found
        self.taken += 1
        return other

    def _enhance(self, samples: Samples) -> Samples:
        stream = open_at(
            self._enhancer, source_hz=SAMPLE_RATE_HZ, limit_db=LIMITS_DB[Strength.LIGHT]
        )
        made = np.concatenate((stream.push(samples), stream.finish()))
        return np.clip(made, -1, 1)


def is_likelier(other: Recognised, *, than: Recognised) -> bool:
    """Whether the text of `other` is to be taken in the place of that of `than`."""
    if not other.segments:
        return False
    if not than.segments:
        return _mean_logprob(other) > _LEAST_LOGPROB_OF_NEW_TEXT
    return _score(other) > _score(than) + _CLEARLY_BETTER


def _mean_logprob(recognised: Recognised) -> float:
    words = sum(len(segment.words) for segment in recognised.segments)
    total = sum(segment.avg_logprob * len(segment.words) for segment in recognised.segments)
    return total / max(1, words)


def _score(recognised: Recognised) -> float:
    words = sum(len(segment.words) for segment in recognised.segments)
    missing_s = sum(
        gap.end_s - gap.start_s for gap in recognised.gaps if gap.reason is not GapReason.NOT_SPEECH
    )
    missing = _WORDS_A_SECOND * missing_s
    whole = _mean_logprob(recognised) * words + _MISSING_LOGPROB * missing
    return whole / max(1.0, words + missing)
