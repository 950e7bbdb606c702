"""What is made of a transcript, and questions about it, on its page: for its owner alone."""

import sys
import threading
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from protos.stt.v1 import server_pb2
from tests.browser.conftest import StartBrowser
from tests.browser.editing import type_line
from tests.browser.session import log_in
from tests.e2e.processes import System, wait_until
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_language import WRITER

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
# The meeting of the tests of texts, a line in 5 s.
SEED = """
import uuid
from pathlib import Path
from django.conf import settings
from accounts.models import User
from tests.transcripts.conftest import write_wav
from tests.transcripts.intelligence.texts import MEETING
from tests.transcripts.rows import create_transcript
from transcripts.models import Segment, Speaker
recording = f"{uuid.uuid4().hex}/recording"
write_wav(Path(settings.MEDIA_ROOT) / recording, seconds=90)
t = create_transcript(
    owner=User.objects.get(email="e2e@example.com"), path=recording, title="The meeting",
    status="completed", audio_duration_ms=90000, language="en", model_requested="tiny",
    model_used="tiny", container="WAV",
)
names = {}
for n, line in enumerate(MEETING.strip().splitlines()):
    name, _, spoken = line.partition(": ")
    if name not in names:
        names[name] = Speaker.objects.create(
            transcript=t, position=len(names) + 1, label=f"Speaker {len(names) + 1}",
            display_name=name)
    Segment.objects.create(
        transcript=t, position=n, start_ms=n * 5000, end_ms=n * 5000 + 5000, text=spoken,
        speaker=names[name], confidence=0.9, words=[])
print(t.pk)
"""
# No names, and two of the speakers introduce themselves.
NAMELESS = """
from transcripts.models import Segment, Speaker
Speaker.objects.filter(transcript="%s").update(display_name="")
for speaker, said in ((1, "My name is Omar Haddad."), (2, "Hello, this is Emma speaking.")):
    row = Segment.objects.filter(speaker__position=speaker).latest("pk")
    row.text = said
    row.save()
print("ok")
"""
OPENING = "third of March"  # said at 0:35 and 0:40
WHEN = "When does the bakery open in March?"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("intelligence_page") / "data") as running:
        running.start("web")
        yield running


@pytest.fixture(scope="module")
def inference(system: System) -> Iterator[FakeInference]:
    with FakeInference(target=f"127.0.0.1:{system.port('inference')}") as fake:
        fake.language.embedder = "counted-words"  # whose bar is not that of a real model
        fake.language.models.add("counted-words")
        yield fake


@pytest.fixture
def page(system: System, inference: FakeInference, start_browser: StartBrowser) -> Iterator[Page]:
    context = start_browser(None).new_context(locale="en")
    log_in(context, system)
    page = context.new_page()
    faults: list[str] = []
    called: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda asked: called.append(asked.url))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{system.url}/transcripts/{seed(system)}/")
    yield page
    context.close()
    assert faults == []
    assert [url for url in called if not url.startswith(system.url)] == []


def seed(system: System) -> str:
    return system.run(sys.executable, "manage.py", "shell", "-v0", "-c", SEED).split()[-1]


TABS = {"Summary and notes": "Summary", "Ask about this recording": "Ask"}


def open_panel(page: Page, name: str) -> Locator:
    tab = page.get_by_role("tab", name=TABS.get(name, name), exact=True)
    tab.click()
    return page.locator(f"#{tab.get_attribute('aria-controls')}")


def make(page: Page, value: str) -> Locator:
    """Make one of the choices; return the newest result, which is open."""
    panel = page.locator("#making")
    if panel.is_hidden():
        open_panel(page, "Summary and notes")
    page.locator("#make-what").select_option(value)
    panel.get_by_role("button", name="Make", exact=True).click()
    expect(page.locator("#make-progress")).to_contain_text("ready")
    return page.locator(".made").first


def ask(page: Page, question: str) -> Locator:
    page.get_by_label("Question").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()
    return page.locator("#asked > li").last


def test_a_summary_plays_from_its_evidence_and_stays_until_it_is_deleted(page: Page) -> None:
    made = make(page, "summary/brief")

    expect(made.locator("summary").first).to_contain_text("Brief summary")
    expect(made.locator("summary").first).to_contain_text("extractive/counted-words")
    expect(made.locator("summary").first).to_contain_text("quoted from the text")
    sentence = made.locator(".written li").first
    clock = sentence.locator("button.time").inner_text()
    minutes, seconds = clock.split(":")
    start_s = 60 * int(minutes) + int(seconds)
    line = page.locator(f'#segments li[data-start^="{start_s}"]').first
    sentence_text = sentence.inner_text().removesuffix(clock).strip()
    assert sentence_text in line.locator(".text").inner_text()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    made.get_by_role("button", name="Copy").click()
    expect(made.get_by_role("button", name="Copied")).to_be_visible()
    assert sentence_text in page.evaluate("navigator.clipboard.readText()")
    sentence.get_by_role("button", name=f"Play from {clock}").click()
    page.wait_for_function(f"() => player.currentTime >= {start_s} && !player.paused")
    expect(line).to_be_in_viewport()

    page.reload()
    open_panel(page, "Summary and notes")
    expect(page.locator(".made")).to_have_count(1)
    page.locator(".made > summary").click()
    expect(page.locator(".made .written")).to_contain_text(sentence_text)
    page.locator(".made").get_by_role("button", name="Delete").click()
    expect(page.locator(".made")).to_have_count(0)
    with page.expect_response("**/results/**") as listed:
        page.reload()  # the panel is open where there is room beside the text
    assert listed.value.json()["count"] == 0


def test_every_kind_that_can_be_quoted_is_shown_with_times(page: Page) -> None:
    open_panel(page, "Summary and notes")
    choices = page.locator("#make-what option").evaluate_all("all => all.map(o => o.value)")
    written = {"content/blog_post", "content/social_media", "content/newsletter"}
    for choice in (each for each in choices if each not in written):
        made = make(page, choice)
        expect(made.locator("summary").first).to_contain_text("quoted from the text")
        expect(made.locator(".written button.time").first).to_be_attached()

    assert set(choices) > written
    expect(page.locator(".made")).to_have_count(len(choices) - len(written))


def test_a_new_result_replaces_the_last_of_its_kind(page: Page) -> None:
    make(page, "content/meeting_notes")
    make(page, "analysis/topics")
    made = make(page, "content/meeting_notes")

    expect(page.locator(".made")).to_have_count(2)
    expect(made.locator("h4", has_text="Decisions")).to_be_visible()
    expect(made.get_by_text("Owner: Omar").first).to_be_visible()


def test_notes_are_edited_and_what_resembles_html_stays_text(page: Page) -> None:
    made = make(page, "content/meeting_notes")
    made.get_by_role("button", name="Edit").click()
    area = made.get_by_role("textbox", name="Text")
    assert OPENING in area.input_value()

    area.fill("# Ours\n\n- **Open** in March <img src=http://a.example/x onerror=alert(1)>")
    made.get_by_role("button", name="Save").click()

    expect(made.locator("summary").first).to_contain_text("edited by you")
    page.reload()
    open_panel(page, "Summary and notes")
    page.locator(".made > summary").click()
    expect(page.locator(".made h4")).to_have_text("Ours")
    expect(page.locator(".made li strong")).to_have_text("Open")
    expect(page.locator(".made li").first).to_contain_text("<img src=http://a.example/x")
    make(page, "content/meeting_notes")
    expect(page.locator(".made")).to_have_count(2)  # the edited one stays


def test_a_correction_of_the_text_marks_what_was_made_before(page: Page) -> None:
    made = make(page, "summary/brief")
    expect(made.locator(".stale")).to_be_hidden()

    type_line(page, 0, "Good morning, can all of you hear me?")

    expect(made.locator(".stale")).to_be_visible()
    page.reload()
    open_panel(page, "Summary and notes")
    page.locator(".made > summary").click()
    expect(page.locator(".made .stale")).to_contain_text("The text has changed since.")


def test_what_only_a_language_model_writes_states_what_is_missing(page: Page) -> None:
    open_panel(page, "Summary and notes")
    page.locator("#make-what").select_option("content/newsletter")
    page.locator("#making").get_by_role("button", name="Make", exact=True).click()

    expect(page.locator("#make-problem")).to_contain_text("language model")
    expect(page.locator("#make-progress")).to_have_text("")
    expect(page.locator(".made")).to_have_count(0)


def test_an_answer_names_sources_that_play_and_the_conversation_stays(page: Page) -> None:
    open_panel(page, "Ask about this recording")
    answered = ask(page, WHEN)
    quoted = answered.locator("blockquote p", has_text=OPENING)
    assert answered.inner_text().count(quoted.first.inner_text()) == 1  # not listed once more
    quoted.first.locator("button.time").click()
    page.wait_for_function("() => player.currentTime >= 35 && !player.paused")
    expect(page.locator("#segments li", has_text=OPENING).first).to_be_in_viewport()
    page.evaluate("player.pause()")

    far = ask(page, "Which penguins swim across Antarctica?")
    expect(far).to_contain_text("Nothing in this transcript is about the question.")
    expect(page.locator("#ask-progress")).to_have_text("Not in this transcript")
    expect(far.locator("button.time")).to_have_count(0)

    page.reload()
    open_panel(page, "Ask about this recording")
    expect(page.locator("#asked > li")).to_have_count(2)
    expect(page.locator("#asked > li").first).to_contain_text(WHEN)
    page.get_by_role("button", name="Delete conversation").click()
    expect(page.locator("#asked > li")).to_have_count(0)
    page.reload()
    with page.expect_response("**/chat/**") as listed:
        open_panel(page, "Ask about this recording")
    assert listed.value.json()["count"] == 0


def test_a_failure_is_a_sentence_and_the_question_is_not_lost(
    page: Page, inference: FakeInference
) -> None:
    open_panel(page, "Ask about this recording")
    inference.language.models.discard("counted-words")
    ask(page, WHEN)
    inference.language.models.add("counted-words")

    expect(page.locator("#ask-problem")).to_contain_text("not installed")
    expect(page.locator("#asked > li")).to_have_count(0)
    expect(page.get_by_label("Question")).to_have_value(WHEN)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#asked > li")).to_contain_text(OPENING)
    expect(page.locator("#ask-problem")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_shows_the_panels_without_scrolling_sideways(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
    page.set_viewport_size({"width": 390, "height": 844})
    make(page, "content/study_guide")
    make(page, "analysis/entities")
    open_panel(page, "Ask about this recording")
    ask(page, WHEN)

    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_translation_stands_beside_the_text_and_in_the_files(page: Page) -> None:
    panel = open_panel(page, "Translation")
    target = panel.get_by_label("Into which language")
    expect(target.locator("option")).to_have_text(["Czech", "German"])
    target.select_option("de")
    expect(panel.locator("#translate-hint")).to_contain_text("Pull en-de.")
    expect(panel.get_by_role("button", name="Translate")).to_be_disabled()
    target.select_option("cs")
    panel.get_by_role("button", name="Translate").click()

    expect(panel.locator("#translate-progress")).to_have_text("Czech: ready.")
    first = page.locator("#segments li.segment").first
    expect(first.locator(".translation")).to_have_text("cs:Good morning, can everybody hear me?")
    assert first.locator(".translation").get_attribute("lang") == "cs"
    with page.expect_download() as saved:
        panel.get_by_role("link", name="SRT, both languages").click()
    subtitles = saved.value.path().read_text(encoding="utf-8")
    assert "cs:Good morning" in subtitles
    panel.get_by_role("button", name="Hide translation").click()
    expect(page.locator(".translation")).to_have_count(0)

    page.reload()
    page.get_by_role("button", name="Export", exact=True).click()
    page.locator("#file-language").select_option("language=cs")
    with page.expect_download() as saved:
        page.locator("#downloads").get_by_role("link", name="TXT").click()
    assert saved.value.suggested_filename.endswith(".cs.txt")
    assert "cs:Good morning" in saved.value.path().read_text(encoding="utf-8")
    panel = open_panel(page, "Translation")
    panel.get_by_role("button", name="Show beside the text").click()
    expect(first.locator(".translation")).to_be_visible()
    panel.get_by_role("button", name="Delete").click()
    expect(page.locator("#translations > li, .translation")).to_have_count(0)
    expect(page.locator("#file-language option")).to_have_count(1)


def test_a_correction_marks_the_translation(page: Page) -> None:
    panel = open_panel(page, "Translation")
    panel.get_by_role("button", name="Translate").click()
    stale = panel.locator("#translations .stale")
    expect(stale).to_be_hidden()

    type_line(page, 0, "Good morning, can all of you hear me?")
    expect(stale).to_be_visible()


def test_a_suggested_name_is_used_or_dismissed_by_a_person(page: Page, system: System) -> None:
    path = page.url.removeprefix(system.url)
    made = system.run(
        sys.executable, "manage.py", "shell", "-v0", "-c", NAMELESS % path.split("/")[2]
    )
    assert made.split()[-1] == "ok"
    page.reload()
    box = page.locator("#suggestions")
    expect(box.locator("#suggested > li")).to_have_count(2)
    first = box.locator("#suggested > li").first
    expect(first).to_contain_text("Speaker 1 may be Omar Haddad:")
    expect(first.locator(".sources")).to_contain_text("My name is Omar Haddad.")
    expect(page.locator("#segments .speaker").first).to_have_text("Speaker 1")

    first.get_by_role("button", name="Use the name Omar Haddad").click()
    expect(page.locator("#segments .speaker").first).to_have_text("Omar Haddad")
    expect(box.locator("#suggested > li")).to_have_count(1)
    box.get_by_role("button", name="Dismiss the name Emma").click()
    expect(box).to_be_hidden()
    with page.expect_response("**/speaker-suggestions/") as listed:
        page.reload()
    assert listed.value.json()["suggestions"] == []


def test_who_has_only_a_link_sees_no_panels(
    page: Page, system: System, start_browser: StartBrowser
) -> None:
    path = page.url.removeprefix(system.url).removeprefix("/transcripts/")
    shares = f"{system.url}/api/v1/transcripts/{path}shares/"
    link = requests.post(shares, json={}, headers=system.headers, timeout=30).json()["url"]
    expect(page.locator(".group")).to_have_count(6)

    guest = start_browser(None).new_page()
    guest.goto(f"{system.url}/{link.split('/', 3)[3]}")
    expect(guest.get_by_text(OPENING).first).to_be_visible()
    expect(guest.locator(".group, #made, #asked")).to_have_count(0)
    guest.goto(page.url)
    expect(guest.get_by_text(OPENING)).to_have_count(0)


def test_the_panels_speak_czech(page: Page) -> None:
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Čeština").click()
    page.get_by_role("tab").first.click()
    page.get_by_role("button", name="Vytvořit").click()

    expect(page.locator("#make-progress")).to_have_text("Stručné shrnutí: hotovo.")
    expect(page.locator(".made > summary")).to_contain_text("citováno z textu")


def test_a_language_models_words_come_as_it_writes_them_and_can_be_stopped(
    page: Page, system: System, inference: FakeInference
) -> None:
    install_writer(system, inference)
    goes_on = threading.Event()
    inference.language.answer = lambda prompt: "The bakery opens on the third of March."
    inference.language.after_word = lambda: goes_on.wait(20)
    open_panel(page, "Ask about this recording")
    page.get_by_label("Question").fill(WHEN)
    page.get_by_role("button", name="Ask", exact=True).click()

    expect(page.locator("#asked > li p").last).to_have_text("The")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#ask-progress")).to_have_text("Stopped.")
    expect(page.locator("#asked > li")).to_have_count(0)

    goes_on.set()
    answered = ask(page, WHEN)
    expect(answered.locator(".written").first).to_have_text(
        "The bakery opens on the third of March."
    )
    expect(answered.locator("button.time").first).to_be_visible()


def install_writer(system: System, inference: FakeInference) -> None:
    inference.language.models.add(WRITER)
    inference.info.text_models.append(
        server_pb2.TextModel(
            id=WRITER,
            kind="language_model",
            engine="llama.cpp",
            available=True,
            size_bytes=1_000_000_000,
            is_default=True,
            context_tokens=4096,
        )
    )
    asked = {"text": "The bakery opens.", "model": WRITER}

    def is_known() -> bool:
        url = f"{system.url}/v1/summarize"
        return requests.post(url, json=asked, headers=system.headers, timeout=30).ok

    wait_until(is_known, what="the server lists the language model")


def test_personal_data_is_listed_with_its_places_and_files_come_without_it(page: Page) -> None:
    panel = open_panel(page, "Redact")
    panel.get_by_role("button", name="Find").click()
    found = page.locator("#personal > details").first
    expect(found).to_contain_text("Names of people (some)")
    found.locator("summary").click()
    expect(found.locator("button.time").first).to_be_visible()

    with page.expect_download() as made:
        panel.get_by_role("link", name="TXT").click()
    assert made.value.suggested_filename == "transcript.txt"
    text = made.value.path().read_text()
    assert "[name]" in text
    expect(page.locator("#masked-progress")).to_have_text("TXT: downloaded.")

    panel.get_by_label("Names of people (some)").uncheck()
    link = panel.get_by_role("link", name="TXT").get_attribute("href") or ""
    assert "person" not in link
    assert "email" in link


def test_a_result_is_downloaded_as_a_file(page: Page) -> None:
    made = make(page, "analysis/action_items")
    made.get_by_role("button", name="Download").click()

    with page.expect_download() as calendar:
        made.get_by_role("link", name="ICS").click()

    assert calendar.value.suggested_filename == "Action items with owners and dates.ics"
    assert calendar.value.path().read_text().startswith("BEGIN:VCALENDAR")
