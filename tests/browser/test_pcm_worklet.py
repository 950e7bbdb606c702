"""What the audio worklet makes of a sound: its rate, its pitch, and nothing that wasn't there."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page

from tests.browser.conftest import StartBrowser, serve_folder
from tests.e2e.processes import ROOT

pytestmark = pytest.mark.browser

STATIC = ROOT / "transcripts" / "live" / "static"
RATES_HZ = (8_000, 16_000, 22_050, 44_100, 48_000, 96_000)

RESAMPLE = """async ({rateHz, samples, block}) => {
  const { Resampler } = await import("/pcm-worklet.js");
  const resampler = new Resampler(rateHz), out = [];
  for (let i = 0; i < samples.length; i += block)
    out.push(...resampler.push(Float32Array.from(samples.slice(i, i + block))));
  return [...out, ...resampler.flush()];
}"""

# The worklet itself, fed with a sound of that rate and made to flush once all is rendered.
RUN_WORKLET = """async ({rateHz, samples}) => {
  const context = new OfflineAudioContext(1, samples.length + 2 * rateHz, rateHz);
  await context.audioWorklet.addModule("/pcm-worklet.js");
  const node = new AudioWorkletNode(context, "pcm");
  const frames = [];
  const isOver = new Promise((resolve) => node.port.onmessage = ({data}) =>
    data.isLast ? resolve() : frames.push({pcm: [...new Int16Array(data.pcm)], level: data.level}));
  const buffer = context.createBuffer(1, samples.length, rateHz);
  buffer.copyToChannel(Float32Array.from(samples), 0);
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(node).connect(context.destination);
  source.start();
  await context.startRendering();
  node.port.postMessage("flush");
  await isOver;
  return frames;
}"""


@pytest.fixture(scope="module")
def page(start_browser: StartBrowser) -> Iterator[Page]:
    with serve_folder(STATIC) as url:
        page = start_browser(None).new_page()
        page.goto(url)
        yield page


def tone(frequency_hz: float, *, rate_hz: int, seconds: float = 0.5) -> NDArray[np.float64]:
    times = np.arange(round(rate_hz * seconds)) / rate_hz
    wave: NDArray[np.float64] = 0.5 * np.sin(2 * np.pi * frequency_hz * times)
    return wave


def resample(
    page: Page, samples: NDArray[np.float64], *, rate_hz: int, block: int = 128
) -> NDArray[np.float64]:
    request = {"rateHz": rate_hz, "samples": samples.tolist(), "block": block}
    return np.array(page.evaluate(RESAMPLE, request))


def middle(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the ends, where the filter looks into the silence around the sound."""
    return samples[1_000:-1_000]


def rms_db(samples: NDArray[np.float64]) -> float:
    return 10 * math.log10(float(np.mean(samples**2)) + 1e-20)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_tone_stays_the_same_tone_at_the_same_time(page: Page, rate_hz: int) -> None:
    for frequency_hz in (100.0, 1_000.0, 3_400.0, 0.85 * min(rate_hz, 16_000) / 2):
        output = resample(page, tone(frequency_hz, rate_hz=rate_hz), rate_hz=rate_hz)

        meant = tone(frequency_hz, rate_hz=16_000)
        assert len(output) == len(meant)
        assert rms_db(middle(output - meant)) < rms_db(meant) - 60, frequency_hz


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000, 96_000])
def test_what_16_khz_cannot_carry_does_not_fold_back(page: Page, rate_hz: int) -> None:
    for frequency_hz in (8_050.0, 9_000.0, 10_900.0, rate_hz * 0.49):
        sound = tone(frequency_hz, rate_hz=rate_hz)

        output = resample(page, sound, rate_hz=rate_hz)

        assert rms_db(middle(output)) < rms_db(sound) - 70, frequency_hz


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_constant_stays_what_it_is(page: Page, rate_hz: int) -> None:
    output = resample(page, np.full(rate_hz, 0.25), rate_hz=rate_hz)

    assert np.allclose(middle(output), 0.25, atol=1e-5)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_the_parts_that_sound_arrives_in_make_no_difference(page: Page, rate_hz: int) -> None:
    noise = np.random.default_rng(7).uniform(-0.5, 0.5, rate_hz)

    whole = resample(page, noise, rate_hz=rate_hz, block=rate_hz)

    for block in (1, 127, 128, 20_000):
        parts = resample(page, noise, rate_hz=rate_hz, block=block)
        assert np.array_equal(parts, whole)


@pytest.mark.parametrize(("length", "expected"), [(0, 0), (1, 1), (3, 1), (4, 2), (48_001, 16_001)])
def test_each_length_gives_a_sample_for_each_started_sixteenth_of_a_millisecond(
    page: Page, length: int, expected: int
) -> None:
    assert len(resample(page, np.zeros(length), rate_hz=48_000)) == expected


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_the_worklet_hands_frames_of_a_tenth_of_a_second_over(page: Page, rate_hz: int) -> None:
    sound = tone(440, rate_hz=rate_hz, seconds=1.23)

    frames: list[dict[str, Any]] = page.evaluate(
        RUN_WORKLET, {"rateHz": rate_hz, "samples": sound.tolist()}
    )

    pcm = np.concatenate([frame["pcm"] for frame in frames]) / 32_767
    meant = tone(440, rate_hz=16_000, seconds=1.23)
    assert {len(frame["pcm"]) for frame in frames[:-1]} == {1_600}
    assert rms_db(pcm[1_000 : len(meant) - 1_000] - middle(meant)) < -60
    # Half of full scale is -9 dBFS.
    assert frames[5]["level"] == pytest.approx(1 - 9.03 / 60, abs=0.01)


def test_too_loud_a_sound_is_clipped_not_wrapped_around(page: Page) -> None:
    samples = [2.0] * 1_600 + [-2.0] * 1_600
    frames: list[dict[str, Any]] = page.evaluate(
        RUN_WORKLET, {"rateHz": 16_000, "samples": samples}
    )

    assert set(frames[0]["pcm"]) == {32_767}
    assert set(frames[1]["pcm"]) == {-32_768}
