"""What anybody may send is read in time that grows with its length, and bounded before."""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from transcripts.imports import bounds
from transcripts.imports.child import ImportJob, read_file, read_in_child
from transcripts.imports.segments import ImportFileError
from transcripts.imports.subtitles import read_subtitles

STAMP = "00:00:00,000 --> 00:00:05,000\n"
OPENERS = (
    *("<b ", "<font ", "{\\", "</I ", "<c.", "<v ", "<v.", "<", "&#", "&", "<00:"),
    "<v" + " " * 50,
)
LINES = (
    "00:00:01,000 -->", "00:00:01" + " " * 300, "0" * 400, "1:" * 200, "--> " * 80, " \n", "1\n",
    "NOTE\n", "\n", "1\n1\n", "{1}{",
)  # fmt: skip
# Linear is 4; what grows with the square is 16.
MOST = 9


def _seconds(text: str) -> float:
    begun = time.process_time()
    with contextlib.suppress(ImportFileError):
        read_subtitles(text, notices={})
    return time.process_time() - begun


def _growth(make: Callable[[int], str], small: int) -> float:
    """Return how much longer four times as much takes, the best of three."""
    ratios = []
    for _ in range(3):
        once, four_times = _seconds(make(small)), _seconds(make(4 * small))
        ratios.append(four_times / max(once, 0.002))
    return min(ratios)


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("start", ["", "WEBVTT\n\n"])
def test_openers_that_are_never_closed_take_linear_time(opener: str, start: str) -> None:
    fill = (opener * 19_000)[:19_000]

    def make(cues: int) -> str:
        return start + f"{STAMP}{fill}\n\n" * cues

    assert _growth(make, 20) < MOST


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("start", ["", "WEBVTT\n\n", STAMP])
def test_odd_lines_take_linear_time(line: str, start: str) -> None:
    assert _growth(lambda count: start + f"{line}\n" * count, 5_000) < MOST


def test_one_line_of_megabytes_is_refused_at_once() -> None:
    text = STAMP + "<b " * 1_000_000
    begun = time.process_time()
    with pytest.raises(ImportFileError, match="line 1 has more than 20,000 characters"):
        read_subtitles(text, notices={})
    assert time.process_time() - begun < 2


def _json(segments: list[dict[str, object]]) -> str:
    return json.dumps({"segments": segments})


def _segment(text: str = "x", **fields: object) -> dict[str, object]:
    return {"start": 0, "end": 1, "text": text, **fields}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_json([_segment("x " * 1_001)]), "1,000 words"),
        (_json([_segment("x " * 1_001, words=[{"word": "x"}] * 1_001)]), "1,000 words"),
        (_json([_segment("x " * 1_000)] * 501), "500,000 words"),
        (_json([_segment(speaker=f"S{n}") for n in range(101)]), "100 speakers"),
        (_json([_segment()] * 30_001), "30,000 segments"),
        (STAMP + "x\n\n" * 1, ""),
        ((STAMP + "x\n\n") * 30_001, "30,000 segments"),
        ("\n" * 600_000, "500,000 lines"),
        (STAMP + "x " * 1_001, "1,000 words"),
        (_json([_segment(end=10**400)]), "end of segment 1"),
        (_json([_segment(confidence=10**400)]), ""),
    ],
)
def test_a_file_is_refused_beyond_what_a_transcript_may_hold(
    content: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text(content)
    if not message:
        assert read_file(ImportJob(file)).segments
        return
    with pytest.raises(ImportFileError, match=message) as refused:
        read_file(ImportJob(file))
    assert refused.value.status == 400


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with file.open("wb") as opened:
        opened.truncate(bounds.MAX_BYTES + 1)
    with pytest.raises(ImportFileError) as refused:
        read_in_child(ImportJob(file))
    assert (refused.value.status, refused.value.code) == (413, "file_too_large")


def test_a_child_reads_the_file_and_words_come_with_it(tmp_path: Path) -> None:
    file = tmp_path / "file.srt"
    file.write_text("".join(f"{n}\n{STAMP}word {n}\n\n" for n in range(1, 1_201)))

    imported = read_in_child(ImportJob(file))

    assert len(imported.segments) == 1_200
    assert [word.text for word in imported.segments[-1].words] == ["word", "1200"]
