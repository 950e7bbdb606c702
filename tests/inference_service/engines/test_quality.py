"""Which texts are accepted."""

import numpy as np
import pytest

from inference_service.engines.asr import Verdict
from inference_service.engines.quality import (
    Scores,
    compute_compression_ratio,
    is_stationary,
    judge,
)

GOOD = Scores(avg_logprob=-0.3, compression_ratio=1.3, no_speech_prob=0.1)
IMPROBABLE = Scores(avg_logprob=-1.1, compression_ratio=1.3, no_speech_prob=0.1)
LOOPING = Scores(avg_logprob=-0.1, compression_ratio=2.5, no_speech_prob=0.1)
SILENT = Scores(avg_logprob=-1.1, compression_ratio=2.5, no_speech_prob=0.7)
SURE_IN_SILENCE = Scores(avg_logprob=-0.3, compression_ratio=1.3, no_speech_prob=0.9)


@pytest.mark.parametrize(
    ("text", "scores", "first", "last"),
    [
        ("Hello.", GOOD, Verdict.ACCEPTED, Verdict.ACCEPTED),
        ("Hello.", IMPROBABLE, Verdict.RETRY, Verdict.ACCEPTED),
        ("no no no", LOOPING, Verdict.REPETITION, Verdict.REPETITION),
        ("Thank you.", SILENT, Verdict.NO_SPEECH, Verdict.NO_SPEECH),
        ("Hello.", SURE_IN_SILENCE, Verdict.ACCEPTED, Verdict.ACCEPTED),
        ("", GOOD, Verdict.EMPTY, Verdict.EMPTY),
        ("", SURE_IN_SILENCE, Verdict.NO_SPEECH, Verdict.NO_SPEECH),
    ],
)
def test_the_gate_follows_whispers_thresholds(
    text: str, scores: Scores, first: Verdict, last: Verdict
) -> None:
    assert judge(text, scores, is_last_attempt=False) is first
    assert judge(text, scores, is_last_attempt=True) is last


def test_only_looping_text_compresses_beyond_the_threshold() -> None:
    assert compute_compression_ratio("we agree with everyone " * 10) > 2.4
    assert compute_compression_ratio("The next meeting is on Friday, at noon.") < 2.4


def test_sound_is_stationary_only_while_it_does_not_change() -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, (80, 400)).astype(np.float32)
    syllables = noise + 0.5 * (np.arange(400) % 25 < 12).astype(np.float32)
    changing_late = np.concatenate([noise, syllables], axis=1)

    assert is_stationary(noise, start_s=0, end_s=4)
    assert is_stationary(changing_late, start_s=0, end_s=3.5)
    assert not is_stationary(changing_late, start_s=4, end_s=8)
    assert not is_stationary(syllables, start_s=1, end_s=1.1)


def test_too_short_a_sound_is_never_called_stationary() -> None:
    assert not is_stationary(np.zeros((80, 20), np.float32), start_s=0, end_s=0.2)
