"""Speech that is not in the text, on the page: listened to, kept, tried again, taken back."""

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import StartBrowser
from tests.browser.session import log_in
from tests.e2e.processes import System
from tests.transcripts.fake_inference import FakeInference, Script

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
# Three lines of 4 s; between the second and the third 5 s that hold a discarded text, and at the
# end 6 s without any.
SEED = """
import uuid
from pathlib import Path
from django.conf import settings
from accounts.models import User
from tests.transcripts.conftest import write_wav
from tests.transcripts.rows import create_transcript
from transcripts.services.shown_gaps import show_gaps, gap_warning
from transcripts.gaps.models import Gap
from transcripts.models import Segment, Speaker, Transcript
recording = f"{uuid.uuid4().hex}/recording"
write_wav(Path(settings.MEDIA_ROOT) / recording, seconds=24)
t = create_transcript(
    owner=User.objects.get(email="e2e@example.com"), path=recording, title="A speech",
    status="completed_with_warnings", audio_duration_ms=24000, language="en",
    model_requested="tiny",
    model_used="tiny", container="WAV", language_probability=0.4,
)
texts = ("We meet again today.", "And we speak of hope.", "Thank you for listening.")
for n, (text, at) in enumerate(zip(texts, (0, 4000, 13000))):
    speaker, _ = Speaker.objects.get_or_create(
        transcript=t, position=n % 2 + 1, label=f"Speaker {n % 2 + 1}")
    words = text.split()
    Segment.objects.create(
        transcript=t, position=n, start_ms=at, end_ms=at + 4000, text=text, speaker=speaker,
        confidence=0.9, words=[
            {"word": w, "start_ms": at + k * 800, "end_ms": at + k * 800 + 700, "confidence": 0.9,
             "space_before": k > 0, "timing": "aligned"} for k, w in enumerate(words)])
Gap.objects.create(transcript=t, start_ms=8000, end_ms=13000, reason="repetition",
                   text="I pledge to listen. I pledge to learn.")
Gap.objects.create(transcript=t, start_ms=17000, end_ms=23000, reason="not_recognised")
t.job.warnings = [gap_warning(show_gaps(t.gaps.all())), {
    "code": "language_uncertain", "message": "The recording was taken for English …"}]
t.job.save()
print(t.pk)
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("gaps_page") / "data") as running:
        running.start("web")
        yield running


@pytest.fixture(scope="module")
def inference(system: System) -> Iterator[FakeInference]:
    with FakeInference(target=f"127.0.0.1:{system.port('inference')}") as fake:
        yield fake


@pytest.fixture
def page(system: System, start_browser: StartBrowser) -> Iterator[Page]:
    context = start_browser(None).new_context(locale="en")
    log_in(context, system)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{system.url}/transcripts/{seed(system)}/")
    yield page
    context.close()
    assert faults == []


def seed(system: System) -> str:
    return system.run(sys.executable, "manage.py", "shell", "-v0", "-c", SEED).split()[-1]


def test_a_gap_stands_in_its_place_and_its_text_is_accepted_and_taken_back(
    page: Page, inference: FakeInference
) -> None:
    items = page.locator("#segments li")
    expect(items.nth(2)).to_contain_text("5.0 s not transcribed")
    expect(page.get_by_text("11 s of speech in 2 places")).to_be_visible()
    expect(items.nth(4).get_by_role("button", name="Use this text")).to_have_count(0)

    expect(items.nth(2)).to_contain_text("I pledge to listen.")
    items.nth(2).get_by_role("button", name="Use this text").click()

    expect(page.locator("#segments .gap")).to_have_count(1)
    expect(items.nth(2).locator(".text")).to_have_text("I pledge to listen. I pledge to learn.")
    expect(page.get_by_text("6.0 s of speech in 1 place")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#segments .gap")).to_have_count(2)
    expect(items.nth(2)).to_contain_text("5.0 s not transcribed")


def test_a_gap_is_tried_again_until_something_is_found(
    page: Page, inference: FakeInference
) -> None:
    inference.scripts = [Script(is_silent=True)]
    gap = page.locator("#segments .gap").nth(1)

    gap.get_by_role("button", name="Try again").click()
    expect(gap).to_contain_text("No words were recognised this time either.")
    gap.get_by_role("button", name="Try again").click()

    expect(page.locator("#segments .gap")).to_have_count(1)
    expect(page.locator("#segments li").last.locator(".text")).to_contain_text("w")


def test_a_gap_is_tried_again_in_the_language_that_was_chosen(
    page: Page, inference: FakeInference
) -> None:
    inference.scripts = [Script(is_silent=True)]
    gap = page.locator("#segments .gap").nth(1)

    gap.get_by_label("Language of this part").select_option(label="Czech")
    gap.get_by_role("button", name="Try again").click()

    expect(gap).to_contain_text("No words were recognised this time either.")
    assert inference.configs[-1].language == "cs"


def test_listening_to_a_gap_ends_with_it(page: Page, inference: FakeInference) -> None:
    page.locator("#segments .gap").nth(0).get_by_role("button", name="Listen").click()

    page.wait_for_function("() => player.currentTime >= 8 && !player.paused")
    page.wait_for_function("() => player.paused", timeout=20_000)
    assert 13 <= page.evaluate("player.currentTime") < 14


def test_a_line_is_still_joined_with_the_one_behind_a_gap(
    page: Page, inference: FakeInference
) -> None:
    line = page.locator("#segments li.segment").nth(1)
    line.locator(".text").click()
    page.keyboard.press("End")
    page.keyboard.press("Delete")

    expect(line.locator(".text")).to_have_text("And we speak of hope. Thank you for listening.")
    expect(page.locator("#segments .gap")).to_have_count(2)
