"""The quality gate: which decoded windows to accept, which to decode again, which to examine.

Pure. The thresholds are those of Whisper (Radford et al. 2022, section 4.5, and the defaults of
openai/whisper's `transcribe`), except for the one on stationary sound, which is ours.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference_service.engines.asr import Verdict

MAX_COMPRESSION_RATIO = 2.4
MIN_AVG_LOGPROB = -1.0
MAX_NO_SPEECH_PROB = 0.6
# Ours, measured as `is_stationary` does: tones, chords, hum, white and pink noise 0.00-0.05;
# speech 0.22 and more when clean, 0.11 in white noise at 5 dB, 0.09 at 0 dB (120 phrases).
MIN_VARIATION = 0.06
_SMOOTHED_FRAMES = 7
_SHORTEST_JUDGED_FRAMES = 50


@dataclass(frozen=True, slots=True)
class Scores:
    """How the decoder scores its text. `avg_logprob` is the mean over tokens, ≤ 0."""

    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


def judge(text: str, scores: Scores, *, is_last_attempt: bool) -> Verdict:
    """Return what to do with a window's text.

    Improbable text is accepted at the last attempt, as Whisper does: its words carry their low
    confidence. Text that repeats itself is not discarded here: people do too (counting, prayers,
    announcements), and no statistic of the text knows (`sessions.repetition` asks the sound).
    """
    if scores.no_speech_prob > MAX_NO_SPEECH_PROB and scores.avg_logprob < MIN_AVG_LOGPROB:
        return Verdict.NO_SPEECH
    if not text:
        return Verdict.NO_SPEECH if scores.no_speech_prob > MAX_NO_SPEECH_PROB else Verdict.EMPTY
    if scores.compression_ratio > MAX_COMPRESSION_RATIO:
        return Verdict.REPETITION
    if scores.avg_logprob < MIN_AVG_LOGPROB and not is_last_attempt:
        return Verdict.RETRY
    return Verdict.ACCEPTED


def compute_compression_ratio(text: str) -> float:
    """Return how many times smaller zlib makes the text; looping text is above 2.4."""
    encoded = text.encode()
    return len(encoded) / len(zlib.compress(encoded))


def is_stationary(mel: npt.NDArray[np.float32], *, start_s: float, end_s: float) -> bool:
    """Return whether the sound hardly changes from start to end: a tone, a hum, steady noise.

    No one speaks without a changing spectrum, so text found there was made up, however sure the
    decoder is of it. mel: float32 (n_mels, n_frames of 10 ms), as Whisper's log-mel. Intervals
    below 0.5 s are judged with what is around them.
    """
    margin = max(_SHORTEST_JUDGED_FRAMES - round(100 * (end_s - start_s)), 0) // 2
    first = max(min(round(100 * start_s) - margin, mel.shape[1] - _SHORTEST_JUDGED_FRAMES), 0)
    frames = mel[:, first : max(round(100 * end_s) + margin, first + _SHORTEST_JUDGED_FRAMES)]
    if frames.shape[1] < _SHORTEST_JUDGED_FRAMES:
        return False
    sums = np.cumsum(frames, axis=1)
    smooth = (sums[:, _SMOOTHED_FRAMES:] - sums[:, :-_SMOOTHED_FRAMES]) / _SMOOTHED_FRAMES
    return float(np.quantile(smooth.std(axis=1), 0.9)) < MIN_VARIATION
