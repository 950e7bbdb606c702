"""What a page shows of gaps: how long and where, in the numbers of who reads."""

import pytest
from django.utils import translation

from transcripts.jobs.models import TranscriptionJob
from transcripts.models import Transcript
from transcripts.pages.line_markup import render_blocks
from transcripts.pages.remarks import list_gaps, list_remarks
from transcripts.services.shown_gaps import ShownGap, gap_warning, seconds_of


def _gap(start_ms: int, end_ms: int) -> ShownGap:
    return ShownGap(("a",), start_ms, end_ms, "repetition", text="so")


@pytest.mark.parametrize(
    ("end_ms", "english", "czech", "place"),
    [
        (1_700, "0.5", "0,5", "0:01.2–0:01.7"),
        (5_200, "4.0", "4,0", "0:01.2–0:05.2"),
        (11_149, "9.9", "9,9", "0:01.2–0:11.1"),
        (11_160, "10", "10", "0:01–0:11"),
        (1_235_200, "1234", "1234", "0:01–20:35"),
    ],
)
def test_less_than_ten_seconds_are_written_in_tenths_everywhere(
    end_ms: int, english: str, czech: str, place: str
) -> None:
    gap = _gap(1_200, end_ms)
    warning = gap_warning([gap])
    transcript = Transcript(job=TranscriptionJob(warnings=[warning]))

    seconds_by_language = {}
    for language in ("en", "cs"):
        with translation.override(language):
            [shown], [remark] = list_gaps([gap]), list_remarks(transcript)
            seconds_by_language[language] = shown.seconds
            assert f" {shown.seconds} s " in remark["text"]
            [block] = render_blocks([shown], language="en", is_playable=False, is_editable=False)
            assert f"{shown.seconds} s " in block

    assert (seconds_by_language["en"], seconds_by_language["cs"]) == (english, czech)
    assert warning["message"] == (
        f"1 part of the speech ({english} s) is not in the text: {place}."
    )
    assert warning["seconds"] == seconds_of([gap])
