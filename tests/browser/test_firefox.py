"""The main journeys in an ordinary Firefox: nothing that only Chromium knows is needed.

The processes are the product's, the recogniser is the tiny Whisper.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from tests.browser.conftest import make_wav
from tests.browser.editing import (
    SPOKEN,
    enter,
    expect_saved,
    import_transcript,
    marked,
    open_transcript,
    seed_transcript,
    text_of,
    texts_of,
    type_line,
)
from tests.browser.firefox import faults_of, run_firefox, run_sound_card, speaking
from tests.browser.gallery import OVERFLOW
from tests.browser.session import log_in
from tests.browser.test_upload_page import FIRST_HOUR, SAMPLE, TEXT, TINY
from tests.e2e.processes import System, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
LINES = [text for _, text in SPOKEN]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("firefox")
    (folder / "models").mkdir()
    (folder / "models" / "whisper-en-cs-tiny").symlink_to(TINY / "model")
    with System(folder / "data", env={"STT_MODELS_DIR": str(folder / "models")}) as system:
        system.start("inference", "worker-short", "web")
        yield system


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The browser's own; what it saves is in there."""
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="module")
def browser(playwright: Playwright, folder: Path) -> Iterator[Browser]:
    with run_firefox(playwright, folder) as browser:
        yield browser


@contextmanager
def window(browser: Browser, system: System | None, *, locale: str = "en") -> Iterator[Page]:
    """Yield a page of a user logged in (without a system: of a guest) that may have no faults."""
    context: BrowserContext = browser.new_context(
        locale=locale, viewport={"width": 390, "height": 844}
    )
    faults = faults_of(context)
    if system:
        log_in(context, system)
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()
    assert faults == []


def test_a_link_logs_in_and_a_file_becomes_a_transcript(system: System, browser: Browser) -> None:
    output = system.run(
        sys.executable, "manage.py", "shell", "-v0", "-c", FIRST_HOUR.format(url=system.url)
    )
    with window(browser, None) as page:
        page.goto(output.split()[-1])
        expect(page.locator(".library li")).to_contain_text("Sample")
        page.get_by_role("link", name="Upload recordings").click()
        page.locator("#file").set_input_files(SAMPLE)
        page.get_by_label("Language").select_option("en")
        page.get_by_role("button", name="Transcribe").click()
        page.wait_for_url("**/transcripts/*-*/")
        expect(page.locator("#working")).to_have_count(0, timeout=30_000)  # shown as it ends
        expect(page.locator("main")).to_contain_text(TEXT)
        page.goto(f"{system.url}/transcripts/")
        expect(page.locator(".library li").first).to_contain_text(SAMPLE.stem)


def test_a_transcript_is_edited_searched_and_exported(
    system: System, browser: Browser, folder: Path
) -> None:
    transcript_id = import_transcript(system)
    with window(browser, system) as page:
        open_transcript(page, system, transcript_id)
        type_line(page, 0, "Quite another text.")
        expect_saved(page)
        enter(page, 1, 6)
        page.keyboard.press("Enter")
        expect(text_of(page, 2)).to_have_text("the budget grow in spring.")
        expect_saved(page)
        assert texts_of(system, transcript_id)[:2] == ["Quite another text.", "We saw"]
        page.reload()
        expect(text_of(page, 0)).to_have_text("Quite another text.")
        enter(page, 2, 0)
        page.keyboard.press("Backspace")
        expect(text_of(page, 1)).to_have_text(LINES[1])
        for before in ("We saw", LINES[1]):
            page.keyboard.press("ControlOrMeta+z")
            expect(text_of(page, 1)).to_have_text(before)
        page.keyboard.press("ControlOrMeta+z")
        expect(text_of(page, 0)).to_have_text(LINES[0])
        expect_saved(page)
        assert texts_of(system, transcript_id) == LINES

        page.keyboard.press("Alt+f")
        page.keyboard.type("budget")
        expect(page.locator("#found")).to_have_text("3 matches")
        assert marked(page, "found") == ["budget"] * 3
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Export").click()
        page.locator("a[data-format=srt]").click()
        # Playwright has no event for what a script saves in Firefox.
        wait_until(lambda: (folder / "Meeting.srt").exists(), what="the file")
        wait_until(lambda: LINES[0] in (folder / "Meeting.srt").read_text(), what="its text")


def test_the_word_that_plays_is_lit_and_the_end_is_not_the_end_of_the_player(
    system: System, browser: Browser
) -> None:
    with window(browser, system) as page:
        open_transcript(page, system, seed_transcript(system, seconds=12))
        page.wait_for_function("() => player.readyState >= 2")
        slider = page.get_by_role("slider", name="Position")
        slider.press("End")  # where Firefox's decoder fails
        expect(slider).to_have_attribute("aria-valuetext", "0:12")
        slider.press("Home")
        expect(slider).to_have_attribute("aria-valuetext", "0:00")
        page.evaluate("player.muted = true")  # there is no device
        page.keyboard.press("k")
        page.wait_for_function("() => player.currentTime > 1")
        page.wait_for_function("() => CSS.highlights.get('playing')?.size === 1")
        page.keyboard.press("k")
        [word] = marked(page, "playing")
        assert word in ["line", "0", "has", "these", "six", "words"]


def test_spoken_words_appear_on_the_live_page(
    system: System, playwright: Playwright, tmp_path: Path
) -> None:
    speech = make_wav(SAMPLE, tmp_path / "speech.wav")
    with (
        run_sound_card(tmp_path) as sound,
        run_firefox(playwright, tmp_path, sound=sound) as browser,
        window(browser, system) as page,
    ):
        page.goto(f"{system.url}/live/")
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_role("status").first).to_have_text("Listening")
        with speaking(speech, sound):
            expect(page.get_by_role("log")).to_contain_text(TEXT, timeout=30_000)
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("status").first).to_have_text("Done", timeout=30_000)
        page.get_by_role("link", name="Open the transcript").click()
        expect(page.locator("#segments")).to_contain_text(TEXT)


def test_the_live_page_names_what_is_missing_where_nothing_plays_sound(
    system: System, browser: Browser
) -> None:
    with window(browser, system) as page:
        page.goto(f"{system.url}/live/")
        page.evaluate(  # a microphone there is
            "navigator.mediaDevices.getUserMedia = async () =>"
            " new MediaStream([new RTCPeerConnection().addTransceiver('audio').receiver.track])"
        )
        page.get_by_role("button", name="Start").click()
        error = page.locator(".page-error")
        expect(error).to_contain_text("Connect a speaker or headphones", timeout=15_000)
        expect(page.get_by_role("button", name="Start")).to_be_enabled()


def test_pages_in_czech_dark_on_a_phone_have_no_faults(
    system: System, playwright: Playwright, tmp_path: Path
) -> None:
    transcript = f"/transcripts/{import_transcript(system)}/"
    shown = {
        None: ("/", "/pricing/", "/account/signup/"),
        system: ("/", "/record/", "/live/", "/transcripts/", transcript, "/account/"),
    }
    with run_firefox(playwright, tmp_path, is_dark=True) as browser:
        for user, paths in shown.items():
            with window(browser, user, locale="cs") as page:
                for path in paths:
                    page.goto(system.url + path)
                    assert page.evaluate("document.documentElement.lang") == "cs"
                    assert page.evaluate(OVERFLOW) == 0, path
                    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
                    assert max(int(each) for each in re.findall(r"\d+", colour)[:3]) < 60
