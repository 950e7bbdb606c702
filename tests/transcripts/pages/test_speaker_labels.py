"""Speakers whom no one has named, in the reader's language."""

import pytest
from django.utils.translation import override

from transcripts.pages.line_markup import render_blocks
from transcripts.pages.paragraphs import SegmentLine
from transcripts.pages.speaker_labels import show_speaker
from transcripts.pages.talk import Talk


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Speaker 12", "Mluvčí 12"), ("Speaker Ann", "Speaker Ann"), ("Ann", "Ann"), ("", "")],
)
def test_a_label_is_translated_and_a_name_is_not(name: str, shown: str) -> None:
    with override("cs"):
        assert show_speaker(name) == shown
    assert show_speaker(name) == name


def test_lines_and_the_strip_of_names_show_it() -> None:
    line = SegmentLine(start_ms=0, end_ms=1000, key="a", text="x", speaker="Speaker 1", number=1)
    with override("cs"):
        [block] = render_blocks([line], language="cs", is_playable=False, is_editable=False)
        assert ">Mluvčí 1</p>" in block
        assert Talk(1, "Speaker 1", "", 100).shown_name == "Mluvčí 1"
        assert Talk(1, "Speaker 1", "Ann", 100).shown_name == "Ann"
