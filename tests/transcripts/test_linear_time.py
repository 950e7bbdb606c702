"""Work on text that anybody may send grows with its length, not with the square of it.

Each function is timed at the largest text that its callers allow, and at four times that: linear
is 4, quadratic 16. What a file to import costs is in `imports/test_limits.py`.
"""

import gc
import time
from collections.abc import Callable
from typing import Any

import pytest

from stt_web.core.strict_json import StrictJsonError, parse_json
from stt_web.core.unicode import normalize
from stt_web.core.upload_reader import clean_file_name
from tests.transcripts.exports.documents import document, segment
from transcripts.editing.alignment_checks import redistribute_times
from transcripts.editing.revisions import compare_texts
from transcripts.exports.csv import neutralise
from transcripts.exports.document import Document
from transcripts.exports.files import content_disposition, file_name
from transcripts.exports.options import ExportOptions
from transcripts.exports.plain import one_line
from transcripts.exports.redaction import KINDS, redact_document
from transcripts.exports.render import export
from transcripts.imports.bounds import MAX_SEGMENT_CHARACTERS
from transcripts.search.folding import find_words, fold_text
from transcripts.search.query import read_terms
from transcripts.text.bounds import MAX_SEGMENT_WORDS
from transcripts.text.matching import match_sequences
from transcripts.text.retokenize import normalize_text, retokenize
from transcripts.text.words import Word

MOST = 9.0
FLOOR_S = 0.004  # below, the clock's own steps are seen
# What has been slow somewhere: runs of one kind, openers without an end, ambiguous groups.
PARTS = (
    *(
        "a",
        " ",
        "ab ",
        "1",
        "1 ",
        "1-",
        "-",
        "a@",
        "a.",
        "@a.b",
        "AA00 AAAA ",
        "AA00" + "A" * 31 + " ",
    ),
    *(
        "<",
        "<b ",
        "&",
        "&#",
        "{\\",
        "[",
        '"',
        ";=",
        ";\u200b",
        "=",
        "\u0301\u0316",
        "a\u0301\u0316",
    ),
    *(
        "\u200b",
        "\ufeff",
        "\u3164",
        "\u0e01",
        "\u4e00",
        "\u202e",
        "ﷺ",
        "+1 ",
        "(1) ",
        "://",
        "www.",
    ),
    *("\n", "\r\n", "\x1c", "J. ", "č ", "\U0001f468\u200d"),
)
# Which redaction masks, each.
MASKED = ("a@b.cz ", "+420123456789, ", "4111 1111 1111 1111; ", "GB82 WEST 1234 5698 7654 32. ")
TEXT_WORK: dict[str, Callable[[str], Any]] = {
    "fold": fold_text,
    "find words": find_words,
    "normalize text": normalize_text,
    "one line": one_line,
    "csv": neutralise,
    "normalize": lambda text: normalize("NFKD", text),
    "redact": lambda text: redact_document(document(segment(0, 9, text)), kinds=KINDS),
    "compare with itself": lambda text: compare_texts(text, text),
    "compare backwards": lambda text: compare_texts(text, text[::-1]),
    "compare with half": lambda text: compare_texts(text, text[::2]),
}


def growth(work: Callable[[str], Any], part: str, size: int) -> float:
    """Return how much longer four times as much takes, of the best of up to five each."""
    once, four_times = [], []
    for _ in range(5):
        once.append(_seconds(work, part, size))
        four_times.append(_seconds(work, part, 4 * size))
        if min(four_times) < MOST * max(min(once), FLOOR_S):
            break
    return min(four_times) / max(min(once), FLOOR_S)


def _seconds(work: Callable[[str], Any], part: str, size: int) -> float:
    text = (part * (size // len(part) + 1))[:size]
    gc.disable()  # what it costs depends on all that the other tests have left
    try:
        began = time.process_time()
        work(text)
        return time.process_time() - began
    finally:
        gc.enable()


@pytest.mark.parametrize("name", TEXT_WORK)
def test_work_on_a_segments_text_is_linear(name: str) -> None:
    grown = {part: growth(TEXT_WORK[name], part, MAX_SEGMENT_CHARACTERS) for part in PARTS}
    assert {part: ratio for part, ratio in grown.items() if ratio >= MOST} == {}


def spoken(text: str) -> Document:
    """Return a document of one segment with its words, as an import makes it; as many characters a
    second however long it is, since a cue's choices grow with them up to what a line holds."""
    return document(segment(0, 50 * len(text), text, is_timed=True))


@pytest.mark.parametrize("format_name", ["txt", "srt", "vtt", "json", "csv"])
def test_exports_of_a_long_segment_are_linear(format_name: str) -> None:
    def work(text: str) -> None:
        export(spoken(text), format_name, ExportOptions())

    grown = {part: growth(work, part, MAX_SEGMENT_WORDS * 2) for part in PARTS}
    assert {part: ratio for part, ratio in grown.items() if ratio >= MOST} == {}


def test_redacting_the_words_of_a_long_segment_is_linear() -> None:
    def work(text: str) -> None:
        redact_document(spoken(text), kinds=KINDS)

    grown = {part: growth(work, part, MAX_SEGMENT_CHARACTERS) for part in MASKED}
    assert {part: ratio for part, ratio in grown.items() if ratio >= MOST} == {}


def test_exports_of_many_segments_are_linear() -> None:
    def work(text: str) -> None:
        segments = (segment(n, n + 1, "ab ab", speaker=f"S{n % 100}") for n in range(len(text)))
        long = document(*segments)
        for name in ("txt", "srt", "csv"):
            export(long, name, ExportOptions(include_gaps=False))

    assert growth(work, "x", 2_000) < MOST


def test_retokenizing_is_linear() -> None:
    words = [Word("ab", n, n + 1, 1.0) for n in range(MAX_SEGMENT_WORDS)]

    def work(text: str) -> None:
        retokenize(words, normalize_text(text), start_ms=0, end_ms=MAX_SEGMENT_WORDS)

    grown = {part: growth(work, part, MAX_SEGMENT_CHARACTERS // 4) for part in PARTS}
    assert {part: ratio for part, ratio in grown.items() if ratio >= MOST} == {}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        '{"a":' * 100_000,
        '"\\u0000',
        "1" * 500_000,
        "[1," * 100_000,
        '"\\"' * 200_000,
    ],
)
def test_json_is_read_in_linear_time(text: str) -> None:
    def work(more: str) -> None:
        with pytest.raises(StrictJsonError):
            parse_json(more)

    assert growth(work, text, len(text)) < MOST


def test_names_of_files_are_made_in_linear_time() -> None:
    def work(text: str) -> None:
        content_disposition(file_name(clean_file_name(text), extension="txt"))

    grown = {part: growth(work, part, 16 * 1024) for part in PARTS}
    assert {part: ratio for part, ratio in grown.items() if ratio >= MOST} == {}


def test_sharing_out_times_that_an_aligner_squeezed_is_linear() -> None:
    def work(text: str) -> None:
        redistribute_times([Word("ab", 0, 0, 1.0)] * len(text))

    assert growth(work, "x", MAX_SEGMENT_WORDS) < MOST


def test_matching_of_words_is_bounded() -> None:
    def work(text: str) -> None:
        match_sequences(text.split(), text[::-1].split())

    assert growth(work, "a b c d ", MAX_SEGMENT_CHARACTERS) < MOST


def test_a_query_is_bounded_before_it_is_read() -> None:
    began = time.process_time()
    for part in PARTS:
        with pytest.raises(Exception, match="search may have at most"):
            read_terms(part * 100_000)
    assert time.process_time() - began < 1
