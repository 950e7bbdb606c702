"""Many files, bad lines, reloads, links and microphones: the upload queue in a real browser.

The processes are the product's, the recogniser is the tiny Whisper.
"""

import contextlib
import re
import socket
import sys
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

from tests.browser.conftest import StartBrowser, make_wav, serve_folder
from tests.browser.session import log_in
from tests.e2e.processes import ROOT, System

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

TINY = ROOT / "tests" / "weights" / "whisper-en-cs-tiny"
SAMPLE = TINY / "samples" / "en_short_2.flac"
OTHER = TINY / "samples" / "en_short_1.flac"
TEXT = "The next meeting is Friday."
_SLOW_BYTES_A_S = 600_000
FIRST_HOUR = """
from stt_web.supervisor.first_steps import LOCAL_USER, describe_login, ensure_sample
from accounts.models import User
User.objects.create_user(LOCAL_USER)
ensure_sample()
print(describe_login("{url}", host="127.0.0.1").split()[0])
"""
COUNT_TRIES = """
from billing.models import AnonymousUse
print(sum(AnonymousUse.objects.values_list("count", flat=True)))
"""
DROP = """async (files) => {
  const transfer = new DataTransfer();
  for (const [name, bytes] of files) transfer.items.add(new File([new Uint8Array(bytes)], name));
  for (const type of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(
      new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("upload_page")
    (folder / "models").mkdir()
    (folder / "models" / "whisper-en-cs-tiny").symlink_to(TINY / "model")
    env = {
        "STT_MODELS_DIR": str(folder / "models"),
        "STT_FETCH_ALLOWED_NETWORKS": "127.0.0.1/32",
        "STT_LOCAL_LINKS": "true",
    }
    with System(folder / "data", env=env) as system:
        system.start("inference", "worker-short", "worker-bulk", "web")
        yield system


@pytest.fixture(scope="module")
def browser(start_browser: StartBrowser, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    speech = make_wav(SAMPLE, tmp_path_factory.mktemp("speech") / "speech.wav")
    return start_browser(speech)


@pytest.fixture
def context(browser: Browser, system: System) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en")
    log_in(context, system)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    assert faults == []


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seconds on a slow line: 2 MB, of which half a second is sound."""
    path = tmp_path_factory.mktemp("large") / "large.wav"
    samples = np.zeros((96_000 * 5, 2), "<i2")
    samples[:48_000] = np.random.default_rng(1).integers(-3000, 3000, (48_000, 2))
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 96_000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return path


def slow_down(page: Page, *, bytes_a_s: int = _SLOW_BYTES_A_S) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
    session.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": bytes_a_s})


class Line:
    """A connection to the server that can be cut: each of its sockets is closed."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._server = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._sockets.clear()

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                self._sockets += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def row(page: Page, name: str) -> Locator:
    return page.locator("#queue-list li").filter(has_text=name)


def patches(page: Page) -> list[int]:
    """From which byte each part began, as they are sent."""
    offsets: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH" and "/v1/uploads/" in request.url:
            offsets.append(int(request.headers.get("upload-offset", "-1")))

    page.on("request", note)
    return offsets


def begin(page: Page, url: str, file: Path) -> None:
    page.goto(url)
    slow_down(page)
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name="Transcribe").click()
    expect(page.locator("#queue-list li")).to_contain_text("Uploading: ")
    page.wait_for_function(
        "() => (document.querySelector('#queue-list progress')?.value ?? 0) > 0.25"
    )


def test_the_first_hour_leads_from_the_terminals_link_to_a_transcript(
    system: System, browser: Browser
) -> None:
    output = system.run(
        sys.executable, "manage.py", "shell", "-v0", "-c", FIRST_HOUR.format(url=system.url)
    )
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.goto(output.split()[-1])
    expect(page.get_by_role("heading", level=1)).to_have_text("Transcripts")
    expect(page.locator(".library li")).to_contain_text("Sample")
    page.get_by_role("link", name="Welcome (sample)").click()
    expect(page.locator("main")).to_contain_text("Hello and welcome to our speech to text service.")

    page.goto(f"{system.url}/transcripts/")
    page.get_by_role("link", name="Upload recordings").click()
    page.locator("#file").set_input_files(SAMPLE)
    page.get_by_label("Language").select_option("en")
    page.get_by_role("button", name="Transcribe").click()
    page.wait_for_url("**/transcripts/*-*/")
    expect(page.locator("#working")).to_have_count(0, timeout=30_000)  # shown as it ends
    expect(page.locator("main")).to_contain_text(TEXT)
    page.goto(system.url)  # what was chosen is there the next time
    expect(page.get_by_label("Language")).to_have_value("en")
    context.close()


def test_without_a_mail_server_a_person_here_signs_up_on_the_page(
    system: System, browser: Browser
) -> None:
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.goto(f"{system.url}/account/signup/")
    page.get_by_label("Email").fill("first@example.com")
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Create account").click()
    expect(page.locator("main")).to_contain_text("This server sends no email.")
    page.get_by_role("link", name="Confirm the address").click()
    page.get_by_role("button", name="Yes, confirm").click()
    expect(page.get_by_text("Choose recordings")).to_be_visible()  # on upload
    context.close()


def test_three_dropped_files_become_three_transcripts_and_one_a_sentence(
    page: Page, system: System
) -> None:
    page.goto(f"{system.url}/account/keys/")  # anywhere
    names = ["one.flac", "two.flac", "three.flac", "letter.pdf"]
    samples = sorted(SAMPLE.parent.glob("*.flac"))[:4]
    dropped = zip(names, (list(each.read_bytes()) for each in samples), strict=True)
    page.evaluate(DROP, [list(each) for each in dropped])

    for name in names[:3]:
        expect(row(page, name)).to_have_attribute("data-state", "done", timeout=40_000)
    expect(row(page, "letter.pdf")).to_contain_text("This is not an audio or video file.")
    expect(page.locator("#queue .queue-summary")).to_have_text("3 done · 1 failed")
    page.goto(f"{system.url}/transcripts/")
    for name in ("one", "two", "three"):
        expect(page.get_by_role("link", name=name, exact=True).first).to_be_visible()
    # Nothing is under way: what is listed makes room for the page.
    expect(page.locator("#queue-list")).to_be_hidden()
    page.get_by_role("button", name="Show or hide the list of uploads").click()
    expect(row(page, "one.flac")).to_be_visible()
    page.get_by_role("button", name="Clear finished").click()
    expect(page.locator("#queue")).to_be_hidden()


def test_an_upload_goes_on_where_its_line_was_cut(page: Page, system: System, large: Path) -> None:
    offsets = patches(page)
    line = Line(system.url)
    begin(page, line.url, large)
    line.cut()

    page.wait_for_url("**/transcripts/*-*/", timeout=30_000)
    assert offsets[0] == 0
    assert len(offsets) > 1
    assert offsets[-1] > 100_000
    line.close()


def test_an_upload_goes_on_after_a_reload(page: Page, system: System, large: Path) -> None:
    begin(page, system.url, large)
    offsets = patches(page)
    page.goto(f"{system.url}/transcripts/")  # or any other page

    expect(row(page, "large.wav")).to_have_attribute("data-state", "done", timeout=40_000)
    assert offsets
    assert offsets[0] > 0


def test_a_guests_upload_goes_on_after_a_cut_line_and_a_reload(
    system: System, browser: Browser, tmp_path: Path
) -> None:
    recording = make_wav(SAMPLE, tmp_path / "Guest.wav", silence_s=15)  # 1.7 MB
    context = browser.new_context(locale="en")
    page = context.new_page()
    offsets = patches(page)
    line = Line(system.url)
    page.goto(line.url)
    slow_down(page, bytes_a_s=300_000)
    page.locator("#file").set_input_files(recording)
    page.get_by_role("button", name="Transcribe").click()
    page.wait_for_function("() => document.querySelector('#bar').value > 0.2")
    with page.expect_request(lambda sent: sent.method == "PATCH"):
        line.cut()
    page.wait_for_function("() => document.querySelector('#bar').value > 0.5")
    page.reload()  # asks nothing: the recording is stored in this tab

    expect(page.locator("#segments")).to_contain_text(TEXT, timeout=40_000)
    assert offsets == sorted(set(offsets))
    assert len(offsets) == 3
    assert offsets[-1] > 300_000
    counted = system.run(sys.executable, "manage.py", "shell", "-v0", "-c", COUNT_TRIES)
    assert counted.split()[-1] == "1"
    page.reload()
    page.get_by_role("button", name="Show transcript: Guest.wav").click()
    expect(page.locator("#segments")).to_contain_text(TEXT)
    another = context.new_page()  # of the same browser: each tab has its own
    another.goto(line.url)
    another.wait_for_timeout(500)
    expect(another.locator("#tries")).to_be_hidden()
    context.close()
    line.close()


def test_an_upload_is_cancelled_and_nothing_of_it_stays(
    page: Page, system: System, large: Path
) -> None:
    begin(page, system.url, large)
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as deleted:
        page.get_by_role("button", name="Cancel: large.wav").click()
    assert deleted.value.status == 204
    expect(page.locator("#queue")).to_be_hidden()


def test_a_recording_comes_by_its_link_and_a_page_is_refused(page: Page, system: System) -> None:
    with serve_folder(SAMPLE.parent) as site:
        page.goto(system.url)
        page.get_by_role("button", name="From a link").click()
        field = page.get_by_label("Link to an audio or video file")
        field.fill("https://www.youtube.com/watch?v=1")
        page.get_by_role("button", name="Transcribe").click()
        expect(page.locator(".page-error")).to_contain_text("This is the address of a web page")
        field.fill(f"{site}/{OTHER.name}")
        page.get_by_role("button", name="Transcribe").click()
        page.wait_for_url("**/transcripts/*-*/")
        expect(page.locator("#working")).to_have_count(0, timeout=30_000)
    expect(page.get_by_role("heading", level=1)).to_have_text(OTHER.stem)


def test_a_recording_is_saved_while_it_is_made_and_survives_a_reload(
    page: Page, system: System
) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{system.url}/record/")
    page.get_by_role("button", name="Record microphone").click()
    expect(page.locator("#record-saved")).to_contain_text("saved on the server")
    page.reload()
    expect(row(page, "Recording, ")).to_have_attribute("data-state", "done", timeout=40_000)

    page.get_by_role("button", name="Record microphone").click()
    expect(page.locator("#record-saved")).to_contain_text("saved on the server")
    page.get_by_role("button", name="Stop and transcribe").click()
    page.wait_for_url("**/transcripts/*-*/", timeout=20_000)


def test_the_library_follows_by_itself(page: Page, context: BrowserContext, system: System) -> None:
    page.goto(f"{system.url}/transcripts/")
    other = context.new_page()
    other.goto(system.url)
    other.locator("#file").set_input_files(
        {
            "name": "Followed.flac",
            "mimeType": "audio/flac",
            "buffer": (TINY / "samples" / "en_digits.flac").read_bytes(),
        }
    )
    other.get_by_role("button", name="Transcribe").click()

    line = page.locator(".library li").filter(has_text="Followed")
    expect(line).to_have_attribute("data-status", re.compile("^completed"), timeout=40_000)
    page.get_by_label("Select “Followed”").check()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(line).to_have_count(0)


def test_uploading_and_reading_need_no_script(system: System, browser: Browser) -> None:
    context = browser.new_context(locale="en", java_script_enabled=False)
    log_in(context, system)
    page = context.new_page()
    page.goto(system.url)
    page.locator("#file").set_input_files(SAMPLE)
    page.get_by_label("Speakers").select_option("off")
    page.get_by_role("button", name="Transcribe").click()
    page.wait_for_url("**/transcripts/*-*/")
    for _ in range(60):
        if TEXT in page.locator("main").inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("main")).to_contain_text(TEXT)
    link = page.locator("a[data-format=srt]").get_attribute("href")
    assert TEXT in context.request.get(f"{system.url}{link}").text()
    page.goto(system.url)
    page.locator("#file").set_input_files(ROOT / "README.md")
    page.get_by_role("button", name="Transcribe").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("not audio or video")
    context.close()
