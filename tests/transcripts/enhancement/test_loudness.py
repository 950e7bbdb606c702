"""Loudness and peaks, against the reference implementation and the standard's own cases."""

import io
import struct

import av
import numpy as np
import pyloudnorm
import pytest
from scipy.signal import resample_poly

from transcripts.enhancement.limiter import Limiter
from transcripts.enhancement.loudness import LoudnessMeter, PeakMeter, Samples, weights_of
from transcripts.enhancement.wav import GrowingWav

_NO_LAYOUT = "unknown"


def make_programme(*, rate_hz: int, channels: int, seconds: int = 9) -> Samples:
    """Noise that is loud, soft and silent by turns."""
    random = np.random.default_rng(rate_hz + channels)
    levels = np.repeat([0.1, 0.0, 0.4, 0.01, 0.2, 0.0001, 0.3, 0.05, 0.1], rate_hz)
    noise = random.standard_normal((rate_hz * seconds, channels))
    samples: Samples = (0.3 * noise * levels[:, np.newaxis]).astype(np.float32)
    return samples


def measure(samples: Samples, *, rate_hz: int, portion: int = 7_001) -> float:
    meter = LoudnessMeter(rate_hz=rate_hz, weights=weights_of(_NO_LAYOUT, samples.shape[1]))
    for start in range(0, len(samples), portion):
        meter.push(samples[start : start + portion])
    return meter.read_lufs()


def limit(samples: Samples, *, rate_hz: int, gain: float, ceiling: float, portion: int) -> Samples:
    limiter = Limiter(rate_hz=rate_hz, channels=samples.shape[1], gain=gain, ceiling=ceiling)
    made = [
        limiter.push(samples[start : start + portion]) for start in range(0, len(samples), portion)
    ]
    return np.concatenate((*made, limiter.finish()))


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_loudness_is_what_pyloudnorm_measures(rate_hz: int, channels: int) -> None:
    samples = make_programme(rate_hz=rate_hz, channels=channels)
    meter = pyloudnorm.Meter(rate_hz, filter_class="DeMan")
    expected = meter.integrated_loudness(samples.astype(float))
    assert measure(samples, rate_hz=rate_hz) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("level_db", [-23.0, -33.0])
def test_a_tone_of_ebu_tech_3341_has_its_loudness(level_db: float) -> None:
    at_s = np.arange(20 * 48_000) / 48_000
    tone = 10 ** (level_db / 20) * np.sin(2 * np.pi * 1000 * at_s)
    stereo = np.stack((tone, tone), axis=1).astype(np.float32)
    assert measure(stereo, rate_hz=48_000) == pytest.approx(level_db, abs=0.1)


def test_what_is_shorter_than_a_block_has_a_loudness_and_silence_has_none() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(4_800) / 48_000)
    short = tone.astype(np.float32)[:, np.newaxis]
    assert measure(short, rate_hz=48_000) == pytest.approx(-23, abs=1)
    assert measure(np.zeros((48_000, 1), np.float32), rate_hz=48_000) == -np.inf
    assert measure(short[:0], rate_hz=48_000) == -np.inf


def test_the_effects_channel_of_surround_sound_does_not_count() -> None:
    samples = np.zeros((48_000, 6), np.float32)
    samples[:, 3] = np.sin(np.arange(48_000) / 10)
    meter = LoudnessMeter(rate_hz=48_000, weights=weights_of("5.1", 6))
    meter.push(samples)
    assert meter.read_lufs() == -np.inf


def test_a_peak_between_the_samples_is_found() -> None:
    """A sine at a quarter of the rate, sampled at 45 degrees: its samples are 3 dB below it."""
    ramp = np.minimum(1.0, np.arange(48_000) / 4_800)
    sine = 0.5 * ramp * np.sin(np.pi / 2 * np.arange(48_000) + np.pi / 4)
    meter = PeakMeter(channels=1)
    for start in range(0, 48_000, 777):
        meter.push(sine[start : start + 777, np.newaxis].astype(np.float32))
    assert meter.read_dbtp() == pytest.approx(-6.02, abs=0.2)


@pytest.mark.parametrize("rate_hz", [8_000, 44_100])
def test_a_limiter_holds_true_peaks_and_drops_no_sample(rate_hz: int) -> None:
    samples = 0.2 * make_programme(rate_hz=rate_hz, channels=2, seconds=9)
    samples[3 * rate_hz : 3 * rate_hz + 3] = 0.9  # a click
    whole = limit(samples, rate_hz=rate_hz, gain=4, ceiling=0.83, portion=len(samples))
    parts = limit(samples, rate_hz=rate_hz, gain=4, ceiling=0.83, portion=1_003)
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    assert len(whole) == len(samples)
    highest = np.abs(resample_poly(whole, 8, 1, axis=0)).max()
    assert 20 * np.log10(highest) <= -1
    quiet = slice(5 * rate_hz, 6 * rate_hz)  # far from any peak: the gain alone
    np.testing.assert_allclose(whole[quiet], 4 * samples[quiet], atol=1e-6)


@pytest.mark.parametrize(("channels", "layout"), [(1, "mono"), (2, "stereo"), (6, "5.1")])
@pytest.mark.parametrize("frames", [0, 1, 1_001])
def test_a_wav_file_is_read_as_it_was_written(channels: int, layout: str, frames: int) -> None:
    samples = np.linspace(-1, 1, frames * channels, dtype=np.float32).reshape(-1, channels)
    file = io.BytesIO()
    writer = GrowingWav(file, rate_hz=22_050, channels=channels, layout=layout)
    writer.write(samples)
    writer.close()
    file.seek(0)
    with av.open(file, "r") as opened:
        stream = opened.streams.audio[0]
        assert (stream.rate, stream.layout.nb_channels) == (22_050, channels)
        assert channels <= 2 or stream.layout.name == layout
        frames_read = [frame.to_ndarray().reshape(-1, channels) for frame in opened.decode(stream)]
    read = np.concatenate([*frames_read, np.zeros((0, channels))]).astype(np.float64)
    np.testing.assert_allclose(read / 32767, samples, atol=1e-4)


def test_a_wav_file_above_four_gigabytes_is_rf64() -> None:
    file = io.BytesIO()
    writer = GrowingWav(file, rate_hz=48_000, channels=2, layout="stereo")
    writer._frames = 3 << 30
    writer.close()
    head = file.getvalue()
    assert (head[:4], head[12:16]) == (b"RF64", b"ds64")
    assert struct.unpack("<QQQ", head[20:44]) == (12 * (1 << 30) + 72, 12 << 30, 3 << 30)
