"""A user brings subtitles along, takes transcripts away, and limits how long they stay."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import StartBrowser
from tests.browser.session import log_in
from tests.e2e.processes import System

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
SRT = "1\n00:00:01,000 --> 00:00:03,000\n{}\n"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("library_page") / "data") as running:
        running.start("web")
        yield running


@pytest.fixture
def page(system: System, start_browser: StartBrowser) -> Iterator[Page]:
    context = start_browser(None).new_context(locale="en", viewport={"width": 390, "height": 844})
    log_in(context, system)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def import_files(page: Page, url: str, *files: Path) -> None:
    page.goto(f"{url}/transcripts/")
    page.get_by_role("button", name="Import subtitles or a transcript").click()
    page.get_by_label("Files").set_input_files(files)
    page.get_by_role("button", name="Import", exact=True).click()


def test_subtitles_become_transcripts_which_are_ticked_and_taken_away(
    page: Page, system: System, tmp_path: Path
) -> None:
    for name, text in (("One", "First words."), ("Two", "Other words.")):
        (tmp_path / f"{name}.srt").write_text(SRT.format(text))
    (tmp_path / "Broken.srt").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    names = ("One", "Broken", "Two")
    import_files(page, system.url, *(tmp_path / f"{name}.srt" for name in names))

    rows = page.locator("#imported li")
    expect(rows.nth(0)).to_have_text("One.srt: imported Open")
    expect(rows.nth(1)).to_contain_text("Broken.srt: This file is not text")
    expect(rows.nth(2)).to_have_text("Two.srt: imported Open")

    page.reload()
    page.get_by_label("Select “Two”").check()
    button = page.get_by_role("button", name="Download selected (1)")
    expect(button).to_be_visible()
    page.get_by_label("Format").select_option("srt")
    with page.expect_download() as started:
        button.click()
    with zipfile.ZipFile(started.value.path()) as archive:
        assert archive.namelist() == ["Two.srt"]
        assert "Other words." in archive.read("Two.srt").decode()

    with page.expect_download() as started:
        page.get_by_role("button", name="Download all").click()
    with zipfile.ZipFile(started.value.path()) as archive:
        assert sorted(archive.namelist()) == ["One.srt", "Two.srt"]


def test_one_file_leads_to_its_transcript_and_a_refusal_is_shown(
    page: Page, system: System, tmp_path: Path
) -> None:
    (tmp_path / "Rozhovor.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:03.000\n<v Jana>Ahoj.\n")
    (tmp_path / "empty.json").write_text("{}")

    import_files(page, system.url, tmp_path / "empty.json")
    expect(page.locator("#imported li.error")).to_contain_text("empty.json: ")
    page.get_by_label("Files").set_input_files(tmp_path / "Rozhovor.vtt")
    page.locator("#import-language").select_option("cs")
    page.get_by_role("button", name="Import", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Rozhovor")
    expect(page.get_by_text("Ahoj.")).to_be_visible()
    expect(page.get_by_text("Uploaded")).to_be_visible()


def test_a_limit_is_typed_and_asked_for_where_it_deletes(
    page: Page, system: System, tmp_path: Path
) -> None:
    page.goto(f"{system.url}/account/")
    page.get_by_role("button", name="Account pages").click()  # on a phone
    page.get_by_role("link", name="Retention").click()
    page.wait_for_url("**/account/retention/")  # loaded: its script has run
    recordings = page.get_by_role("group", name="Recordings")
    recordings.get_by_role("spinbutton").fill("14")
    expect(recordings.get_by_role("radio", name="Delete after")).to_be_checked()
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(recordings.get_by_role("spinbutton")).to_have_value("14")
    recordings.get_by_role("radio", name="Delete as soon as").check()
    page.get_by_role("button", name="Save").click()
    expect(recordings.get_by_role("radio", name="Delete as soon as")).to_be_checked()
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide == 0
