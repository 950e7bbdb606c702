"""A recording cleaned up on its page, in English and Czech."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import StartBrowser
from tests.browser.session import log_in
from tests.e2e.processes import System
from tests.transcripts.fake_inference import EnhanceScript, FakeInference
from tests.transcripts.served_api import make_info, wav

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

_READ_DURATION = """player => new Promise((resolve) => {
  if (player.readyState) resolve(player.duration);
  player.addEventListener("loadedmetadata", () => resolve(player.duration));
})"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("enhance_page") / "data") as running:
        running.start("web", "worker-short")
        yield running


@pytest.fixture(scope="module", autouse=True)
def inference(system: System) -> Iterator[FakeInference]:
    target = f"127.0.0.1:{system.port('inference')}"
    with FakeInference(target=target, info=make_info()) as fake:
        yield fake


@pytest.fixture(params=["en", "cs"])
def page(
    system: System, start_browser: StartBrowser, request: pytest.FixtureRequest
) -> Iterator[Page]:
    context = start_browser(None).new_context(locale=request.param)
    log_in(context, system)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{system.url}/enhance/")
    yield page
    context.close()
    assert faults == []


def test_a_recording_is_cleaned_up_compared_and_deleted(
    page: Page, inference: FakeInference, tmp_path: Path
) -> None:
    recording = tmp_path / "talk.wav"
    recording.write_bytes(wav(seconds=2, sample=b"\x00\x10"))
    is_czech = page.locator("html").get_attribute("lang") == "cs"
    inference.enhance_scripts.append(EnhanceScript(model="wiener"))
    page.set_input_files("#file", str(recording))
    page.select_option("#strength", "light")
    page.click("#enhance [type=submit]")
    expect(page.locator("#result")).to_be_visible(timeout=30_000)
    expect(page.locator("#result-title")).to_be_focused()
    expect(page.locator("#facts")).to_contain_text("LUFS")
    warning = "byl odstraněn jen stálý šum" if is_czech else "only steady noise was removed"
    expect(page.locator("#warnings")).to_contain_text(warning)
    for player in ("before", "after"):
        length = page.locator(f"#{player}").evaluate(_READ_DURATION)
        assert length == pytest.approx(2.0, abs=0.01)
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "talk.wav"
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.click("#delete")
    expect(page.locator("#result")).to_be_hidden()
    listed = page.evaluate("fetch('/api/v1/enhancements/').then((answer) => answer.json())")
    assert listed["count"] == 0


def test_what_is_no_recording_is_refused_with_a_sentence(page: Page, tmp_path: Path) -> None:
    recording = tmp_path / "talk.wav"
    recording.write_bytes(b"no sound at all" * 100)
    page.set_input_files("#file", str(recording))
    page.click("#enhance [type=submit]")
    expect(page.locator(".page-error")).to_be_visible()
    expect(page.locator("#progress")).to_be_hidden()
