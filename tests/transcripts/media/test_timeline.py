"""Times are those of the file's timeline: late starts, gaps, joined files, and damage."""

from __future__ import annotations

import array
import random
from pathlib import Path

import pytest

from tests.transcripts.media.recordings import RECIPES, Recipe, make_recording, noise, tone
from tests.transcripts.media.sounds import (
    RATE_HZ,
    Sound,
    make_file,
    speechlike,
    starts_at_s,
    write_wav,
)
from transcripts.media import open_decoder, probe, read_excerpt
from transcripts.media.decoder import Decoder


def decode(path: Path, *, start_ms: int = 0) -> tuple[bytes, Decoder]:
    with open_decoder(path, start_ms=start_ms) as decoder:
        pcm = b"".join(decoder)
    return pcm, decoder


def beeps(*places_s: float, seconds: float) -> array.array[int]:
    """Half a second of a tone at each place, else silence."""
    samples = array.array("h", bytes(round(seconds * RATE_HZ) * 2))
    beep = array.array("h", tone(RATE_HZ // 2, RATE_HZ))
    for place_s in places_s:
        first = round(place_s * RATE_HZ)
        samples[first : first + len(beep)] = beep
    return samples


@pytest.mark.parametrize(
    ("muxer", "codec", "video"),
    [
        ("matroska", "aac", "libx264"),
        ("matroska", "libopus", "mpeg4"),
        ("matroska", "flac", None),
        ("webm", "libopus", None),
        ("mp4", "aac", None),
        ("ipod", "aac", None),
        ("mp4", "aac", "libx264"),
        ("mpegts", "aac", "libx264"),
    ],
)
def test_sound_that_starts_late_retains_its_time(
    muxer: str, codec: str, video: str | None, tmp_path: Path
) -> None:
    sound = Sound(beeps(0.5, seconds=3), codec=codec, starts_s=4.0)
    path = make_file(tmp_path / "late", muxer, sound, video=video)

    pcm, decoder = decode(path)

    assert starts_at_s(pcm) == pytest.approx(4.5, abs=0.06)
    assert decoder.decoded_ms == pytest.approx(7_000, abs=60)
    assert decoder.warnings == []
    assert decode(path, start_ms=4_600)[0] == pcm[4_600 * 32 :]


@pytest.mark.parametrize(
    ("muxer", "codec", "video"),
    [
        ("mp4", "aac", "libx264"),
        ("mp4", "aac", None),
        ("matroska", "libopus", None),
        ("webm", "libopus", "libvpx"),
        ("mpegts", "aac", None),
        ("ogg", "libopus", None),
    ],
)
def test_a_gap_in_the_stamps_is_silence(
    muxer: str, codec: str, video: str | None, tmp_path: Path
) -> None:
    sound = Sound(beeps(0.5, 2.5, seconds=4), codec=codec, gaps=((2.0, 3.0),))
    path = make_file(tmp_path / "gap", muxer, sound, video=video)

    pcm, decoder = decode(path)

    assert starts_at_s(pcm) == pytest.approx(0.5, abs=0.06)
    assert starts_at_s(pcm, behind_s=1.5) == pytest.approx(5.5, abs=0.06)
    assert decoder.decoded_ms == pytest.approx(7_000, abs=60)
    assert (decoder.warnings, decoder.unreadable_ms) == ([], [])
    assert decode(path, start_ms=5_100)[0] == pcm[5_100 * 32 :]
    excerpt = read_excerpt(path, start_ms=5_000, length_ms=1_500, patience_s=10)
    # The first packet behind what was skipped is out of step.
    assert starts_at_s(excerpt, behind_s=0.1) == pytest.approx(0.5, abs=0.06)


def test_many_lost_packets_do_not_add_up_to_a_drift(tmp_path: Path) -> None:
    lost = tuple((second / 2, 0.06) for second in range(1, 20))
    path = make_file(
        tmp_path / "lossy", "matroska", Sound(speechlike(10), codec="libopus", gaps=lost)
    )
    assert decode(path)[1].decoded_ms == pytest.approx(10_000 + 19 * 60, abs=120)


@pytest.mark.parametrize("stamps_ms", [(3, 0), (1, 0, 2, 0, 3, 0), (1, 2500)])
def test_broken_stamps_make_no_silence(stamps_ms: tuple[int, ...], tmp_path: Path) -> None:
    """The number of a cluster and its wrong stamp: back, again and again, ahead for a while."""
    recipe = Recipe("", "matroska", "pcm_s16le", muxer_options={"cluster_time_limit": "500"})
    path = make_recording(tmp_path / "broken", recipe, seconds=5, source=noise)
    content = bytearray(path.read_bytes())
    clusters = [at for at in range(len(content)) if content.startswith(b"\x1fC\xb6u", at)]
    for number, stamp_ms in zip(stamps_ms[::2], stamps_ms[1::2], strict=True):
        at = content.index(b"\xe7", clusters[number])
        length = content[at + 1] & 0x7F
        content[at + 2 : at + 2 + length] = stamp_ms.to_bytes(length, "big")
    path.write_bytes(content)
    assert 4_900 < decode(path)[1].decoded_ms < 8_000


def test_a_jump_that_is_not_accepted_is_reported(tmp_path: Path) -> None:
    sound = Sound(speechlike(4), codec="libopus", gaps=((2.0, 2 * 3600.0),))
    _, decoder = decode(make_file(tmp_path / "jump", "matroska", sound))
    assert [warning.code for warning in decoder.warnings] == ["time_stamps_jump"]
    assert "2:00:00" in decoder.warnings[0].message


@pytest.mark.parametrize("codecs", [("vorbis", "vorbis"), ("vorbis", "flac"), ("libopus", "flac")])
def test_a_chained_ogg_stream_is_read_to_its_end(codecs: tuple[str, str], tmp_path: Path) -> None:
    experimental = {"strict": "experimental"}
    links = [
        Recipe("Ogg", "ogg", codecs[0], layout="stereo", options=experimental),
        Recipe("Ogg", "ogg", codecs[1], layout="stereo", rate_hz=44_100, options=experimental)
        if codecs[1] == "vorbis"
        else Recipe("Ogg", "ogg", codecs[1], rate_hz=16_000),
    ]
    made = [make_recording(tmp_path / str(at), link) for at, link in enumerate([*links, links[0]])]
    path = tmp_path / "chained.ogg"
    path.write_bytes(b"".join(link.read_bytes() for link in made))

    pcm, decoder = decode(path)

    assert probe(path).duration_ms == pytest.approx(6_000, abs=60)
    assert decoder.decoded_ms == pytest.approx(6_000, abs=60)
    assert decoder.warnings == []
    assert decode(path, start_ms=4_500)[0] == pcm[4_500 * 32 :]


@pytest.mark.parametrize("names", [("wav", "wav"), ("wav", "flac"), ("m4a", "mp4"), ("mkv", "mkv")])
def test_a_recording_behind_another_one_is_read_too(names: tuple[str, str], tmp_path: Path) -> None:
    made = [make_recording(tmp_path / f"{at}", RECIPES[each]) for at, each in enumerate(names)]
    path = tmp_path / "joined"
    path.write_bytes(b"".join(each.read_bytes() for each in made))

    _, decoder = decode(path)

    assert decoder.decoded_ms == pytest.approx(4_000, abs=80)
    assert probe(path).duration_ms == pytest.approx(4_000, abs=80)
    assert decoder.warnings == []


def test_a_further_part_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    first = make_recording(tmp_path / "1", RECIPES["wav"]).read_bytes()
    other = make_recording(
        tmp_path / "2", Recipe("", "wav", "g726", rate_hz=8_000, bit_rate=32_000)
    )
    path = tmp_path / "both.wav"
    path.write_bytes(first + other.read_bytes())
    _, decoder = decode(path)
    assert [warning.code for warning in decoder.warnings] == ["parts_not_read"]


def test_no_warning_is_given_where_nothing_is_lost(tmp_path: Path) -> None:
    mp3 = make_recording(tmp_path / "1.mp3", RECIPES["mp3"], seconds=4).read_bytes()
    other = Recipe("MP3", "mp3", "libmp3lame", layout="stereo", rate_hz=44_100)
    second = make_recording(tmp_path / "2.mp3", other).read_bytes()
    (tmp_path / "zeros.mp3").write_bytes(mp3 + bytes(200_000))
    (tmp_path / "joined.mp3").write_bytes(mp3 + second + mp3)
    for name in ("mkv", "wmv"):
        recipe = RECIPES[name]
        make_recording(tmp_path / f"pictures.{name}", recipe, seconds=4, source=_shorter)
    for name in ("zeros.mp3", "joined.mp3", "pictures.mkv", "pictures.wmv"):
        _, decoder = decode(tmp_path / name)
        assert (name, decoder.warnings, decoder.unreadable_ms) == (name, [], [])


def _shorter(samples: int, rate_hz: int) -> bytes:
    return tone(samples - rate_hz, rate_hz)


@pytest.mark.parametrize("name", ["mp3", "flac", "ogg", "m4a", "aac", "opus", "mkv", "webm", "wma"])
def test_damage_is_silence_with_its_place(name: str, tmp_path: Path) -> None:
    content = bytearray(
        make_recording(tmp_path / "whole", RECIPES[name], seconds=10, source=noise).read_bytes()
    )
    middle, length = len(content) // 2, len(content) // 20
    content[middle : middle + length] = random.Random(4).randbytes(length)
    path = tmp_path / "damaged"
    path.write_bytes(content)

    _, decoder = decode(path)

    assert decoder.decoded_ms == pytest.approx(10_000, abs=350)
    assert sum(end - start for start, end in decoder.unreadable_ms) >= 200
    assert all(3_500 < start < 5_800 for start, _ in decoder.unreadable_ms)
    assert "corrupt_audio_skipped" in [warning.code for warning in decoder.warnings]


@pytest.mark.parametrize("name", ["mkv", "wmv", "mp4", "m4a"])
def test_a_video_that_is_cut_is_reported_as_shorter(name: str, tmp_path: Path) -> None:
    muxed = make_recording(tmp_path / "whole", RECIPES[name], seconds=10, source=noise)
    content = muxed.read_bytes()
    if name in ("mp4", "m4a"):  # its index at the front, as on the web
        recipe = RECIPES[name]
        fast = Recipe(
            "", recipe.muxer, recipe.audio, recipe.video, muxer_options={"movflags": "faststart"}
        )
        content = make_recording(tmp_path / "fast", fast, seconds=10, source=noise).read_bytes()
    (tmp_path / "cut").write_bytes(content[: len(content) // 2])
    _, decoder = decode(tmp_path / "cut")
    assert "shorter_than_declared" in [warning.code for warning in decoder.warnings]


def test_a_wav_file_with_its_bytes_swapped_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "swapped.wav", speechlike(1))
    path.write_bytes(b"RIFX" + path.read_bytes()[4:])
    with pytest.raises(Exception, match="RIFX") as caught:
        probe(path)
    assert caught.value.code == "unsupported_format"  # type: ignore[attr-defined]
