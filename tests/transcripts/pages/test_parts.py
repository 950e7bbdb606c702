"""A long text comes in parts: on its owner's page and on a shared one, whole and in order."""

import re

import pytest
from django.test import Client

from tests.accounts.pages.people import browser_of, member
from tests.transcripts.rows import create_transcript
from transcripts.gaps.models import Gap
from transcripts.models import Segment, Speaker, Status, Transcript
from transcripts.pages.parts import LINES_A_PART
from transcripts.sharing.links import create_share

COUNT = 2 * LINES_A_PART + 3
TEXT = re.compile(r"\bline-(\d+)\b")
GAP = re.compile(r'class="gap"')
MORE = re.compile(r'id="more-lines" href="(\?line=\d+)"')

pytestmark = pytest.mark.django_db


@pytest.fixture
def transcript() -> Transcript:
    """Segments of a second each, and a gap in each of the first two parts."""
    transcript = create_transcript(
        owner=member("ann@example.com"),
        status=Status.COMPLETED_WITH_WARNINGS,
        model_requested="tiny",
        language="en",
        warnings=[{"code": "speech_not_transcribed", "message": "", "gaps": 2, "seconds": 1.8}],
    )
    speaker = Speaker.objects.create(transcript=transcript, position=1, label="Speaker 1")
    Segment.objects.bulk_create(
        Segment(
            transcript=transcript, position=n, start_ms=1000 * n, end_ms=1000 * n + 1,
            text=f"line-{n}", speaker=speaker,
        )
        for n in range(COUNT)
    )  # fmt: skip
    for number in (LINES_A_PART - 10, LINES_A_PART):
        start_ms = 1000 * number + 10
        Gap.objects.create(
            transcript=transcript,
            start_ms=start_ms,
            end_ms=start_ms + 3000,
            reason="not_recognised",
        )
    return transcript


@pytest.fixture(params=["owner", "reader"])
def browser_and_path(request: pytest.FixtureRequest, transcript: Transcript) -> tuple[Client, str]:
    assert transcript.owner is not None
    if request.param == "owner":
        return browser_of(transcript.owner), f"/transcripts/{transcript.pk}/"
    return Client(), f"/s/{create_share(transcript)[1]}/"


def test_the_parts_make_the_whole(browser_and_path: tuple[Client, str]) -> None:
    browser, path = browser_and_path
    lines: list[int] = []
    gaps: list[int] = []
    query = ""
    while True:
        page = browser.get(path + query).content.decode()
        part = [int(number) for number in TEXT.findall(page)]
        assert len(part) <= LINES_A_PART
        lines += part
        gaps.append(len(GAP.findall(page)))
        more = MORE.search(page)
        if more is None:
            break
        query = more[1]

    assert lines == list(range(COUNT))
    assert gaps == [1, 1, 0]


@pytest.mark.parametrize("line", ["", "-1", "x", "²", "9" * 400, "999999999"])
def test_a_part_that_is_not_there_is_a_page(
    browser_and_path: tuple[Client, str], line: str
) -> None:
    browser, path = browser_and_path
    assert browser.get(f"{path}?line={line}").status_code == 200


def test_one_goes_back_to_the_part_before(browser_and_path: tuple[Client, str]) -> None:
    browser, path = browser_and_path
    last = browser.get(f"{path}?line={2 * LINES_A_PART}").content.decode()
    assert f'href="?line={LINES_A_PART}"' in last
    assert [int(number) for number in TEXT.findall(last)] == list(range(2 * LINES_A_PART, COUNT))


def test_a_text_of_one_part_has_no_links_to_others(transcript: Transcript) -> None:
    Segment.objects.filter(transcript=transcript, position__gte=LINES_A_PART).delete()
    assert transcript.owner is not None
    page = browser_of(transcript.owner).get(f"/transcripts/{transcript.pk}/").content.decode()
    assert "?line=" not in page


@pytest.mark.parametrize("number", [0, LINES_A_PART - 1, LINES_A_PART, COUNT - 1])
def test_a_segment_leads_to_its_part(
    browser_and_path: tuple[Client, str], transcript: Transcript, number: int
) -> None:
    browser, path = browser_and_path
    key = transcript.segments.get(position=number).key

    page = browser.get(f"{path}?segment={key}").content.decode()

    lines = [int(found) for found in TEXT.findall(page)]
    assert lines[0] == number - number % LINES_A_PART
    assert number in lines


def test_a_segment_that_is_not_there_leads_to_the_beginning(
    browser_and_path: tuple[Client, str],
) -> None:
    browser, path = browser_and_path
    page = browser.get(f"{path}?segment=nothing").content.decode()
    assert TEXT.findall(page)[0] == "0"
