"""What isn't a recording, or pretends: refused with its code, and no other file is opened."""

import ctypes
import os
import random
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
import pytest

from tests.transcripts.media.bombs import RATE_HZ, flac_bomb
from tests.transcripts.media.conftest import MakeRecording
from tests.transcripts.media.recordings import RECIPES, Recipe, make_recording, wav_bytes
from transcripts.media import MediaError, open_decoder, probe

IN_OPEN = 0x20
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


class OpenWatch:
    """Counts how often one file is opened, by inotify."""

    def __init__(self, path: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self._fd, os.fsencode(path), IN_OPEN) >= 0

    def has_seen_open(self) -> bool:
        try:
            return bool(os.read(self._fd, 4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        os.close(self._fd)


@pytest.fixture
def neighbour(tone_in: MakeRecording, tmp_path: Path) -> Path:
    """Another account's recording, which no upload may reach."""
    path = tmp_path / "private.wav"
    path.write_bytes(tone_in("wav").read_bytes())
    return path


@pytest.fixture
def neighbour_watch(neighbour: Path) -> Iterator[OpenWatch]:
    watch = OpenWatch(neighbour)
    yield watch
    watch.close()


def refusal_of(content: bytes, tmp_path: Path, *, name: str = "recording.mp3") -> MediaError:
    """The error that both probing and decoding give."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MediaError) as probing:
        probe(path)
    with open_decoder(path) as decoder, pytest.raises(MediaError) as decoding:
        list(decoder)
    assert decoding.value.code == probing.value.code
    return probing.value


PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile 'private.wav'\n",
    "ffconcat, absolute": "ffconcat version 1.0\nfile '{path}'\n",
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{path}\n#EXT-X-ENDLIST\n",
    "m3u8, by address": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{path}\n",
    "dash": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
        '<Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1">'
        "<BaseURL>file://{path}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    ),
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    "pls": "[playlist]\nFile1={path}\nNumberOfEntries=1\n",
    "imf": '<?xml version="1.0"?><AssetMap><Path>{path}</Path></AssetMap>',
}


def test_the_watch_sees_an_open(neighbour: Path, neighbour_watch: OpenWatch) -> None:
    assert not neighbour_watch.has_seen_open()
    probe(neighbour)
    assert neighbour_watch.has_seen_open()


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("name", ["recording.mp3", "list.m3u8", "list.ffconcat", "x.sdp", "x.mpd"])
def test_a_playlist_is_refused_and_reaches_no_other_file(
    kind: str, name: str, neighbour: Path, neighbour_watch: OpenWatch, tmp_path: Path
) -> None:
    content = PLAYLISTS[kind].replace("{path}", str(neighbour)).encode()
    error = refusal_of(content, tmp_path, name=name)
    assert (error.status, error.code) == (400, "not_audio")
    assert not neighbour_watch.has_seen_open()


def test_a_movie_with_its_audio_elsewhere_reaches_no_other_file(
    neighbour: Path, neighbour_watch: OpenWatch, tmp_path: Path
) -> None:
    movie = make_recording(tmp_path / "movie", Recipe("QuickTime", "mov", "pcm_s16le"))
    inside = movie.read_bytes()
    entry = struct.pack(">I4sI", 12, b"url ", 1)
    at = inside.index(entry)
    # An alias record of the neighbour takes the place of "in this file".
    target = str(neighbour).encode()
    target += b"\0" * (len(target) % 2)
    record = bytes(150) + struct.pack(">HH", 2, len(target)) + target + struct.pack(">hH", -1, 0)
    outside = struct.pack(">I4sI", 12 + len(record), b"alis", 0) + record
    grown = bytearray(inside[:at] + outside + inside[at + len(entry) :])
    for atom in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        _grow(grown, atom, before=at, by=len(record))
    assert refusal_of(bytes(grown), tmp_path).code == "corrupt_media"
    assert not neighbour_watch.has_seen_open()

    # The trap is real: FFmpeg follows it where it is allowed to.
    with av.open(
        str(tmp_path / "recording.mp3"), options={"enable_drefs": "1", "use_absolute_path": "1"}
    ):
        assert neighbour_watch.has_seen_open()


def _grow(movie: bytearray, atom: bytes, *, before: int, by: int) -> None:
    at = movie.rindex(atom, 0, before) - 4
    size = int.from_bytes(movie[at : at + 4], "big")
    movie[at : at + 4] = (size + by).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Dear diary, this is not a song.\n" * 50, "a text"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "a web page"),
        (b'{"error": "not found"}', "a JSON document"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", "a subtitle file"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", "a subtitle file"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(500), "a PDF document"),
        (b"PK\x03\x04\x14\x00" + bytes(500), "a ZIP archive"),
        (b"MZ\x90\x00\x03" + bytes(500), "a program"),
        (b"\x7fELF\x02\x01\x01" + bytes(500), "a program"),
        (PNG, "a PNG image"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500), "a JPEG image"),
        (b"GIF89a\x01\x00\x01\x00" + bytes(50), "a GIF image"),
    ],
)
@pytest.mark.parametrize("name", ["recording.mp3", "recording.wav", "frame%03d.png"])
def test_another_kind_of_file_is_named_in_the_refusal(
    content: bytes, words: str, name: str, tmp_path: Path
) -> None:
    (tmp_path / "frame001.png").write_bytes(PNG)
    error = refusal_of(content, tmp_path, name=name)
    assert (error.status, error.code) == (400, "not_audio")
    assert words in error.message


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_refused(seed: int, tmp_path: Path) -> None:
    error = refusal_of(random.Random(seed).randbytes(300_000), tmp_path)
    assert error.status == 400
    assert error.code in {"not_audio", "corrupt_media"}


def test_zero_bytes_are_an_empty_file(tmp_path: Path) -> None:
    error = refusal_of(b"", tmp_path)
    assert (error.status, error.code, error.message) == (400, "empty_file", "This file is empty.")


@pytest.mark.parametrize(
    ("muxer", "codec"),
    [("mp4", "libx264"), ("matroska", "libx264"), ("avi", "mpeg4"), ("mpeg", "mpeg1video")],
)
def test_a_video_without_audio_has_no_audio_track(muxer: str, codec: str, tmp_path: Path) -> None:
    mute = make_recording(tmp_path / "mute", Recipe("", muxer, None, codec))
    error = refusal_of(mute.read_bytes(), tmp_path)
    assert (error.status, error.code) == (400, "no_audio_track")
    assert error.message == "This file has no audio track."


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_header_followed_by_garbage_is_refused_or_survived(
    name: str, tone_in: MakeRecording, tmp_path: Path
) -> None:
    content = tone_in(name).read_bytes()[:200] + random.Random(7).randbytes(50_000)
    path = tmp_path / "garbage"
    path.write_bytes(content)
    # Formats with samples decode garbage as noise; no other error than ours may come out.
    with suppress(MediaError):
        probe(path)
        with open_decoder(path) as decoder:
            list(decoder)


def test_a_movie_cut_before_its_index_is_damaged(tone_in: MakeRecording, tmp_path: Path) -> None:
    content = tone_in("mp4").read_bytes()
    error = refusal_of(content[: len(content) // 2], tmp_path)
    assert (error.status, error.code) == (400, "corrupt_media")
    assert "incomplete" in error.message


@pytest.mark.parametrize("name", ["mp3", "wav", "flac", "webm"])
def test_a_truncated_recording_is_decoded_with_a_warning(
    name: str, noise_in: MakeRecording, tmp_path: Path
) -> None:
    content = noise_in(name).read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(content[: len(content) // 2])
    with open_decoder(path) as decoder:
        list(decoder)
    assert 4_000 < decoder.decoded_ms < 6_000
    assert "shorter_than_declared" in [warning.code for warning in decoder.warnings]


@pytest.mark.parametrize("name", ["mp3", "flac", "ogg", "m4a", "aac", "opus", "wma", "mkv", "avi"])
def test_corruption_in_the_middle_is_skipped_with_a_warning(
    name: str, noise_in: MakeRecording, tmp_path: Path
) -> None:
    content = bytearray(noise_in(name).read_bytes())
    middle, length = len(content) // 2, len(content) // 20
    content[middle : middle + length] = random.Random(3).randbytes(length)
    path = tmp_path / "damaged"
    path.write_bytes(content)
    with open_decoder(path) as decoder:
        list(decoder)
    # Matroska goes on at the next cluster (5 s), the others at the next page or frame.
    assert decoder.decoded_ms > (4_500 if name == "mkv" else 7_500)
    codes = {warning.code for warning in decoder.warnings}
    assert codes & {"corrupt_audio_skipped", "shorter_than_declared"}


def test_a_bomb_that_admits_its_length_is_refused_at_the_door(tmp_path: Path) -> None:
    bomb = flac_bomb(200, declared_samples=100 * 3600 * RATE_HZ)
    path = tmp_path / "bomb.flac"
    path.write_bytes(bomb)
    with pytest.raises(MediaError) as caught:
        probe(path)
    assert (caught.value.status, caught.value.code) == (400, "too_long")


def test_a_bomb_that_hides_its_length_is_stopped_while_decoding(tmp_path: Path) -> None:
    path = tmp_path / "bomb.flac"
    path.write_bytes(flac_bomb(800))  # 1.8 hours in 12 kB
    with open_decoder(path) as decoder, pytest.raises(MediaError) as caught:
        deque(decoder, maxlen=0)
    assert caught.value.code == "too_long"
    assert 3_590_000 < decoder.decoded_ms < 3_900_000


@pytest.mark.parametrize(
    ("channels", "rate_hz"), [(1, 4_000_000_000), (1, 1), (400, 16_000), (65_535, 16_000)]
)
def test_an_impossible_shape_is_refused(channels: int, rate_hz: int, tmp_path: Path) -> None:
    data = wav_bytes(bytes(2_000_000), channels=1)
    at = data.index(b"fmt ") + 10
    forged = data[:at] + struct.pack("<HI", channels, rate_hz) + data[at + 6 :]
    assert refusal_of(forged, tmp_path).status == 400


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused_without_waiting(make: object, tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    assert callable(make)
    make(path)
    with pytest.raises(MediaError) as caught:
        probe(path)
    assert (caught.value.status, caught.value.code) == (500, "recording_missing")


def test_a_file_that_is_absent_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        probe(tmp_path / "gone.wav")
    assert (caught.value.status, caught.value.code) == (500, "recording_missing")
