"""From any recording to its WAV file, around an engine that gives back what it gets."""

import threading
import tracemalloc
import uuid
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from tests.e2e.processes import wait_until
from tests.transcripts.fake_inference import EnhanceScript, FakeInference
from tests.transcripts.media.recordings import RECIPES, Recipe, make_recording, noise, silence
from transcripts.enhancement.lease import EnhancementLease
from transcripts.enhancement.loudness import LoudnessMeter, PeakMeter, Samples, weights_of
from transcripts.enhancement.make import Enhanced, Work, make_enhanced
from transcripts.inference.errors import BrokenAnswerError, UnavailableError
from transcripts.inference.servers import Server
from transcripts.jobs.lease import LeaseEnd, LeaseLostError
from transcripts.media import MediaError, OriginalDecoder


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeInference]:
    with FakeInference() as fake:
        yield fake


def make(
    path: Path,
    engine: FakeInference,
    *,
    target_lufs: float = -16,
    lease: EnhancementLease | None = None,
) -> tuple[Enhanced, Path]:
    target = path.parent / "made.wav"
    work = Work(
        source=path,
        scratch=path.parent / "scratch.raw",
        target=target,
        strength="standard",
        target_lufs=target_lufs,
        is_short=True,
        server=Server(target=engine.target),
    )
    lease = lease or EnhancementLease(uuid.uuid4(), 1, lasts_s=60)
    made = make_enhanced(work, lease=lease, note_progress=lambda _: lease.check())
    assert not work.scratch.exists()
    return made, target


def read_all(path: Path) -> Samples:
    decoder = OriginalDecoder(path)
    try:
        return np.concatenate(list(decoder))
    finally:
        decoder.close()


def write_wav(path: Path, samples: Samples, *, rate_hz: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((samples.shape[1], 2, rate_hz, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_container_comes_back_with_its_length_rate_channels_and_place(
    name: str, tmp_path: Path, engine: FakeInference
) -> None:
    path = make_recording(tmp_path / f"in.{name}", RECIPES[name], source=noise)
    sent = read_all(path)
    made, target = make(path, engine)
    got = read_all(target)
    with av.open(str(target)) as opened:
        stream = opened.streams.audio[0]
        assert (stream.rate, stream.layout.nb_channels) == (made.shape.rate_hz, sent.shape[1])
    assert made.shape.rate_hz == RECIPES[name].rate_hz
    assert not made.warnings
    assert got.shape == sent.shape
    middle = slice(len(sent) // 4, len(sent) // 2)
    overlap = [
        float(np.sum(np.roll(got, -lag, axis=0)[middle] * sent[middle])) for lag in range(-9, 10)
    ]
    assert int(np.argmax(overlap)) == 9  # no delay


@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6)])
def test_channels_stay_apart(
    layout: str, channels: int, tmp_path: Path, engine: FakeInference
) -> None:
    recipe = Recipe("FLAC", "flac", "flac", layout=layout, rate_hz=44_100)
    path = make_recording(tmp_path / "in.flac", recipe, source=noise)
    made, target = make(path, engine)
    assert (made.shape.channels, read_all(target).shape[1]) == (channels, channels)
    assert engine.enhanced[-1].channels == channels


@pytest.mark.parametrize("target_lufs", [-16.0, -23.0])
@pytest.mark.parametrize("level", [0.02, 0.9])
def test_speech_comes_out_as_loud_as_it_should_be(
    level: float, target_lufs: float, tmp_path: Path, engine: FakeInference
) -> None:
    rate_hz = 16_000
    random = np.random.default_rng(1)
    syllables = np.maximum(0, np.sin(2 * np.pi * 3 * np.arange(8 * rate_hz) / rate_hz))
    samples = (level * 0.3 * syllables * random.standard_normal(8 * rate_hz)).astype(np.float32)
    samples[4 * rate_hz : 4 * rate_hz + 4] = min(1.0, 20 * level)  # a click
    path = write_wav(tmp_path / "in.wav", samples[:, np.newaxis], rate_hz=rate_hz)
    made, target = make(path, engine, target_lufs=target_lufs)
    got = read_all(target)
    meter = LoudnessMeter(rate_hz=rate_hz, weights=weights_of("mono", 1))
    peaks = PeakMeter(channels=1)
    meter.push(got)
    peaks.push(got)
    assert meter.read_lufs() == pytest.approx(target_lufs, abs=0.5)
    assert meter.read_lufs() == pytest.approx(made.lufs, abs=0.05)
    assert peaks.read_dbtp() <= -1


def test_clipped_speech_is_turned_down_below_the_ceiling(
    tmp_path: Path, engine: FakeInference
) -> None:
    square = np.sign(np.sin(2 * np.pi * 200 * np.arange(3 * 8_000) / 8_000)).astype(np.float32)
    path = write_wav(tmp_path / "in.wav", square[:, np.newaxis], rate_hz=8_000)
    made, _ = make(path, engine)
    assert made.lufs == pytest.approx(-16, abs=0.5)
    assert made.true_peak_db is not None
    assert made.true_peak_db <= -1


def test_silence_stays_silence(tmp_path: Path, engine: FakeInference) -> None:
    path = make_recording(tmp_path / "in.flac", RECIPES["flac"], source=silence)
    made, target = make(path, engine)
    assert (made.lufs_before, made.lufs) == (None, None)
    assert not read_all(target).any()


def test_memory_does_not_grow_with_the_recording(tmp_path: Path, engine: FakeInference) -> None:
    peaks = []
    for seconds in (20, 120):
        samples = np.zeros((seconds * 8_000, 1), np.float32)
        samples[::100] = 0.3
        path = write_wav(tmp_path / f"{seconds}.wav", samples, rate_hz=8_000)
        del samples
        tracemalloc.start()
        make(path, engine)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 4_000_000


def test_the_nearest_loudness_stands_where_the_target_is_out_of_reach(
    tmp_path: Path, engine: FakeInference
) -> None:
    """At the limiter's bound more gain brings the quiet half above the gate: the whole gets less
    loud."""
    random = np.random.default_rng(1)
    rate_hz = 16_000
    clicks = random.standard_normal(20 * rate_hz) * (random.random(20 * rate_hz) < 0.02)
    samples = (np.repeat([0.03, 0.3], 10 * rate_hz) * clicks).astype(np.float32)
    path = write_wav(tmp_path / "in.wav", samples[:, np.newaxis], rate_hz=rate_hz)
    made, target = make(path, engine)
    meter = LoudnessMeter(rate_hz=rate_hz, weights=weights_of("mono", 1))
    meter.push(read_all(target))
    assert meter.read_lufs() == pytest.approx(made.lufs, abs=0.05)
    # Of the gains that were looked at by hand, 6 dB gives −22.0, 12 dB −24.5 and 27 dB −21.9.
    assert made.lufs is not None
    assert made.lufs > -22.6


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (EnhanceScript(chunks=1), UnavailableError),
        (EnhanceScript(loses=3), BrokenAnswerError),
        (EnhanceScript(gain=float("inf")), BrokenAnswerError),
    ],
)
def test_an_engine_that_ends_in_mid_call_leaves_nothing_behind(
    script: EnhanceScript, error: type[Exception], tmp_path: Path, engine: FakeInference
) -> None:
    path = make_recording(tmp_path / "in.wav", RECIPES["wav"], seconds=30)
    engine.enhance_scripts.append(script)
    with pytest.raises(error):
        make(path, engine)
    assert [each.name for each in tmp_path.iterdir()] == ["in.wav"]


def test_the_end_of_the_lease_ends_the_call(tmp_path: Path, engine: FakeInference) -> None:
    path = make_recording(tmp_path / "in.wav", RECIPES["wav"], seconds=30)
    engine.enhance_scripts.append(EnhanceScript(chunks=2, hangs=True))
    lease = EnhancementLease(uuid.uuid4(), 1, lasts_s=60)
    while engine.calls_ended.acquire(blocking=False):
        pass
    begun = len(engine.enhanced)

    def end_once_begun() -> None:
        wait_until(lambda: len(engine.enhanced) > begun, what="the engine to begin")
        lease.end(LeaseEnd.LOST)

    ending = threading.Thread(target=end_once_begun)
    ending.start()
    with pytest.raises(LeaseLostError):
        make(path, engine, lease=lease)
    ending.join()
    assert engine.calls_ended.acquire(timeout=5)  # the engine is free


def test_what_is_no_recording_is_refused(tmp_path: Path, engine: FakeInference) -> None:
    path = tmp_path / "in.wav"
    path.write_bytes(b"no sound at all")
    with pytest.raises(MediaError):
        make(path, engine)
