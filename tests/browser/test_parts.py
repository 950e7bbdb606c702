"""A transcript of several parts: the next lines come by themselves, and are edited as the first."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import StartBrowser
from tests.browser.session import log_in
from tests.e2e.processes import System
from transcripts.pages.parts import LINES_A_PART

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
COUNT = 2 * LINES_A_PART + 3
SEED = """
from accounts.models import User
from tests.transcripts.rows import create_transcript
from transcripts.models import Segment, Speaker
from transcripts.sharing.links import create_share
t = create_transcript(
    owner=User.objects.get(email="e2e@example.com"), status="completed", language="en",
    model_requested="tiny", title="Long",
)
speaker = Speaker.objects.create(transcript=t, position=1, label="Speaker 1")
Segment.objects.bulk_create([
    Segment(transcript=t, position=n, start_ms=1000 * n, end_ms=1000 * n + 900, text=f"line-{n}",
        speaker=speaker, words=[dict(word=f"line-{n}", start_ms=1000 * n, end_ms=1000 * n + 900,
        confidence=0.9, space_before=False)])
    for n in range(%d)
])
print(t.pk, t.segments.last().key, create_share(t)[1])
"""


@dataclass(frozen=True)
class Long:
    transcript_id: str
    last_key: str
    token: str


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("parts") / "data") as running:
        running.start("web")
        yield running


@pytest.fixture(scope="module")
def long(system: System) -> Long:
    output = system.run(sys.executable, "manage.py", "shell", "-v0", "-c", SEED % COUNT)
    return Long(*output.split()[-3:])


@pytest.fixture
def page(system: System, start_browser: StartBrowser) -> Iterator[Page]:
    context = start_browser(None).new_context(locale="en")
    log_in(context, system)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    assert faults == []


def read_to_the_end(page: Page, *, kind: str) -> list[str]:
    """Scroll until no more comes; return the texts of the lines."""
    lines = page.locator(f".turns > {kind}")
    expect(lines).to_have_count(LINES_A_PART)
    for _ in range(2):
        count = lines.count()
        lines.last.scroll_into_view_if_needed()
        expect(lines).not_to_have_count(count, timeout=30_000)
    expect(page.locator("#more")).to_have_count(0)
    expect(lines).to_have_count(COUNT)
    return lines.evaluate_all("all => all.map(each => each.textContent.match(/line-\\d+/)[0])")


def test_a_shared_text_comes_whole(page: Page, system: System, long: Long) -> None:
    page.goto(f"{system.url}/s/{long.token}/")

    texts = read_to_the_end(page, kind="li")
    assert texts == [f"line-{number}" for number in range(COUNT)]


def test_the_parts_come_by_themselves_and_can_be_edited(
    page: Page, system: System, long: Long
) -> None:
    page.goto(f"{system.url}/transcripts/{long.transcript_id}/")
    texts = read_to_the_end(page, kind=".segment")
    assert texts == [f"line-{number}" for number in range(COUNT)]

    last = page.locator(".segment").last
    last.locator(".line > .edit").click()
    last.locator("textarea").fill("corrected")
    last.locator("textarea").press("Enter")

    expect(last.locator(".text")).to_have_text("corrected", timeout=30_000)
    page.goto(f"{system.url}/transcripts/{long.transcript_id}/?line={2 * LINES_A_PART}")
    expect(page.locator(".segment").last.locator(".text")).to_have_text("corrected")
    expect(page.locator(".segment")).to_have_count(3)


def test_a_link_to_a_line_of_a_later_part_leads_there(
    page: Page, system: System, long: Long
) -> None:
    page.goto(f"{system.url}/transcripts/{long.transcript_id}/#s-{long.last_key}")

    expect(page.locator(f"#s-{long.last_key}")).to_be_in_viewport(timeout=30_000)
