"""A guest saves what was transcribed, by signing up or logging in: in a real browser.

The processes are the product's, the recogniser is the tiny Whisper, the mail is a file.
"""

import re
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import StartBrowser, make_wav
from tests.browser.test_account import PASSWORD, link_of_the_mail
from tests.e2e.processes import ROOT, System

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

TINY = ROOT / "tests" / "weights" / "whisper-en-cs-tiny"
SAMPLE = TINY / "samples" / "en_short_2.flac"
TEXT = "The next meeting is Friday."
BEN = "ben@example.com"
MAKE_BEN = f"""
from allauth.account.models import EmailAddress
from accounts.models import User
ben = User.objects.create_user("{BEN}", "{PASSWORD}")
EmailAddress.objects.create(user=ben, email="{BEN}", verified=True, primary=True)
"""


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keeping") / "mails"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, mails: Path) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("keeping")
    (folder / "models").mkdir()
    (folder / "models" / "whisper-en-cs-tiny").symlink_to(TINY / "model")
    env = {"STT_MODELS_DIR": str(folder / "models"), "STT_EMAIL_URL": f"file://{mails}"}
    with System(folder / "data", env=env) as system:
        system.start("inference", "worker-short", "worker-housekeeping", "web")
        yield system


def watch(page: Page) -> Page:
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    return page


def log_ben_in(page: Page) -> None:
    page.get_by_label("Email").fill(BEN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_a_guest_transcribes_signs_up_and_has_the_text(
    system: System, mails: Path, start_browser: StartBrowser
) -> None:
    context = start_browser(None).new_context(locale="en")
    page = watch(context.new_page())
    page.goto(system.url)
    page.locator("#file").set_input_files(SAMPLE)
    page.get_by_text("Advanced").click()
    page.get_by_label("Audio tracks").select_option("All")
    page.get_by_label("Channels").select_option("One speaker per channel")
    page.get_by_role("button", name="Transcribe").click()
    offer = page.get_by_role("link", name="Sign up and save this text")
    expect(offer).to_be_visible(timeout=30_000)
    expect(page.get_by_text("without an account, it is deleted after an hour")).to_be_visible()
    expect(page.locator("#warnings")).to_contain_text("All channels of this recording contain")

    offer.click()
    page.get_by_label("Email").fill("ann@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm your email address")
    page = watch(context.new_page())  # a mail program opens its links in a tab of their own
    page.goto(link_of_the_mail(mails))
    page.get_by_role("button", name="Yes, confirm").click()

    expect(page.locator("main")).to_contain_text(TEXT, timeout=15_000)
    page.goto(f"{system.url}/transcripts/")
    expect(page.get_by_role("link", name="en_short_2")).to_be_visible()
    context.close()


def test_a_guest_speaks_logs_in_and_has_the_text(
    system: System, start_browser: StartBrowser, tmp_path: Path
) -> None:
    system.run(sys.executable, "manage.py", "shell", "-v", "0", "-c", MAKE_BEN)
    browser = start_browser(make_wav(SAMPLE, tmp_path / "speech.wav"))
    page = watch(browser.new_context(locale="en").new_page())
    page.goto(f"{system.url}/live/")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("log")).to_contain_text(TEXT, timeout=20_000)
    expect(page.get_by_role("link", name="Log in and save it")).to_be_hidden()
    page.get_by_role("button", name="Stop").click()

    page.get_by_role("link", name="Log in and save it").click(timeout=20_000)
    log_ben_in(page)

    expect(page.locator("main")).to_contain_text(TEXT, timeout=15_000)
    assert "/transcripts/" in page.url
    page.goto(f"{system.url}/transcripts/")
    expect(page.get_by_role("listitem").filter(has_text="Live")).to_be_visible()

    # Too late for another one: that is shown, once.
    page.evaluate(
        "() => localStorage.setItem('stt-guest-results', JSON.stringify([{token: 'sttt_late'}]))"
    )
    page.goto(f"{system.url}/account/profile/")
    deleted = page.get_by_text("The transcript you wanted to save has been deleted")
    expect(deleted).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(deleted).to_be_hidden()
    browser.close()


def test_silence_is_a_sentence_and_nothing_to_download_or_save(
    system: System, start_browser: StartBrowser, tmp_path: Path
) -> None:
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000 * 4))
    context = start_browser(None).new_context(locale="en")
    page = watch(context.new_page())
    page.goto(system.url)
    page.locator("#file").set_input_files(silence)
    page.get_by_role("button", name="Transcribe").click()

    expect(page.locator("#facts")).to_contain_text("No speech was found", timeout=30_000)
    expect(page.locator("#downloads")).to_be_hidden()
    expect(page.locator("#save-offer")).to_be_hidden()
    page.reload()
    row = page.locator("#guest-files li")
    expect(row).to_contain_text("No speech was found in this recording.")
    expect(row.get_by_role("button")).to_have_count(0)
    context.close()


def test_each_of_several_files_has_a_line_with_its_state(
    system: System, start_browser: StartBrowser
) -> None:
    context = start_browser(None).new_context(locale="en")
    page = watch(context.new_page())
    page.goto(system.url)
    audio = SAMPLE.read_bytes()
    names = [f"take {number}.flac" for number in range(1, 6)]  # two more than a day's
    page.locator("#file").set_input_files(
        [FilePayload(name=name, mimeType="audio/flac", buffer=audio) for name in names]
    )
    rows = page.locator("#guest-files li")
    expect(rows).to_have_count(5)
    page.get_by_role("button", name="Transcribe").click()

    expect(page.locator(".page-error")).to_contain_text("today's free", timeout=60_000)
    refused = rows.filter(has_text="today's free")
    done = rows.filter(has_text="Done")
    assert (refused.count() >= 2, done.count() + refused.count()) == (True, 5)
    expect(refused.last).to_contain_text("take 5.flac")
    expect(refused.last.get_by_role("button", name="Try again: take 5.flac")).to_be_visible()
    if done.count():
        done.last.get_by_role("button", name=re.compile("Show transcript")).press("Enter")
        expect(page.locator("#segments")).to_contain_text(TEXT)
    assert findings(page) == []
    context.close()
