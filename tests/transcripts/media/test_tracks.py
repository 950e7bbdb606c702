"""Tracks and channels: how they are surveyed, and that the picked one is the one that is read."""

from __future__ import annotations

import array
import struct
from operator import mul
from pathlib import Path

import pytest

from tests.transcripts.media.recordings import RECIPES, Recipe, make_recording, wav_bytes
from tests.transcripts.media.sounds import (
    RATE_HZ,
    Sound,
    make_file,
    rms_db,
    speechlike,
    stereo,
    write_wav,
)
from transcripts.media import MediaError, Pick, open_decoder, probe, survey


def decode(path: Path, pick: Pick = Pick(), *, start_ms: int = 0) -> bytes:  # noqa: B008
    with open_decoder(path, start_ms=start_ms, pick=pick) as decoder:
        return b"".join(decoder)


def silent(seconds: float) -> array.array[int]:
    return array.array("h", bytes(round(seconds * RATE_HZ) * 2))


@pytest.mark.parametrize(("muxer", "codec"), [("mp4", "aac"), ("matroska", "flac")])
def test_a_survey_states_which_tracks_have_sound(muxer: str, codec: str, tmp_path: Path) -> None:
    sounds = [Sound(silent(3), codec=codec), Sound(speechlike(3), codec=codec)]
    path = make_file(tmp_path / "two", muxer, *sounds)

    found = survey(path)

    assert [(each.track, each.has_sound) for each in found] == [(1, False), (2, True)]
    assert found[0].is_default
    assert probe(path).tracks == 2
    assert rms_db(decode(path, Pick(track=2))) > -30 > rms_db(decode(path))


def test_sound_that_begins_late_in_a_track_is_found(tmp_path: Path) -> None:
    late = silent(150) + speechlike(25)
    path = make_file(
        tmp_path / "late", "matroska", Sound(silent(175)), Sound(late, codec="libopus")
    )
    assert [each.has_sound for each in survey(path)] == [False, True]


def test_a_track_that_sounds_as_another_is_known(tmp_path: Path) -> None:
    first, other = speechlike(6), speechlike(6, seed=2)
    sounds = [Sound(first), Sound(first, codec="libmp3lame"), Sound(other)]
    path = make_file(tmp_path / "same", "matroska", *sounds)
    assert [each.same_as for each in survey(path)] == [0, 1, 0]


def test_a_track_or_channel_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "mono.wav", speechlike(1))
    with pytest.raises(MediaError, match="one audio track") as track:
        probe(path, pick=Pick(track=2))
    with pytest.raises(MediaError, match="1 channel") as channel:
        probe(path, pick=Pick(channel=2))
    assert (track.value.code, channel.value.code) == ("unknown_track", "unknown_channel")


@pytest.mark.parametrize(("muxer", "codec"), [("ipod", "aac"), ("wav", "pcm_s16le")])
def test_a_mix_that_cancels_is_noticed(muxer: str, codec: str, tmp_path: Path) -> None:
    left = speechlike(3)
    both = stereo(left, [-value for value in left])
    path = make_file(tmp_path / "inverted", muxer, Sound(both, codec=codec, layout="stereo"))

    (found,) = survey(path)

    assert found.has_cancelling_mix
    assert rms_db(decode(path, Pick(channel=1))) > -30 > rms_db(decode(path))
    assert (
        decode(path, Pick(channel=2), start_ms=1_234) == decode(path, Pick(channel=2))[1234 * 32 :]
    )


def test_ordinary_stereo_does_not_cancel_and_is_not_separate(tmp_path: Path) -> None:
    left = speechlike(4)
    panned = write_wav(
        tmp_path / "panned.wav", stereo(left, [value // 8 for value in left]), channels=2
    )
    empty = write_wav(tmp_path / "empty.wav", stereo(left, silent(4)), channels=2)
    same = write_wav(tmp_path / "same.wav", stereo(left, left), channels=2)
    for path in (panned, empty, same):
        (found,) = survey(path)
        assert (path.name, found.has_cancelling_mix) == (path.name, False)
        assert (path.name, found.has_separate_channels) == (path.name, False)
        assert found.has_same_channels == (path in (same, panned))


def mixed(*voices: array.array[int], gains: tuple[float, ...]) -> array.array[int]:
    pairs = zip(*voices, strict=True)
    return array.array("h", (round(sum(map(mul, gains, values))) for values in pairs))


def late(samples: array.array[int], milliseconds: int) -> array.array[int]:
    return (silent(milliseconds / 1000) + samples)[: len(samples)]


def music(seconds: float, *, seed: int) -> array.array[int]:
    """As `speechlike`, without its pauses."""
    return speechlike(seconds, seed=seed, levels=(2_000, 4_000, 8_000))


@pytest.mark.parametrize("delay_ms", [0, 3])
def test_two_microphones_in_a_room_are_not_separate(delay_ms: int, tmp_path: Path) -> None:
    one, other = speechlike(6), speechlike(6, seed=2)
    left = mixed(one, late(other, delay_ms), gains=(1, 0.4))
    right = mixed(other, late(one, delay_ms), gains=(1, 0.4))
    (found,) = survey(write_wav(tmp_path / "room.wav", stereo(left, right), channels=2))
    assert not found.has_separate_channels


def test_wide_sound_of_one_loudness_is_not_separate(tmp_path: Path) -> None:
    # Of one voice, far enough apart that the waves have nothing in common any more.
    voice = speechlike(6)
    wide = stereo(voice, late(voice, 5))
    (found,) = survey(write_wav(tmp_path / "wide.wav", wide, channels=2))
    assert not found.has_separate_channels


def test_music_with_an_instrument_a_channel_is_not_separate(tmp_path: Path) -> None:
    both = stereo(music(6, seed=1), music(6, seed=2))
    voice_too = stereo(speechlike(6), music(6, seed=2))
    for name, samples in (("both.wav", both), ("voice.wav", voice_too)):
        (found,) = survey(write_wav(tmp_path / name, samples, channels=2))
        assert (name, found.has_separate_channels) == (name, False)


def test_a_call_with_a_person_a_channel_is_noticed(tmp_path: Path) -> None:
    pause = silent(2)
    left = speechlike(2) + pause + speechlike(2, seed=3) + pause
    right = pause + speechlike(2, seed=2) + pause + speechlike(2, seed=4)
    (found,) = survey(write_wav(tmp_path / "call.wav", stereo(left, right), channels=2))
    assert found.has_separate_channels


def test_two_people_who_talk_at_once_a_channel_each_are_noticed(tmp_path: Path) -> None:
    at_once = stereo(speechlike(6), speechlike(6, seed=2))
    (found,) = survey(write_wav(tmp_path / "at_once.wav", at_once, channels=2))
    assert found.has_separate_channels


def test_less_than_a_second_of_a_second_voice_is_not_separate(tmp_path: Path) -> None:
    left = speechlike(6)
    right = silent(5) + speechlike(1, seed=2)
    (found,) = survey(write_wav(tmp_path / "short.wav", stereo(left, right), channels=2))
    assert not found.has_separate_channels


def test_what_is_too_quiet_for_int16_can_be_amplified_first(tmp_path: Path) -> None:
    quiet = [value * 256 // 900 for value in speechlike(3)]  # 24 bits, 59 dB below
    data = b"".join(struct.pack("<i", value)[:3] for value in quiet)
    path = tmp_path / "quiet.wav"
    path.write_bytes(wav_bytes(data, bits=24, rate_hz=RATE_HZ))

    (found,) = survey(path)

    assert found.has_sound
    assert -85 < found.mix_db < -60
    assert rms_db(decode(path, Pick(gain_db=50))) == pytest.approx(found.mix_db + 45, abs=6)


def test_an_unreadable_default_track_gives_way_to_one_that_can_be_read(tmp_path: Path) -> None:
    sounds = [Sound(speechlike(2), codec="wavpack", is_default=True), Sound(speechlike(2))]
    path = make_file(tmp_path / "odd.mkv", "matroska", *sounds)

    found = survey(path)

    assert [each.is_readable for each in found] == [False, True]
    assert rms_db(decode(path)) > -40
    with pytest.raises(MediaError, match="unknown codec"):
        probe(path, pick=Pick(track=1))


@pytest.mark.parametrize(
    ("muxer", "codec", "video"), [("avi", "aac", "mpeg4"), ("avi", "aac", None)]
)
def test_a_codec_whose_tag_is_no_text_is_read(
    muxer: str, codec: str, video: str | None, tmp_path: Path
) -> None:
    path = make_recording(tmp_path / "tagged", Recipe("AVI", muxer, codec, video))
    assert probe(path).codec == "aac"
    assert len(decode(path)) // 32 == pytest.approx(2000, abs=60)


def test_a_codec_that_is_not_ours_is_refused_for_good(tmp_path: Path) -> None:
    path = make_recording(tmp_path / "g722.wav", Recipe("", "wav", "g722", rate_hz=16_000))
    with pytest.raises(MediaError) as caught:
        probe(path)
    assert (caught.value.status, caught.value.code) == (400, "unsupported_format")


def test_stereo_is_as_it_was(tmp_path: Path) -> None:
    """Bit for bit the mean of both channels, rounded as FFmpeg does."""
    left, right = speechlike(1, rate_hz=16_000), speechlike(1, seed=2, rate_hz=16_000)
    path = tmp_path / "stereo.wav"
    path.write_bytes(wav_bytes(stereo(left, right).tobytes(), channels=2))
    mixed = array.array("h", decode(path))
    assert all(abs(m - (a + b) / 2) <= 1 for m, a, b in zip(mixed, left, right, strict=True))
    assert RECIPES["wav"].layout == "mono"
