"""A copy with a tone in some intervals: nothing of the sound is left in them, the rest is whole."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.transcripts.media.recordings import RECIPES, make_recording, noise
from tests.transcripts.media.sounds import Sound, make_file, speechlike
from transcripts.media import BEEPED_FORMATS, MediaError, Pick, open_decoder, probe, write_beeped

RATE_HZ = 16_000
INTERVALS = ((1_000, 1_600), (4_200, 5_000))
Samples = NDArray[np.float64]


def decode(path: Path, *, pick: Pick | None = None) -> Samples:
    with open_decoder(path, pick=pick or Pick()) as decoder:
        return np.frombuffer(b"".join(decoder), dtype="<i2").astype(np.float64)


def beeped(
    path: Path,
    target: Path,
    *,
    format_name: str = "flac",
    pick: Pick | None = None,
    intervals_ms: tuple[tuple[int, int], ...] = INTERVALS,
) -> Samples:
    with target.open("wb") as file:
        length_ms = write_beeped(
            path,
            file,
            intervals_ms=intervals_ms,
            format_name=format_name,
            pick=pick or Pick(),
            on_progress=lambda done_ms: None,
        )
    made = decode(target)
    assert abs(len(made) / 16 - length_ms) < 120
    return made


def likeness(one: Samples, other: Samples) -> float:
    """The highest correlation within 100 ms to either side, 0..1: encoders shift what they make."""
    size = min(len(one), len(other))
    one, other = one[:size] - one[:size].mean(), other[:size] - other[:size].mean()
    spectrum = np.fft.rfft(one, 2 * size) * np.conj(np.fft.rfft(other, 2 * size))
    correlation = np.abs(np.fft.irfft(spectrum))
    near = np.concatenate([correlation[:1600], correlation[-1600:]])
    norm = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(near.max()) / norm if norm else 0.0


def cut(samples: Samples, start_ms: int, end_ms: int) -> Samples:
    return samples[16 * start_ms : 16 * end_ms]


@pytest.mark.parametrize("container", RECIPES)
def test_intervals_hold_nothing_of_the_sound_and_the_rest_all_of_it(
    tmp_path: Path, container: str
) -> None:
    path = make_recording(tmp_path / "recording", RECIPES[container], seconds=6, source=noise)
    original = decode(path)

    made = beeped(path, tmp_path / "beeped.flac")

    assert abs(len(made) - len(original)) < 16 * 60
    for start_ms, end_ms in INTERVALS:
        inside = cut(made, start_ms, end_ms)
        assert likeness(inside, cut(original, start_ms, end_ms)) < 0.1
        assert 1_500 < np.sqrt(np.mean(inside**2)) < 3_000  # -23 dBFS
    assert likeness(cut(made, 2_000, 4_000), cut(original, 2_000, 4_000)) > 0.9


@pytest.mark.parametrize("format_name", BEEPED_FORMATS)
def test_each_format_is_written_whole(tmp_path: Path, format_name: str) -> None:
    path = make_recording(tmp_path / "recording", RECIPES["ogg"], seconds=6, source=noise)

    target = tmp_path / f"beeped.{format_name}"
    made = beeped(path, target, format_name=format_name)

    found = probe(target)
    assert (found.container.lower(), found.channels, found.rate_hz) == (format_name, 2, 48_000)
    assert abs(found.duration_ms - 6_000) < 60
    # MP3 smears a little of what is beside an interval into it: 60 ms are left out at both ends.
    inside = cut(made, INTERVALS[1][0] + 60, INTERVALS[1][1] - 60)
    assert likeness(inside, cut(decode(path), INTERVALS[1][0] + 60, INTERVALS[1][1] - 60)) < 0.1


def test_all_channels_are_beeped(tmp_path: Path) -> None:
    path = make_recording(tmp_path / "recording", RECIPES["ogg"], seconds=6, source=noise)
    beeped(path, tmp_path / "beeped.wav", format_name="wav")

    for channel in (1, 2):
        alone = decode(tmp_path / "beeped.wav", pick=Pick(channel=channel))
        original = decode(path, pick=Pick(channel=channel))
        assert likeness(cut(alone, *INTERVALS[0]), cut(original, *INTERVALS[0])) < 0.1


def test_only_the_channel_and_the_track_that_were_asked_for_are_in_it(tmp_path: Path) -> None:
    path = make_recording(tmp_path / "recording", RECIPES["ogg"], seconds=6, source=noise)

    beeped(path, tmp_path / "beeped.flac", pick=Pick(channel=2))

    assert probe(tmp_path / "beeped.flac").channels == 1
    with pytest.raises(MediaError, match="track is 2"):
        beeped(path, tmp_path / "beeped.flac", pick=Pick(track=2))


def test_silence_that_a_file_does_not_hold_counts(tmp_path: Path) -> None:
    """The times of the transcript count it: an interval lies behind it."""
    sound = Sound(speechlike(4), codec="flac", starts_s=3.0)
    path = make_file(tmp_path / "late.mkv", "matroska", sound)
    original = decode(path)

    made = beeped(path, tmp_path / "beeped.flac", intervals_ms=((4_000, 5_000),))

    assert abs(len(made) - len(original)) < 16 * 60
    assert likeness(cut(made, 4_000, 5_000), cut(original, 4_000, 5_000)) < 0.1
    assert likeness(cut(made, 5_100, 6_900), cut(original, 5_100, 6_900)) > 0.9


def test_an_interval_may_reach_past_the_end_and_none_is_a_copy(tmp_path: Path) -> None:
    path = make_recording(tmp_path / "recording", RECIPES["wav"], seconds=3, source=noise)

    whole = beeped(path, tmp_path / "one.flac", intervals_ms=())
    cut_off = beeped(path, tmp_path / "two.flac", intervals_ms=((2_000, 90_000),))

    assert likeness(whole, decode(path)) > 0.99
    assert len(cut_off) == len(whole)


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("Nothing to hear.")

    with pytest.raises(MediaError):
        write_beeped(
            tmp_path / "text",
            io.BytesIO(),
            intervals_ms=(),
            format_name="mp3",
            pick=Pick(),
            on_progress=lambda done_ms: None,
        )
