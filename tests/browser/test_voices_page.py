"""The page of voices in a real browser: a text spoken through the public API, and consent."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import StartBrowser
from tests.browser.session import log_in
from tests.e2e.processes import System
from tests.transcripts.fake_inference import FakeInference

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("voices_page") / "data") as running:
        running.start("web", "worker-texts")
        yield running


@pytest.fixture(scope="module")
def inference(system: System) -> Iterator[FakeInference]:
    with FakeInference(target=f"127.0.0.1:{system.port('inference')}") as fake:
        yield fake


@pytest.fixture
def page(system: System, inference: FakeInference, start_browser: StartBrowser) -> Iterator[Page]:
    inference.voice.reset()
    context = start_browser(None).new_context(locale="en")
    log_in(context, system)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    inference.voice.gate.set()
    context.close()
    assert faults == []


def test_a_text_is_spoken_played_and_downloaded(page: Page, system: System, tmp_path: Path) -> None:
    page.goto(f"{system.url}/account/voices/")
    page.get_by_label("Text").fill("Hello there. How are you?")
    expect(page.get_by_text("25 characters")).to_be_visible()
    expect(page.get_by_text("Costs about 1 credit or free minute.")).to_be_visible()

    page.get_by_role("button", name="Speak").click()

    expect(page.get_by_text("Done: 1.0 s of speech.")).to_be_visible(timeout=20_000)
    page.wait_for_function("() => document.getElementById('player').duration > 0.9")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download", exact=True).click()
    assert re.fullmatch(
        r"speech \w+ \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d [0-9a-f]{4}\.wav",
        downloading.value.suggested_filename,
    )
    downloading.value.save_as(tmp_path / "speech.wav")
    assert (tmp_path / "speech.wav").read_bytes()[:4] == b"RIFF"


def test_cancelling_frees_the_engine(page: Page, system: System, inference: FakeInference) -> None:
    inference.voice.gate.clear()
    page.goto(f"{system.url}/account/voices/")
    page.get_by_role("button", name="Speak").click()
    assert inference.voice.entered.wait(20)

    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_text("Cancelled. Nothing was charged.")).to_be_visible()
    assert inference.voice.cancelled.wait(20)


def test_a_refusal_is_shown(page: Page, system: System) -> None:
    page.goto(f"{system.url}/account/voices/")
    page.get_by_label("Text").fill("日本語。")

    page.get_by_role("button", name="Speak").click()

    expect(page.get_by_role("alert").filter(has_text="reads Latin letters")).to_be_visible(
        timeout=20_000
    )


def test_consent_is_given_and_revoked(page: Page, system: System) -> None:
    page.goto(f"{system.url}/account/voices/")
    page.get_by_role("button", name="I agree to these terms").click()
    expect(page.get_by_text("You agreed to these terms on")).to_be_visible()

    page.get_by_role("button", name="Revoke").click()

    expect(page.get_by_role("button", name="I agree to these terms")).to_be_visible()


def test_with_consent_and_an_engine_a_recording_can_be_chosen(
    page: Page, system: System, inference: FakeInference
) -> None:
    inference.voice.can_clone = True
    page.goto(f"{system.url}/account/voices/")
    page.get_by_role("button", name="I agree to these terms").click()

    expect(page.get_by_label("The voice of a recording")).to_be_visible()
    page.get_by_label("The voice of a recording").check()
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_text("Choose a recording of the voice.")).to_be_visible()
    page.get_by_role("button", name="Revoke").click()


def test_without_a_voice_the_page_has_what_to_install(
    page: Page, system: System, inference: FakeInference
) -> None:
    inference.voice.is_installed = False
    page.goto(f"{system.url}/account/voices/")

    expect(page.get_by_text("catalog pull kokoro").first).to_be_visible()
    expect(page.get_by_role("button", name="Speak")).to_have_count(0)
