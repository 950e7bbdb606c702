"""A piece of a recording is what a full decode has at that place, in every promised container."""

import array
from pathlib import Path

import pytest

from tests.transcripts.media.recordings import RECIPES, make_recording, noise
from transcripts.media import MediaError, open_decoder, read_excerpt

RATE_HZ = 16_000


def samples(pcm: bytes) -> list[int]:
    return array.array("h", pcm).tolist()


def likeness(one: list[int], other: list[int]) -> float:
    """Correlation, -1..1."""
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    norm = (sum(a * a for a in one) * sum(b * b for b in other)) ** 0.5
    return dot / norm if norm else 0.0


@pytest.mark.parametrize("container", RECIPES)
def test_an_excerpt_is_the_same_part_of_the_whole(tmp_path: Path, container: str) -> None:
    path = make_recording(tmp_path / "recording", RECIPES[container], seconds=12, source=noise)
    with open_decoder(path) as decoder:
        whole = b"".join(decoder)

    excerpt = read_excerpt(path, start_ms=9_125, length_ms=1_000, patience_s=10)

    assert len(excerpt) == 2 * RATE_HZ
    start = 2 * (9_125 * RATE_HZ // 1000)
    expected = whole[start : start + len(excerpt)]
    # White noise is like itself at no other place: a whole sample beside it, this is about 0. (Half
    # a sample, from where the packets of a 48 kHz recording end, leaves 0.7.)
    assert likeness(samples(excerpt), samples(expected)) > 0.6


@pytest.mark.parametrize("container", ["mp3", "m4a", "opus", "flac"])
def test_the_beginning_and_the_end_can_be_had_too(tmp_path: Path, container: str) -> None:
    path = make_recording(tmp_path / "recording", RECIPES[container], seconds=3, source=noise)
    with open_decoder(path) as decoder:
        whole = b"".join(decoder)

    beginning = read_excerpt(path, start_ms=0, length_ms=500, patience_s=10)
    end = read_excerpt(path, start_ms=2_500, length_ms=5_000, patience_s=10)
    behind = read_excerpt(path, start_ms=9_000, length_ms=500, patience_s=10)

    assert likeness(samples(beginning), samples(whole[: len(beginning)])) > 0.98
    assert abs(len(end) - (len(whole) - 2 * 2_500 * 16)) <= 64
    assert behind == b""


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("Nothing to hear.")

    with pytest.raises(MediaError):
        read_excerpt(tmp_path / "text", start_ms=0, length_ms=500, patience_s=10)
