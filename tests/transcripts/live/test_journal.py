"""The journal of a live session: what was written is there, from any writer."""

import resource
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from transcripts.live.journal import (
    Journal,
    assemble,
    count_samples,
    read_samples,
    seal,
)
from transcripts.media import open_decoder


def pcm(first: int, count: int) -> bytes:
    return b"".join((n % 30_000).to_bytes(2, "little") for n in range(first, first + count))


def content(folder: Path) -> bytes:
    with wave.open(str(folder / "recording"), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        return file.readframes(file.getnframes())


def test_one_epoch_becomes_the_recording_that_the_decoder_reads(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a", attempt=1, start_samples=0)
    journal.append(pcm(0, 16_000))
    journal.append(pcm(16_000, 8_000))

    assert seal(journal) == 24_000

    assert content(tmp_path / "a") == pcm(0, 24_000)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["recording"]
    with open_decoder(tmp_path / "a" / "recording", start_ms=1000) as decoder:
        assert b"".join(decoder) == pcm(16_000, 8_000)


def test_what_an_epoch_writes_beyond_the_start_of_the_next_is_ignored(tmp_path: Path) -> None:
    first = Journal(tmp_path, attempt=1, start_samples=0)
    first.append(pcm(0, 1_000))
    second = Journal(tmp_path, attempt=3, start_samples=count_samples(tmp_path))
    first.append(b"\xff" * 4_000)
    second.append(pcm(1_000, 500))

    assert count_samples(tmp_path) == 1_500
    assert read_samples(tmp_path, start=900, end=1_100) == pcm(900, 200)
    assert seal(second) == 1_500
    first.append(b"\xff" * 4_000)  # it still doesn't know

    assert content(tmp_path) == pcm(0, 1_500)


def test_gathering_twice_changes_nothing(tmp_path: Path) -> None:
    Journal(tmp_path, attempt=1, start_samples=0).append(pcm(0, 700))
    assert assemble(tmp_path) == 700
    before = content(tmp_path)

    assert assemble(tmp_path) == count_samples(tmp_path) == 700
    assert content(tmp_path) == before


def test_a_recording_that_was_gathered_half_way_is_gathered_again(tmp_path: Path) -> None:
    Journal(tmp_path, attempt=1, start_samples=0).append(pcm(0, 700))
    (tmp_path / "recording.1.partial").write_bytes(b"RIFF")

    assert assemble(tmp_path) == 700

    assert content(tmp_path) == pcm(0, 700)


def test_a_gap_leaves_the_times_right(tmp_path: Path) -> None:
    Journal(tmp_path, attempt=1, start_samples=0).append(pcm(0, 100))
    Journal(tmp_path, attempt=2, start_samples=150).append(pcm(150, 50))

    assert assemble(tmp_path) == 200

    assert content(tmp_path) == pcm(0, 100) + bytes(100) + pcm(150, 50)


def test_nothing_journalled_is_an_empty_recording(tmp_path: Path) -> None:
    assert seal(Journal(tmp_path, attempt=1, start_samples=0)) == 0
    assert content(tmp_path) == b""


def test_a_full_disk_retains_what_was_journalled(tmp_path: Path) -> None:
    journal = Journal(tmp_path, attempt=1, start_samples=0)
    journal.append(pcm(0, 1_000))

    with room_for(bytes_a_file=3_000), pytest.raises(OSError, match="too large"):
        journal.append(pcm(1_000, 1_000))

    assert journal.samples == count_samples(tmp_path) == 1_000
    journal.append(pcm(1_000, 10))  # there is room again
    assert seal(journal) == 1_010
    assert content(tmp_path) == pcm(0, 1_010)


def test_no_file_is_left_where_there_is_no_room_to_begin(tmp_path: Path) -> None:
    with room_for(bytes_a_file=10), pytest.raises(OSError, match="too large"):
        Journal(tmp_path, attempt=1, start_samples=0)

    assert list(tmp_path.iterdir()) == []


@contextmanager
def room_for(*, bytes_a_file: int) -> Iterator[None]:
    """The kernel refuses to let files grow further, in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
