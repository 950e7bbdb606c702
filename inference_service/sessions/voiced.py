"""Words trimmed to the voice: an alignment leaves no time between words, so pauses end up in them.

(Dynamic time warping gives every frame to some token: the first word begins with the audio and
the last one ends with it, silence included.)
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from inference_service.engines.asr import Samples, TimedWord
from inference_service.engines.vad import FRAME_SAMPLES, SpeechDetector

FRAME_S = 0.032
# Lower than what finds speech (Silero's 0.5): speech is known to be here, and the quiet beginning
# of a word is part of it. Measured on six recordings: speech begins within 0.07 s of the truth.
_THRESHOLD = 0.2
_MARGIN_S = 2 * FRAME_S


Voiced = npt.NDArray[np.bool_]  # (n_frames,), of 32 ms


def detect_voice(samples: Samples) -> Voiced:
    """Return in which frames (of 32 ms) someone speaks. 3.6 ms for a second of audio."""
    missing = -len(samples) % FRAME_SAMPLES
    probabilities = SpeechDetector().push(np.pad(samples, (0, missing)))
    return probabilities >= _THRESHOLD


def trim_to_voice(words: Sequence[TimedWord], voiced: Voiced) -> tuple[TimedWord, ...]:
    """Return the words with the silence at their ends cut off; what is all silence stays."""
    return tuple(_trim(word, voiced) for word in words)


def is_voiced(voiced: Voiced, start_s: float, end_s: float) -> bool:
    """Return whether anything is voiced in the interval, or within a frame of it."""
    first = max(0, int(start_s / FRAME_S) - 1)
    return bool(voiced[first : int(np.ceil(end_s / FRAME_S)) + 1].any())


def _trim(word: TimedWord, voiced: Voiced) -> TimedWord:
    first, behind = int(word.start_s / FRAME_S), int(np.ceil(word.end_s / FRAME_S))
    frames = np.flatnonzero(voiced[first:behind])
    if not len(frames):
        return word
    begins_s = float(first + frames[0]) * FRAME_S - _MARGIN_S
    ends_s = float(first + frames[-1] + 1) * FRAME_S + _MARGIN_S
    return replace(word, start_s=max(word.start_s, begins_s), end_s=min(word.end_s, ends_s))
