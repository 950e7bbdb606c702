"""The 16 promised containers, recognised by what is in them."""

import array
import itertools
import shutil
import struct
from pathlib import Path

import pytest

from tests.transcripts.media.conftest import MakeRecording
from tests.transcripts.media.recordings import (
    RECIPES,
    TONE_HZ,
    Recipe,
    make_recording,
    silence,
    tone,
    wav_bytes,
)
from transcripts.media import FORMATS, open_decoder, probe

NAMES = sorted(RECIPES)


def decode(path: Path, *, start_ms: int = 0) -> bytes:
    with open_decoder(path, start_ms=start_ms) as decoder:
        return b"".join(decoder)


def pitch_hz(pcm: bytes) -> float:
    """The frequency of a tone, by its changes of sign, away from both ends."""
    samples = array.array("h", pcm)[4000:-4000]
    changes = sum((a < 0) != (b < 0) for a, b in itertools.pairwise(samples))
    return changes * 16_000 / len(samples) / 2


def test_the_formats_that_are_listed_are_the_ones_that_are_tested() -> None:
    assert sorted(entry["extension"] for entry in FORMATS) == NAMES
    with_video = {entry["extension"] for entry in FORMATS if entry["video"]}
    assert with_video == {name for name in NAMES if RECIPES[name].video}


@pytest.mark.parametrize("name", NAMES)
def test_a_container_is_described_by_its_content(name: str, tone_in: MakeRecording) -> None:
    found = probe(tone_in(name))
    recipe = RECIPES[name]
    assert found.container == recipe.name
    assert found.has_video == (recipe.video is not None)
    assert found.rate_hz == recipe.rate_hz
    assert found.duration_ms == pytest.approx(2000, abs=100)


@pytest.mark.parametrize("name", NAMES)
def test_a_container_gives_its_audio_under_any_name(
    name: str, tone_in: MakeRecording, tmp_path: Path
) -> None:
    misnamed = NAMES[NAMES.index(name) - 1]
    path = Path(shutil.copy(tone_in(name), tmp_path / f"recording.{misnamed}"))
    assert probe(path).container == RECIPES[name].name
    with open_decoder(path) as decoder:
        pcm = b"".join(decoder)
    assert decoder.warnings == []
    assert decoder.decoded_ms == pytest.approx(2000, abs=100)
    assert len(pcm) // 32 == decoder.decoded_ms
    assert pitch_hz(pcm) == pytest.approx(TONE_HZ, rel=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_starting_later_gives_the_same_samples(name: str, noise_in: MakeRecording) -> None:
    whole = decode(noise_in(name))
    for start_ms in (777, 5_001):
        assert decode(noise_in(name), start_ms=start_ms) == whole[start_ms * 32 :]


def test_starting_behind_the_end_gives_nothing_and_the_true_duration(
    tone_in: MakeRecording,
) -> None:
    with open_decoder(tone_in("flac"), start_ms=60_000) as decoder:
        assert list(decoder) == []
        assert decoder.decoded_ms == 2000


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 192_000])
def test_any_sample_rate_becomes_16_khz(rate_hz: int, tmp_path: Path) -> None:
    path = tmp_path / "rate.wav"
    path.write_bytes(wav_bytes(tone(2 * rate_hz, rate_hz), rate_hz=rate_hz))
    pcm = decode(path)
    assert len(pcm) // 32 == pytest.approx(2000, abs=2)
    assert pitch_hz(pcm) == pytest.approx(TONE_HZ, rel=0.01)


@pytest.mark.parametrize(("bits", "tag"), [(24, 1), (32, 1), (32, 3)])
def test_any_sample_format_becomes_int16(bits: int, tag: int, tmp_path: Path) -> None:
    samples = array.array("h", tone(32_000, 16_000))
    if tag == 3:
        data = struct.pack(f"<{len(samples)}f", *(value / 32768 for value in samples))
    else:
        pad = bytes(bits // 8 - 2)
        data = b"".join(pad + struct.pack("<h", value) for value in samples)
    path = tmp_path / "depth.wav"
    path.write_bytes(wav_bytes(data, bits=bits, tag=tag))
    assert decode(path) == samples.tobytes()


@pytest.mark.parametrize("channel", range(8))
def test_each_of_eight_channels_is_recognised(channel: int, tmp_path: Path) -> None:
    mono = array.array("h", tone(32_000, 16_000))
    data = array.array("h", bytes(len(mono) * 16))
    data[channel::8] = mono
    path = tmp_path / "eight.wav"
    path.write_bytes(wav_bytes(data.tobytes(), channels=8))
    assert probe(path).channels == 8
    assert max(array.array("h", decode(path))) > 200


def test_silence_is_decoded_as_silence(tmp_path: Path) -> None:
    path = make_recording(tmp_path / "silent.flac", RECIPES["flac"], source=silence)
    pcm = decode(path)
    assert pcm == bytes(2 * 32_000)


def test_a_change_of_format_in_the_middle_is_followed(tmp_path: Path) -> None:
    first = make_recording(tmp_path / "first", RECIPES["aac"])
    other = Recipe("AAC", "adts", "aac", layout="stereo", rate_hz=44_100)
    second = make_recording(tmp_path / "second", other)
    path = tmp_path / "both.aac"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    pcm = decode(path)
    assert len(pcm) // 32 == pytest.approx(4000, abs=200)
    assert pitch_hz(pcm[:48_000]) == pytest.approx(TONE_HZ, rel=0.02)
    assert pitch_hz(pcm[-48_000:]) == pytest.approx(TONE_HZ, rel=0.02)


def test_an_mp3_whose_length_is_only_guessed_promises_nothing(tmp_path: Path) -> None:
    bare = {"write_xing": "0"}
    start = Recipe("MP3", "mp3", "libmp3lame", bit_rate=32_000, muxer_options=bare)
    rest = Recipe("MP3", "mp3", "libmp3lame", bit_rate=128_000, muxer_options=bare)
    path = tmp_path / "variable.mp3"
    parts = [
        make_recording(tmp_path / "1", start, seconds=8),
        make_recording(tmp_path / "2", rest, seconds=4),
    ]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert probe(path).duration_ms > 14_000
    with open_decoder(path) as decoder:
        list(decoder)
    assert decoder.decoded_ms == pytest.approx(12_000, abs=200)
    assert "shorter_than_declared" not in [warning.code for warning in decoder.warnings]


def test_audio_that_is_shorter_than_the_pictures_is_no_fault(tmp_path: Path) -> None:
    recipe = Recipe("Matroska", "matroska", "flac", "libx264")
    path = make_recording(tmp_path / "long.mkv", recipe, seconds=4, source=_half)
    with open_decoder(path) as decoder:
        assert sum(map(len, decoder)) // 32 == pytest.approx(2000, abs=10)
    assert decoder.warnings == []


@pytest.mark.parametrize(
    ("muxer", "codec", "video"),
    [
        ("webm", "libopus", "libvpx"),
        ("mp4", "aac", "libx264"),
        ("mov", "pcm_s16le", "libx264"),
        ("mpeg", "mp2", "mpeg1video"),
    ],
)
def test_audio_that_starts_after_the_pictures_retains_its_time(
    muxer: str, codec: str, video: str, tmp_path: Path
) -> None:
    recipe = Recipe("", muxer, codec, video, delay_s=1.5)
    path = make_recording(tmp_path / "late", recipe, seconds=3)
    pcm = decode(path)
    assert len(pcm) // 32 == pytest.approx(4500, abs=60)
    samples = array.array("h", pcm)
    first = next(at for at, value in enumerate(samples) if abs(value) > 1000)
    assert first / 16 == pytest.approx(1500, abs=60)
    assert decode(path, start_ms=1600) == pcm[1600 * 32 :]


def _half(samples: int, rate_hz: int) -> bytes:
    return tone(samples // 2, rate_hz)
