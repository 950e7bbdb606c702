"""`/live/` in a real browser with a real microphone of its kind; the socket follows a script.

The page is the real one. The server's messages are scripted, so that each of its refusals
can be had; `test_live.py` has the whole.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from tests.browser.conftest import StartBrowser, make_wav
from tests.browser.session import log_in
from tests.e2e.processes import ROOT, System

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

SPEECH = ROOT / "tests" / "speech" / "talk_30s.flac"
TRANSCRIPT = "0b9f2a52-5f0e-4b0e-9f07-3c6f5d3a1e10"
BYTES_A_MS = 32
SCROLL_UP = """() => new Promise((resolve) => {
  addEventListener("scrollend", resolve, { once: true });
  scrollTo(0, 200);
})"""


class Script:
    """The server's side: opens each session, and records what it received, by connection.

    `refusals`: (message, close code) for the connections in turn, instead; None lets one through.
    """

    def __init__(self, *refusals: tuple[dict[str, Any], int] | None) -> None:
        self.refusals = list(refusals)
        self.sent_messages: list[list[dict[str, Any]]] = []
        self.received: list[bytes] = []
        self.stored_ms = 0
        self.socket: WebSocketRoute | None = None

    def serve(self, socket: WebSocketRoute) -> None:
        self.socket = socket
        self.sent_messages.append([])
        self.received.append(b"")
        socket.on_message(self._receive)
        self.send(status="ready", transcript_id=None)

    def send(self, **message: object) -> None:
        assert self.socket is not None
        common = {"text": "", "partial": "", "audio_ms": self.stored_ms, "is_final": False}
        self.socket.send(json.dumps({**common, "transcript_id": TRANSCRIPT, **message}))

    def end(self) -> None:
        self.send(is_final=True, final=True, transcript="", credits_charged=1)
        self.close(1000)

    def close(self, code: int) -> None:
        assert self.socket is not None
        self.socket.close(code=code)

    def _receive(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self.received[-1] += frame
            return
        self.sent_messages[-1].append(json.loads(frame))
        if len(self.sent_messages[-1]) == 1:
            self._open()

    def _open(self) -> None:
        refusal = self.refusals.pop(0) if self.refusals else None
        if refusal is None:
            self.send(status="started", model="small", resume_token="r1", transcript_token="v1")
        else:
            self.send(**refusal[0])
            self.close(refusal[1])


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("live") / "data") as system:
        system.start("web")
        yield system


@pytest.fixture(scope="module")
def url(system: System) -> str:
    return system.url


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_wav(SPEECH, tmp_path_factory.mktemp("microphone") / "talk.wav")


@pytest.fixture
def context(start_browser: StartBrowser, microphone: Path) -> Iterator[BrowserContext]:
    browser = start_browser(microphone)
    # Playwright can't answer for what the pages' service worker asks.
    context = browser.new_context(locale="en", service_workers="block")
    yield context
    browser.close()


def open_page(context: BrowserContext, url: str, script: Script) -> Page:
    page = context.new_page()
    page.route_web_socket("**/v1/stream*", script.serve)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"{url}/live/")
    return page


def start(page: Page) -> None:
    page.get_by_role("button", name="Start").click()


def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    """Return once it holds; the script runs while it waits."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)


def wait_for_sound(page: Page, script: Script, *, ms: int, connection: int = 0) -> None:
    """Until the server has got so much on that connection."""
    wait_until(
        page,
        lambda: (
            len(script.received) > connection
            and len(script.received[connection]) >= ms * BYTES_A_MS
        ),
    )


def wait_for_stop(page: Page, script: Script) -> None:
    wait_until(page, lambda: script.sent_messages[-1][-1:] == [{"action": "stop"}])


def test_words_appear_the_final_ones_apart_from_those_that_may_change(
    context: BrowserContext, url: str
) -> None:
    script = Script()
    page = open_page(context, url, script)
    page.get_by_label("Words likely to occur").fill("Petrov, Žižkov")
    start(page)
    expect(page.get_by_role("status").first).to_have_text("Listening")
    wait_for_sound(page, script, ms=500)
    assert script.sent_messages[0][0]["hot_words"] == "Petrov, Žižkov"

    script.send(partial="the old bridge was", committed="the old", start=0.4, end=1.2)
    expect(page.locator("#partial .committed")).to_have_text("the old")
    expect(page.locator("#partial .pending")).to_have_text("bridge was")
    script.send(text="The old bridge was wooden.", start=0.4, end=2.0)
    expect(page.get_by_role("log")).to_have_text("0:00The old bridge was wooden.")
    expect(page.locator("#partial")).to_be_hidden()

    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("status").first).to_have_text("Finishing…")
    page.wait_for_function("() => document.querySelector('.toggle').disabled")
    assert script.sent_messages[0][0]["language"] == "auto"
    wait_for_stop(page, script)
    script.end()
    expect(page.get_by_role("heading", name="Transcript", exact=True)).to_be_focused()
    expect(page.get_by_role("button", name="TXT")).to_be_visible()
    expect(page.get_by_text("Save it now")).to_be_visible()


def test_the_sound_that_was_not_stored_is_sent_again_after_a_lost_connection(
    context: BrowserContext, url: str
) -> None:
    script = Script()
    page = open_page(context, url, script)
    start(page)
    wait_for_sound(page, script, ms=2_000)
    script.send(text="Before.", start=0, end=0.7)
    script.stored_ms = 730
    script.close(1001)
    wait_for_sound(page, script, ms=2_000, connection=1)
    expect(page.get_by_role("status").first).to_have_text("Listening")
    page.get_by_role("button", name="Stop").click()
    wait_for_stop(page, script)

    before, after = script.received
    assert (
        script.sent_messages[1][0]["resume_token"],
        script.sent_messages[1][0]["last_received"],
    ) == ("r1", 0.7)
    known = 730 * BYTES_A_MS
    overlap = len(before) - known
    assert after[:overlap] == before[known:]
    assert any(after[:overlap])  # it was no silence that was compared


def test_a_session_that_was_closed_in_between_goes_on_as_another_transcript(
    context: BrowserContext, url: str
) -> None:
    ended = ({"error": "Ended.", "code": "session_ended"}, 4410)
    script = Script(None, ended)
    page = open_page(context, url, script)
    start(page)
    wait_for_sound(page, script, ms=1_000)
    script.send(text="Before.", start=0, end=1)
    script.stored_ms = 500
    script.send(status="listening")
    script.stored_ms = 0
    script.close(1001)
    wait_for_sound(page, script, ms=1_500, connection=2)

    assert not {"resume_token", "last_received"} & script.sent_messages[2][0].keys()
    known = 500 * BYTES_A_MS
    unsent = script.received[0][known:]
    assert script.received[2][: len(unsent)] == unsent
    expect(page.get_by_role("status").first).to_have_text("Listening")


def test_a_server_that_restarts_is_connected_to_again(context: BrowserContext, url: str) -> None:
    script = Script()
    page = open_page(context, url, script)
    start(page)
    wait_for_sound(page, script, ms=300)
    script.send(error="The server is being restarted.", code="server_stopping")
    script.close(1012)

    wait_for_sound(page, script, ms=300, connection=1)
    expect(page.get_by_role("status").first).to_have_text("Listening")
    expect(page.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize(
    ("code", "close_code", "sentence"),
    [
        ("no_credits", 4402, "Your minutes and credits are used up."),
        ("concurrency_limit", 4429, "You have reached your plan"),
        ("anonymous_limit", 4429, "used today"),
        ("inference_unavailable", 1013, "Speech recognition is currently unavailable."),
        ("not_installed", 1013, "As the server says."),
    ],
)
def test_a_refusal_is_a_sentence_with_what_to_do(
    context: BrowserContext, url: str, code: str, close_code: int, sentence: str
) -> None:
    script = Script(({"error": "As the server says.", "code": code}, close_code))
    page = open_page(context, url, script)
    start(page)

    expect(page.get_by_role("alert")).to_contain_text(sentence)
    expect(page.get_by_role("button", name="Start again")).to_be_enabled()
    expect(page.get_by_role("heading", name="Transcript", exact=True)).to_be_hidden()


def test_credits_that_run_out_leave_what_was_spoken(context: BrowserContext, url: str) -> None:
    script = Script()
    page = open_page(context, url, script)
    start(page)
    wait_for_sound(page, script, ms=300)
    script.send(text="Before.", start=0, end=1)
    script.send(notice="credits_low", message="Your credits end within a minute.")
    expect(
        page.get_by_text("Your minutes and credits will run out within a minute.")
    ).to_be_visible()
    script.send(error="Used up.", code="no_credits", is_final=True, transcript="Before.")
    script.close(4402)

    expect(page.get_by_role("alert")).to_contain_text("Everything until then is saved.")
    expect(page.get_by_role("heading", name="Transcript", exact=True)).to_be_visible()


def test_a_pause_sends_nothing_and_goes_on(context: BrowserContext, url: str) -> None:
    script = Script()
    page = open_page(context, url, script)
    start(page)
    wait_for_sound(page, script, ms=300)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status").first).to_have_text("Paused")
    clock = page.get_by_role("timer")
    page.wait_for_timeout(300)  # what was on its way
    received, shown = len(script.received[0]), clock.inner_text()
    page.wait_for_timeout(700)
    assert (len(script.received[0]), clock.inner_text()) == (received, shown)

    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("status").first).to_have_text("Listening")
    wait_for_sound(page, script, ms=received // BYTES_A_MS + 500)


def test_the_second_pass_shows_who_speaks(
    context: BrowserContext, system: System, url: str
) -> None:
    log_in(context, system)
    script = Script()
    page = open_page(context, url, script)
    jobs = [{"kind": "live", "status": "completed", "is_current": False}]
    better = {"kind": "second_pass", "status": "processing", "is_current": False}
    lines = [("Good morning.", "Ann"), ("How are you?", "Ann"), ("Fine.", "Bob")]
    segments = [
        {"text": text, "start": start, "speaker": who} for start, (text, who) in enumerate(lines)
    ]
    address = f"**/api/v1/transcripts/{TRANSCRIPT}/"
    page.route(f"{address}jobs/", lambda route: route.fulfill(json=[*jobs, better]))
    page.route(address, lambda route: route.fulfill(json={"segments": segments}))
    page.get_by_label("Improve the transcript afterwards").check()
    start(page)
    wait_for_sound(page, script, ms=100)
    script.send(text="God morning how are you fine.", start=0, end=2)
    page.get_by_role("button", name="Stop").click()
    wait_for_stop(page, script)
    script.end()
    expect(page.get_by_text("Improving the transcript…")).to_be_visible()

    better |= {"status": "completed", "is_current": True}
    expect(page.get_by_text("Improved: transcribed")).to_be_visible(timeout=20_000)
    assert page.locator(".who").all_inner_texts() == ["Ann", "Bob"]
    expect(page.get_by_role("log")).to_contain_text("How are you?")


def test_new_words_do_not_take_the_page_from_a_reader_further_up(
    context: BrowserContext, url: str
) -> None:
    script = Script()
    page = open_page(context, url, script)
    page.set_viewport_size({"width": 390, "height": 600})
    start(page)
    wait_for_sound(page, script, ms=100)
    for number in range(30):
        script.send(text=f"Sentence number {number}.", start=number, end=number + 1)
    expect(page.get_by_text("Sentence number 29.")).to_be_in_viewport()

    page.evaluate(SCROLL_UP)
    newest = page.get_by_role("button", name="Jump to latest")
    script.send(text="Sentence number 30.", start=30, end=31)
    expect(newest).to_be_visible()
    assert page.evaluate("scrollY") == 200
    expect(page.get_by_role("button", name="Stop")).to_be_in_viewport()
    newest.click()
    expect(page.get_by_text("Sentence number 30.")).to_be_in_viewport()
    expect(newest).to_be_hidden()


def test_a_computer_without_a_microphone_is_reported(start_browser: StartBrowser, url: str) -> None:
    context = start_browser(None).new_context(locale="en", permissions=["microphone"])
    page = open_page(context, url, Script())
    start(page)

    expect(page.get_by_role("alert")).to_contain_text("No microphone was found.")


@pytest.mark.parametrize("locale", ["en", "cs"])
def test_a_refused_permission_states_how_to_allow_it(
    start_browser: StartBrowser, microphone: Path, url: str, locale: str
) -> None:
    context = start_browser(microphone, is_allowed=False).new_context(locale=locale)
    page = open_page(context, url, Script())
    page.locator(".toggle").click()

    texts = json.loads(page.locator("#texts").inner_text())
    expect(page.locator("html")).to_have_attribute("lang", locale)
    expect(page.get_by_role("alert")).to_have_text(texts["permission_denied"])
    expect(page.locator(".toggle")).to_be_enabled()


def test_an_insecure_address_is_explained(start_browser: StartBrowser, url: str) -> None:
    """A name other than localhost, over http: the browser gives no microphone at all."""
    context = start_browser(None).new_context(locale="en")
    page = context.new_page()
    page.route(
        "http://testserver/**",
        lambda route: route.fulfill(
            response=context.request.get(route.request.url.replace("http://testserver", url))
        ),
    )
    page.goto("http://testserver/live/")
    page.locator(".toggle").click()

    expect(page.get_by_role("alert")).to_contain_text("Browsers allow the microphone only on pages")
