"""What becomes of a model's samples before they are 16-bit PCM."""

import numpy as np
import pytest

from inference_service.engines.voice.pauses import join_parts

RATE_HZ = 24_000


@pytest.mark.parametrize("loudest", [0.5, 0.95, 1.4])
def test_what_is_too_loud_is_turned_down_and_not_cut_off(loudest: float) -> None:
    tone = (loudest * np.sin(np.arange(RATE_HZ) / 10)).astype(np.float32)
    made = join_parts([tone], sample_rate_hz=RATE_HZ, is_last=True)
    assert np.abs(made).max() == pytest.approx(min(loudest, 0.891), abs=0.001)
    shape = made / np.abs(made).max() * loudest
    assert shape == pytest.approx(tone[: len(made)], abs=0.001)


def test_a_sentence_without_sound_is_empty() -> None:
    assert not len(join_parts([], sample_rate_hz=RATE_HZ, is_last=True))
    assert not len(join_parts([np.zeros(99, np.float32)], sample_rate_hz=RATE_HZ, is_last=True))
