"""A user finds a transcript, reads it along with its sound, and corrects it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import StartBrowser
from tests.browser.editing import api, line, open_transcript, text_of
from tests.browser.session import log_in
from tests.e2e.processes import ROOT, System

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
TINY = ROOT / "tests" / "weights" / "whisper-en-cs-tiny"
# No speaker model is small enough to come with the tests: two take turns, as one would have found.
TWO_SPEAKERS = """
from transcripts.models import Segment, Speaker
two = [
    Speaker.objects.create(transcript_id="{id}", position=n, label=f"Speaker {{n}}") for n in (1, 2)
]
for n, segment in enumerate(Segment.objects.filter(transcript_id="{id}").order_by("position")):
    segment.speaker = two[n % 2]
    segment.save()
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("transcript_page")
    (folder / "models").mkdir()
    (folder / "models" / "whisper-en-cs-tiny").symlink_to(TINY / "model")
    with System(folder / "data", env={"STT_MODELS_DIR": str(folder / "models")}) as running:
        running.start("inference", "worker-short", "web")
        yield running


@pytest.fixture
def transcript_id(system: System) -> Iterator[str]:
    """A dialogue of two, just transcribed; deleted afterwards, else the next is this one again."""
    recording = (TINY / "samples" / "dialogue_1.flac").read_bytes()
    answer = requests.post(
        f"{system.url}/v1/transcribe",
        headers=system.headers,
        files={"file": ("Dialogue.flac", recording)},
        data={"language": "en"},
        timeout=120,
    )
    answer.raise_for_status()
    transcript = answer.headers["X-Transcript-Id"]
    yield transcript
    address = f"{system.url}/api/v1/transcripts/{transcript}/"
    requests.delete(address, headers=system.headers, timeout=30).raise_for_status()


@pytest.fixture
def two_speakers(system: System, transcript_id: str) -> None:
    code = TWO_SPEAKERS.format(id=transcript_id)
    system.run(sys.executable, "manage.py", "shell", "-v0", "-c", code)


@pytest.fixture
def page(system: System, start_browser: StartBrowser) -> Iterator[Page]:
    context = start_browser(None).new_context(locale="en")
    log_in(context, system)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def open_line_menu(page: Page, number: int) -> None:
    text_of(page, number).click()
    line(page, number).get_by_role("button", name="Actions of the line").click()


@pytest.mark.usefixtures("two_speakers")
def test_a_speaker_and_the_title_get_names(page: Page, system: System, transcript_id: str) -> None:
    open_transcript(page, system, transcript_id)

    page.locator(".speaker").first.click()
    page.keyboard.type("<b>Anna</b>")
    page.keyboard.press("Enter")
    expect(page.locator(".speaker").filter(has_text="Speaker 1")).to_have_count(0)
    expect(page.get_by_role("button", name="<b>Anna</b>").first).to_be_visible()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Edit title and tags").click()
    page.get_by_label("Title", exact=True).fill("Budget talk")
    page.get_by_role("textbox", name="Tags").fill("work, 2026")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Budget talk")
    expect(page.get_by_role("link", name="work")).to_be_visible()
    known = api(system, "GET", f"{transcript_id}/")
    assert (known["title"], known["tags"]) == ("Budget talk", ["2026", "work"])
    assert "<b>Anna</b>" in known["speakers"]


def test_files_are_downloaded_under_the_title(
    page: Page, system: System, transcript_id: str, tmp_path: Path
) -> None:
    api(system, "PATCH", f"{transcript_id}/", title="Notes")
    open_transcript(page, system, transcript_id)

    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="SRT").click()

    assert download.value.suggested_filename.endswith(".srt")
    assert "-->" in Path(download.value.path()).read_text()


@pytest.mark.usefixtures("two_speakers")
def test_a_line_is_given_to_a_new_speaker(page: Page, system: System, transcript_id: str) -> None:
    open_transcript(page, system, transcript_id)

    open_line_menu(page, 1)
    page.get_by_label("Speaker", exact=True).select_option(label="New speaker…")
    page.get_by_label("Name of the new speaker").fill("Anna")
    page.keyboard.press("Enter")

    expect(page.locator(".speaker", has_text="Anna")).to_be_visible()
    segments = api(system, "GET", f"{transcript_id}/segments/")["results"]
    assert (segments[1]["speaker"], segments[1]["speaker_number"]) == ("Anna", 3)


@pytest.mark.usefixtures("two_speakers")
def test_two_speakers_are_joined_and_taken_apart_again(
    page: Page, system: System, transcript_id: str
) -> None:
    open_transcript(page, system, transcript_id)

    page.locator("#talk").get_by_role("button", name="Speaker 2").click()
    page.get_by_label("Same person as").select_option(label="Speaker 1")
    page.get_by_role("button", name="Merge speakers").click()

    expect(page.locator("#segments .speaker")).to_have_text(["Speaker 1"])
    assert len(api(system, "GET", f"{transcript_id}/speakers/")["speakers"]) == 1
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Speaker 2").first).to_be_visible()


def test_a_line_gets_other_times_by_hand_and_from_the_player(
    page: Page, system: System, transcript_id: str
) -> None:
    before = api(system, "GET", f"{transcript_id}/segments/")["results"][2]
    start, end = round(before["start"] + 0.25, 3), round(before["end"] - 0.125, 3)
    open_transcript(page, system, transcript_id)
    page.wait_for_function("player.readyState >= 1")

    open_line_menu(page, 2)
    page.evaluate("time => { player.pause(); player.currentTime = time }", start)
    page.get_by_role("button", name="Start: use player position").click()
    page.get_by_label("Ends at").fill("soon")
    page.keyboard.press("Enter")
    expect(page.locator(".page-error")).to_contain_text("for example 1:02.5")
    page.get_by_label("Ends at").fill(f"0:{end:06.3f}".replace(".", ","))
    page.keyboard.press("Enter")

    expect(page.get_by_label("Ends at")).to_have_count(0)
    after = api(system, "GET", f"{transcript_id}/segments/")["results"][2]
    assert (after["start"], after["end"], after["text"]) == (start, end, before["text"])


def test_words_move_to_the_line_behind_and_back(
    page: Page, system: System, transcript_id: str
) -> None:
    open_transcript(page, system, transcript_id)
    first, second = text_of(page, 2).inner_text(), text_of(page, 3).inner_text()
    *rest, last = first.split()

    open_line_menu(page, 2)
    page.get_by_role("button", name="Move last word to next line").click()
    expect(text_of(page, 2)).to_have_text(" ".join(rest))
    expect(text_of(page, 3)).to_have_text(f"{last} {second}")
    open_line_menu(page, 3)
    page.get_by_role("button", name="Move first word to previous line").click()

    expect(text_of(page, 3)).to_have_text(second)
    expect(text_of(page, 2)).to_have_text(first)


def test_the_history_shows_what_each_change_was(
    page: Page, system: System, transcript_id: str
) -> None:
    segment = api(system, "GET", f"{transcript_id}/segments/")["results"][0]
    path = f"{transcript_id}/segments/{segment['id']}/"
    api(system, "PATCH", path, text="The budget was small.")
    api(system, "PATCH", path, text="The budget was quite large.")
    api(system, "PATCH", f"{transcript_id}/", title="Renamed <i>here</i>")
    open_transcript(page, system, transcript_id)

    page.get_by_role("tab", name="History").click()
    listed = page.locator("#revisions > li")
    expect(listed.nth(0)).to_contain_text("inserted: Renamed <i>here</i>")
    expect(listed.nth(1)).to_contain_text("deleted: small. inserted: quite large.")
    page.get_by_role("button", name="Changes: 2.").click()
    shown = page.locator(".difference:visible")
    expect(shown.locator("del")).to_have_text("deleted: small.")
    expect(shown.locator("ins")).to_have_text("inserted: quite large.")
    page.get_by_role("button", name="Changes: 2.").click()
    expect(shown).to_have_count(0)
    page.get_by_role("button", name="Compare with current: 1.").click()

    expect(shown.locator("ins").first).to_have_text("inserted: Renamed <i>here</i>")
    expect(shown.locator("del").last).to_have_text("deleted: small.")


@pytest.mark.usefixtures("two_speakers")
def test_files_are_as_was_chosen_and_subtitles_are_checked(
    page: Page, system: System, transcript_id: str
) -> None:
    segment = api(system, "GET", f"{transcript_id}/segments/")["results"][0]
    path = f"{transcript_id}/segments/{segment['id']}/"
    api(system, "PATCH", path, text="Write to anna@example.com about everything that we said here")
    open_transcript(page, system, transcript_id)

    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_label("Include speaker names").uncheck()
    page.get_by_role("checkbox", name="Email addresses").first.check()
    page.get_by_label("Subtitles (SRT, VTT)").select_option(label="Social media")
    page.get_by_role("button", name="Check subtitles").click()
    expect(page.locator("#lint li").first).to_contain_text("Too fast to read")
    with page.expect_download() as download:
        page.get_by_role("link", name="SRT").click()

    content = Path(download.value.path()).read_text()
    assert "anna@example.com" not in content
    assert "Speaker" not in content
    assert 0 < len(content.split("\n")[2]) <= 24  # the first line of the first subtitle


def test_a_title_without_a_space_leaves_the_page_as_wide_as_a_telephone(
    page: Page, system: System, transcript_id: str
) -> None:
    api(system, "PATCH", f"{transcript_id}/", title="long" * 60)
    page.set_viewport_size({"width": 390, "height": 844})
    open_transcript(page, system, transcript_id)

    toolbar = page.locator("#tools").bounding_box()
    assert toolbar is not None
    assert toolbar["height"] < 80  # one row: two have more than 100
    for name in ("History", "Comments", "Summary"):
        page.get_by_role("tab", name=name).click()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Export", exact=True).click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_transcript_is_found_by_its_words_and_filtered_by_its_tag(
    page: Page, system: System, transcript_id: str
) -> None:
    segment = api(system, "GET", f"{transcript_id}/segments/")["results"][1]
    api(system, "PATCH", f"{transcript_id}/segments/{segment['id']}/", text="An unheard zymurgy")
    api(system, "PATCH", f"{transcript_id}/", title="Brewing", tags=["beer"])

    page.goto(f"{system.url}/transcripts/")
    page.get_by_label("Search titles and transcripts").fill("ZYMURGY")
    page.keyboard.press("Enter")

    expect(page.locator("mark")).to_have_text("zymurgy")
    expect(page.locator("#list").get_by_role("status")).to_have_text("1 transcript found")
    page.locator(".found a").click()
    expect(page.locator("#segments li:target .text")).to_have_text("An unheard zymurgy")
    page.goto(f"{system.url}/transcripts/")
    page.get_by_text("Filter and sort").click()
    page.get_by_label("Tag").select_option("beer")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".rows > li")).to_have_count(1)
    page.goto(f"{system.url}/transcripts/?search=nowhere-to-be-found")
    expect(page.get_by_text("No results.")).to_be_visible()
