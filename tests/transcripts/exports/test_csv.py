"""CSV cells stay text in a spreadsheet, with any list separator."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcripts.exports.documents import document, segment
from transcripts.exports.csv import BYTE_ORDER_MARK, neutralise, render_csv
from transcripts.exports.options import ExportOptions

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "＝1", '=HYPERLINK("http://a")')
BEFORE = ("", " ", "\ufeff", "\u200b", "\u2060 ", "\u00ad", "\U000e0061", "\u3164", "\t", "\n")
STARTS = "=+-@＝＋－＠"


def cells(text: str, separator: str) -> list[str]:
    """Return the cells of our file as a spreadsheet with that list separator reads them."""
    file = render_csv(document(segment(0, 1000, text, speaker=text)), ExportOptions())
    rows = csv.reader(io.StringIO(file.removeprefix(BYTE_ORDER_MARK)), delimiter=separator)
    return [cell for row in rows for cell in row]


def acts(cell: str) -> bool:
    """Whether a spreadsheet that passes over all that is invisible would take it for a formula."""
    visible = "".join(each for each in cell if each.isprintable() and each not in "\u3164 ")
    return visible.startswith(tuple(STARTS))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("start", ["", "hello;", "hello,", "hello\t", 'hello;"', "a;b;", "a,b;,"])
@pytest.mark.parametrize("before", BEFORE)
def test_no_cell_is_a_formula(start: str, before: str, formula: str, separator: str) -> None:
    assert not [cell for cell in cells(start + before + formula, separator) if acts(cell)]


@given(st.text(alphabet=f"ab;,\"'\t\n \ufeff\u200b{STARTS}"), st.sampled_from([",", ";", "\t"]))
def test_no_text_makes_a_cell_that_is_a_formula(text: str, separator: str) -> None:
    assert not [cell for cell in cells(text, separator) if acts(cell)]


@given(st.text(alphabet="aěß1;,\"'!? .:()"))
def test_plain_text_comes_back_as_it_was(text: str) -> None:
    assert neutralise(text) == text
    assert text in cells(text, ",")


@pytest.mark.parametrize("text", ["well - yes", "a; b", "2 + 2 = 4", "yes, - no", "x@example.com"])
def test_signs_within_a_text_are_left_alone(text: str) -> None:
    assert neutralise(text) == text
