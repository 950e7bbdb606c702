"""What every enhancer promises: as many samples back, each at its place, in any portions."""

import numpy as np
import pytest

from inference_service.engines.enhancement import EnhancerStream, Samples
from inference_service.engines.enhancement.resampled import Resampler, open_at
from inference_service.engines.enhancement.stationary import WienerEnhancer

RATE_HZ = 16_000


def make_voice(seconds: float, *, rate_hz: int = RATE_HZ) -> Samples:
    """A tone that comes and goes like syllables: what is not steady must pass."""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    syllables = np.maximum(0.0, np.sin(2 * np.pi * 2.1 * at_s)) ** 2
    voice = sum(np.sin(2 * np.pi * 170 * n * at_s + n) / n for n in range(1, 12))
    return (0.2 * syllables * voice).astype(np.float32)


def run(stream: EnhancerStream, samples: Samples, *, portion: int) -> Samples:
    made = [
        stream.push(samples[start : start + portion]) for start in range(0, len(samples), portion)
    ]
    return np.concatenate((*made, stream.finish()))


def level_db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples.astype(float) ** 2) + 1e-12))


@pytest.mark.parametrize("source_hz", [8_000, 11_025, 16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("count", [0, 1, 700, 30_011])
def test_as_many_samples_come_back_as_came_at_any_rate(source_hz: int, count: int) -> None:
    samples = make_voice(5, rate_hz=source_hz)[:count]
    stream = open_at(WienerEnhancer(), source_hz=source_hz, limit_db=24)
    assert len(run(stream, samples, portion=977)) == count


def test_portions_give_what_one_pass_gives() -> None:
    noise = 0.02 * np.random.default_rng(1).standard_normal(8 * RATE_HZ).astype(np.float32)
    samples = make_voice(8) + noise
    whole = run(WienerEnhancer().open(rate_hz=RATE_HZ, limit_db=24), samples, portion=len(samples))
    parts = run(WienerEnhancer().open(rate_hz=RATE_HZ, limit_db=24), samples, portion=501)
    np.testing.assert_array_equal(parts, whole)


def test_steady_noise_goes_and_a_voice_stays_where_it_was() -> None:
    voice = make_voice(10)
    noise = 0.03 * np.random.default_rng(2).standard_normal(len(voice)).astype(np.float32)
    made = run(WienerEnhancer().open(rate_hz=RATE_HZ, limit_db=24), voice + noise, portion=4000)
    pauses = np.convolve(np.abs(voice), np.ones(800), "same") < 0.5
    assert level_db(made[pauses]) < level_db(noise[pauses]) - 8
    middle = slice(3 * RATE_HZ, 6 * RATE_HZ)
    lags = range(-40, 41)
    overlap = [float(np.dot(np.roll(made, -lag)[middle], voice[middle])) for lag in lags]
    assert lags[int(np.argmax(overlap))] == 0


@pytest.mark.parametrize("limit_db", [6.0, 12.0])
def test_nothing_becomes_quieter_than_the_limit(limit_db: float) -> None:
    noise = 0.1 * np.random.default_rng(3).standard_normal(8 * RATE_HZ).astype(np.float32)
    made = run(WienerEnhancer().open(rate_hz=RATE_HZ, limit_db=limit_db), noise, portion=3000)
    assert level_db(noise) - limit_db - 0.5 < level_db(made) < level_db(noise) - limit_db / 2


def test_silence_stays_silence() -> None:
    silence = np.zeros(3 * RATE_HZ, np.float32)
    made = run(WienerEnhancer().open(rate_hz=RATE_HZ, limit_db=100), silence, portion=1000)
    assert not made.any()


@pytest.mark.parametrize(
    ("source_hz", "target_hz"), [(44_100, 48_000), (8_000, 16_000), (96_000, 48_000)]
)
def test_a_tone_stays_in_its_place_at_another_rate(source_hz: int, target_hz: int) -> None:
    there = Resampler(from_hz=source_hz, to_hz=target_hz)
    tone = np.sin(2 * np.pi * 997 * np.arange(source_hz) / source_hz).astype(np.float32)
    made = np.concatenate((there.push(tone), there.finish()))
    expected = np.sin(2 * np.pi * 997 * np.arange(target_hz) / target_hz)
    edge = target_hz // 20
    np.testing.assert_allclose(made[edge:-edge], expected[edge:-edge], atol=1e-4)
