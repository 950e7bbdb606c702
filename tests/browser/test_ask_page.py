"""Questions about the library on their page: scope, sources that lead to a line, conversations."""

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import StartBrowser
from tests.browser.session import log_in
from tests.browser.test_intelligence_page import OPENING, SEED, WHEN
from tests.e2e.processes import System
from tests.transcripts.fake_inference import FakeInference

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
GARDEN = """
from accounts.models import User
from tests.transcripts.rows import create_transcript
from transcripts.models import Segment, Speaker, Tag
t = create_transcript(
    owner=User.objects.get(email="e2e@example.com"), title="The garden", status="completed",
    audio_duration_ms=10000, language="en")
Tag.objects.create(transcript=t, name="plants")
ann = Speaker.objects.create(transcript=t, position=1, label="Speaker 1", display_name="Ann")
for n, text in enumerate(("The tomatoes need water.", "The compost heap is full.")):
    Segment.objects.create(transcript=t, position=n, start_ms=n * 5000, end_ms=n * 5000 + 5000,
                           text=text, speaker=ann, words=[])
print(t.pk)
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("ask_page") / "data") as running:
        running.start("web")
        yield running


@pytest.fixture(scope="module", autouse=True)
def inference(system: System) -> Iterator[FakeInference]:
    with FakeInference(target=f"127.0.0.1:{system.port('inference')}") as fake:
        fake.language.embedder = "counted-words"  # whose bar is not that of a real model
        fake.language.models.add("counted-words")
        yield fake


@pytest.fixture
def page(system: System, start_browser: StartBrowser) -> Iterator[Page]:
    context = start_browser(None).new_context(locale="en")
    log_in(context, system)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda message: faults.append(message.text) if message.type == "error" else None
    )
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    context.close()
    assert faults == []


def seed(system: System, script: str) -> str:
    return system.run(sys.executable, "manage.py", "shell", "-v0", "-c", script).split()[-1]


@pytest.fixture(scope="module")
def meeting(system: System) -> str:
    """The id of one of two transcripts that there are from now on."""
    seeded = seed(system, SEED)
    seed(system, GARDEN)
    return seeded


def ask(page: Page, question: str) -> Locator:
    page.get_by_label("Question").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()
    return page.locator("#asked > li").last


def test_without_a_transcript_there_is_nothing_to_ask(page: Page, system: System) -> None:
    page.goto(f"{system.url}/ask/")

    expect(page.get_by_text("you have no finished transcript")).to_be_visible()
    expect(page.locator("#question")).to_have_count(0)
    expect(page.get_by_role("link", name="Ask", exact=True)).to_be_visible()


def test_an_answer_leads_to_the_line_and_plays_it(page: Page, system: System, meeting: str) -> None:
    page.goto(f"{system.url}/ask/")
    answered = ask(page, WHEN)

    quoted = answered.locator("blockquote p", has_text=OPENING).first
    assert answered.inner_text().count(quoted.inner_text()) == 1
    link = quoted.get_by_role("link", name="Open The meeting at 0:35")
    link.click()
    page.wait_for_url(f"**/transcripts/{meeting}/**")
    expect(page.locator("#segments li", has_text=OPENING).first).to_be_in_viewport()
    page.wait_for_function("() => document.getElementById('player').currentTime >= 35")


@pytest.mark.usefixtures("meeting")
def test_questions_can_be_about_some_and_be_counted(page: Page, system: System) -> None:
    page.goto(f"{system.url}/ask/")
    counted = ask(page, "How many recordings do I have?")
    expect(counted).to_contain_text("Transcripts: 2.")
    page.get_by_text("Only some transcripts").click()
    page.get_by_label("Tag").select_option("plants")
    expect(ask(page, "How many recordings do I have?")).to_contain_text("Transcripts: 1.")
    expect(ask(page, "Do tomatoes need water?")).to_contain_text("The garden")
    far = ask(page, "Which penguins swim across Antarctica?")
    expect(far).to_contain_text("Nothing in these transcripts is about the question.")
    expect(page.locator("#ask-progress")).to_have_text("Not in these transcripts")
    page.get_by_role("button", name="All transcripts").click()
    everything = ask(page, "Summarise all my recordings.")
    expect(everything.get_by_role("link", name="The garden")).to_be_visible()
    expect(everything).to_contain_text("The meeting")


@pytest.mark.usefixtures("meeting")
def test_conversations_are_listed_opened_and_deleted(page: Page, system: System) -> None:
    page.goto(f"{system.url}/ask/")
    ask(page, "What is full, the compost heap?")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#asked > li")).to_have_count(0)
    ask(page, "Do tomatoes need water?")

    page.reload()
    chats = page.locator("#chats > li")
    expect(chats.first).to_contain_text("Do tomatoes need water?")
    before = chats.count()
    chats.filter(has_text="compost").get_by_role("button").first.click()
    expect(page.locator("#asked > li")).to_contain_text("The compost heap is full.")
    chats.filter(has_text="compost").get_by_role("button", name="Delete").click()
    expect(page.locator("#asked > li")).to_have_count(0)
    expect(chats).to_have_count(before - 1)


@pytest.mark.usefixtures("meeting")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_shows_it_in_czech_without_scrolling_sideways(
    page: Page, system: System, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{system.url}/ask/")
    menu = page.locator("[popovertarget=account-menu]")
    menu.click()
    page.get_by_role("button", name="Čeština").click()
    page.get_by_label("Otázka").fill("Do tomatoes need water?")
    page.get_by_role("button", name="Zeptat se", exact=True).click()

    expect(page.locator("#asked blockquote").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    menu.click()
    page.get_by_role("button", name="English").click()
