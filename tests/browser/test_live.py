"""A person speaks into a browser and reads along: the product's real processes, a real recogniser.

The microphone plays recordings that the tiny Whisper gets right in every mode (its README).
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import StartBrowser, make_wav, serve_folder
from tests.e2e.processes import ROOT, System

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

TINY = ROOT / "tests" / "weights" / "whisper-en-cs-tiny"
TEXT = "The next meeting is Friday."
SAMPLE = ROOT / "tests" / "contract" / "samples" / "browser.js"
ANN = "ann@example.com"
NEW_SESSION = f"""
from django.test import Client
from accounts.models import User
client = Client()
client.force_login(User.objects.get(email="{ANN}"))
print(client.cookies["sessionid"].value)
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("live")
    (folder / "models").mkdir()
    (folder / "models" / "whisper-en-cs-tiny").symlink_to(TINY / "model")
    env = {"STT_MODELS_DIR": str(folder / "models")}
    with System(folder / "data", env=env) as system:
        system.start("inference", "worker-short", "worker-housekeeping", "beat", "web")
        yield system


@pytest.fixture(scope="module")
def anns_key(system: System) -> str:
    return system.create_api_key(ANN, plan="free")


def browser_with_microphone(start_browser: StartBrowser, name: str, folder: Path) -> Browser:
    wav = make_wav(TINY / "samples" / f"{name}.flac", folder / f"{name}.wav")
    return start_browser(wav)


def anns_page(system: System, browser: Browser) -> Page:
    session = system.run(sys.executable, "manage.py", "shell", "-v", "0", "-c", NEW_SESSION)
    context = browser.new_context(locale="en")
    context.add_cookies([{"name": "sessionid", "value": session.strip(), "url": system.url}])
    return open_live(system, context)


def open_live(system: System, context: BrowserContext) -> Page:
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"{system.url}/live/")
    return page


def wait_for(
    page: Page, condition: Callable[[], bool], *, what: Callable[[], object], within_s: float = 30
) -> None:
    """Return once it holds; events of the page are taken in while it waits."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what()
        page.wait_for_timeout(50)


def received_ms(page: Page) -> int:
    minutes, seconds = page.get_by_role("timer").inner_text().partition(" /")[0].split(":")
    return (int(minutes) * 60 + int(seconds)) * 1000


def test_words_appear_and_are_a_transcript_afterwards(
    system: System, anns_key: str, start_browser: StartBrowser, tmp_path: Path
) -> None:
    browser = browser_with_microphone(start_browser, "en_short_2", tmp_path)
    page = anns_page(system, browser)
    expect(page.get_by_text("600 free minutes")).to_be_visible()
    page.get_by_role("button", name="Start").click()

    expect(page.get_by_role("log")).to_contain_text(TEXT, timeout=20_000)
    expect(page.get_by_text("Transcribed with whisper-en-cs-tiny")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name="Transcript", exact=True)).to_be_focused(timeout=20_000)
    expect(page.get_by_text("Minutes charged: 1")).to_be_visible()
    page.get_by_role("link", name="Open the transcript").click()

    transcript_id = page.url.rstrip("/").rpartition("/")[2]
    headers = {"Authorization": f"Bearer {anns_key}"}
    api = f"{system.url}/api/v1/transcripts/{transcript_id}/"
    stored = requests.get(api, headers=headers).json()
    assert stored["status"] == "completed"
    assert [segment["text"] for segment in stored["segments"]] == [TEXT]
    expect(page.locator("main")).to_contain_text(TEXT)
    sound = requests.get(f"{api}audio/", headers=headers)
    assert sound.content[:4] == b"RIFF"
    browser.close()


def test_a_guest_speaks_reads_and_takes_the_text_along(
    system: System, start_browser: StartBrowser, tmp_path: Path
) -> None:
    browser = browser_with_microphone(start_browser, "en_short_2", tmp_path)
    page = open_live(system, browser.new_context(locale="cs"))
    page.locator(".toggle").click()

    expect(page.get_by_role("log")).to_contain_text(TEXT, timeout=20_000)
    page.locator(".toggle").click()
    with page.expect_download(timeout=20_000) as download:
        page.get_by_role("button", name="TXT").click()

    assert TEXT in Path(download.value.path()).read_text()
    browser.close()


def test_nothing_is_lost_where_the_web_process_dies_while_a_client_speaks(
    system: System, anns_key: str, start_browser: StartBrowser, tmp_path: Path
) -> None:
    browser = browser_with_microphone(start_browser, "en_talk_20s", tmp_path)
    page = anns_page(system, browser)
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".utterance").first).to_be_visible(timeout=20_000)

    system.kill("web")
    expect(page.get_by_role("status").first).to_contain_text("Connection lost.")
    system.start("web")
    expect(page.get_by_role("status").first).to_have_text("Listening", timeout=20_000)
    wait_for(page, lambda: received_ms(page) >= 20_000, what=lambda: received_ms(page), within_s=40)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name="Transcript", exact=True)).to_be_focused(timeout=30_000)

    received = received_ms(page)
    page.get_by_role("link", name="Open the transcript").click()
    transcript_id = page.url.rstrip("/").rpartition("/")[2]
    stored = requests.get(
        f"{system.url}/api/v1/transcripts/{transcript_id}/",
        headers={"Authorization": f"Bearer {anns_key}"},
    ).json()
    assert received / 1000 <= stored["duration"] < received / 1000 + 1.5
    browser.close()


def test_the_front_page_still_takes_recordings(
    system: System, anns_key: str, start_browser: StartBrowser, tmp_path: Path
) -> None:
    browser = start_browser(None)
    page = anns_page(system, browser)
    page.goto(system.url)
    page.locator("#file").set_input_files(TINY / "samples" / "en_short_2.flac")
    page.get_by_role("button", name="Transcribe").click()

    page.wait_for_url("**/transcripts/*-*/")
    expect(page.locator("main")).to_contain_text(TEXT, timeout=30_000)  # shown as it ends
    browser.close()


def test_the_contracts_browser_sample_works(
    system: System, start_browser: StartBrowser, tmp_path: Path
) -> None:
    """Unchanged but for the address, on a page of another site."""
    browser = browser_with_microphone(start_browser, "en_short_2", tmp_path)
    page = browser.new_page()
    printed: list[str] = []
    page.on("console", lambda message: printed.append(message.text))
    script = SAMPLE.read_text().replace("wss://api.stt.ai", system.url.replace("http", "ws", 1))
    (tmp_path / "index.html").write_text(f"<!doctype html><script>{script}</script>")

    with serve_folder(tmp_path) as url:
        page.goto(url)
        wait_for(page, lambda: f"Final: {TEXT}" in printed, what=lambda: printed)
    page.evaluate("ws.send(JSON.stringify({ action: 'stop' }))")
    page.wait_for_function("() => ws.readyState === WebSocket.CLOSED", timeout=20_000)

    assert [line for line in printed if line.startswith("Final:")] == [f"Final: {TEXT}"]
    assert any(line.startswith("Partial:") for line in printed)
    browser.close()


def docs_sample(system: System, browser: Browser, name: str, key: str) -> str:
    """Return a sample as a reader copies it from /docs, with the key typed in there."""
    page = browser.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"{system.url}/docs")
    page.get_by_label("Your API key").fill(key)
    return page.locator(f"{name} pre").first.text_content() or ""


def test_the_docs_live_sample_transcribes_a_microphone_in_20_lines(
    system: System, anns_key: str, start_browser: StartBrowser, tmp_path: Path
) -> None:
    browser = browser_with_microphone(start_browser, "en_short_2", tmp_path)
    sample = docs_sample(system, browser, "#live", anns_key)
    assert len(sample.splitlines()) <= 20
    (tmp_path / "index.html").write_text(f"<!doctype html>{sample}")

    with serve_folder(tmp_path) as url:
        page = browser.new_page()
        page.goto(url)
        expect(page.locator("#final")).to_contain_text(TEXT, timeout=20_000)
        page.get_by_role("button", name="Stop").click()
    browser.close()


def test_the_docs_browser_sample_transcribes_a_file(
    system: System, anns_key: str, start_browser: StartBrowser, tmp_path: Path
) -> None:
    browser = start_browser(None)
    sample = docs_sample(system, browser, "#sample-browser", anns_key)
    (tmp_path / "index.html").write_text(f"<!doctype html>{sample}")

    with serve_folder(tmp_path) as url:
        page = browser.new_page()
        page.goto(url)
        page.locator("#recording").set_input_files(TINY / "samples" / "en_short_2.flac")
        expect(page.locator("#text")).to_contain_text(TEXT, timeout=30_000)
    browser.close()


def test_the_reference_is_searched_and_a_key_is_made_on_the_page(
    system: System, anns_key: str, start_browser: StartBrowser
) -> None:
    browser = start_browser(None)
    page = anns_page(system, browser)
    page.goto(f"{system.url}/docs#transcribe")
    expect(page.locator("#transcribe")).to_have_attribute("open", "")

    page.get_by_role("searchbox", name="Search the reference").fill("split segment")
    expect(page.locator(".operation:visible")).to_have_count(1)
    expect(page.get_by_text("1 operation", exact=True)).to_be_visible()
    page.get_by_role("searchbox", name="Search the reference").fill("")

    page.get_by_role("button", name="Create a key").click()
    expect(page.get_by_text("Key created.")).to_be_visible()
    key = page.get_by_label("Your API key").input_value()
    expect(page.locator("#sample-curl pre")).to_contain_text(key)
    page.locator("[role=tab][aria-controls=sample-curl]").press("ArrowRight")
    expect(page.locator("[role=tab][aria-controls=sample-python]")).to_be_focused()
    expect(page.locator("#sample-python pre")).to_contain_text(key)
    account = requests.get(
        f"{system.url}/api/v1/account/", headers={"Authorization": f"Bearer {key}"}
    )
    assert account.json()["email"] == ANN
    browser.close()
