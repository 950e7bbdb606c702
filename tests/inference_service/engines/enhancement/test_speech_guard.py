"""What an engine takes away comes back where it is speech, and only there."""

from pathlib import Path

import numpy as np
import pytest
from faster_whisper import decode_audio

from inference_service.engines.enhancement import Samples
from inference_service.engines.enhancement.aligned import AlignedStream
from tests.inference_service.engines.enhancement.test_streams import level_db, run

SPEECH = Path(__file__).resolve().parents[3] / "speech" / "clean_01.flac"
LIMIT_DB = 24.0


class Silencer:
    """An engine that leaves nothing."""

    delay, hop = 0, 480

    def push(self, samples: Samples) -> Samples:
        return np.zeros_like(samples)

    def drain(self) -> Samples:
        return np.zeros(0, np.float32)


def silence(samples: Samples, *, rate_hz: int, limit_db: float = LIMIT_DB) -> Samples:
    stream = AlignedStream(Silencer(), limit_db=limit_db, guarded_hz=rate_hz)
    made = run(stream, samples, portion=7_001)
    whole = AlignedStream(Silencer(), limit_db=limit_db, guarded_hz=rate_hz)
    assert np.array_equal(made, run(whole, samples, portion=max(1, len(samples))))
    return made


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_speech_becomes_quieter_by_three_decibels_at_most(rate_hz: int) -> None:
    speech = decode_audio(str(SPEECH), sampling_rate=rate_hz)[: 5 * rate_hz + 77]

    made = silence(speech, rate_hz=rate_hz)

    assert len(made) == len(speech)
    assert level_db(made) >= level_db(speech) - 3.5
    assert level_db(silence(speech, rate_hz=rate_hz, limit_db=100)) < -100


def test_noise_and_hum_lose_what_was_asked_for() -> None:
    at_s = np.arange(5 * 48_000) / 48_000
    noise = 0.1 * np.random.default_rng(1).standard_normal(len(at_s))
    hum = sum(0.1 * np.sin(2 * np.pi * 50 * number * at_s) / number for number in range(1, 9))
    for samples in (noise, hum):
        sent = np.asarray(samples, np.float32)
        lost_db = level_db(sent) - level_db(silence(sent, rate_hz=48_000))
        assert lost_db == pytest.approx(LIMIT_DB, abs=0.1)


@pytest.mark.parametrize("count", [0, 1, 600, 16_384, 40_000])
def test_the_length_of_a_short_one_stays(count: int) -> None:
    assert len(silence(np.zeros(count, np.float32), rate_hz=16_000)) == count
