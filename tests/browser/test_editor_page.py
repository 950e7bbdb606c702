"""A transcript is corrected like a document: by keys, by two people, and without a network."""

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import StartBrowser
from tests.browser.editing import (
    SPOKEN,
    api,
    enter,
    expect_saved,
    import_transcript,
    line,
    marked,
    open_transcript,
    text_of,
    texts_of,
    type_line,
)
from tests.browser.session import log_in
from tests.e2e.processes import System

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
LINES = [text for _, text in SPOKEN]
PASTE = """text => {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/plain', text);
  const paste = new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true});
  document.activeElement.dispatchEvent(paste);
}"""
RISK_IN_SIGHT = """() => {
  const [marked] = CSS.highlights.get("reviewed") ?? [];
  if (!marked) return false;
  const range = new Range();
  range.setStart(marked.startContainer, marked.startOffset);
  range.setEnd(marked.endContainer, marked.endOffset);
  const place = range.getBoundingClientRect();
  const strip = document.querySelector("#reviewer").getBoundingClientRect();
  return place.top >= strip.bottom && place.bottom <= innerHeight;
}"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("editor_page") / "data") as running:
        running.start("web")
        yield running


@pytest.fixture
def context(system: System, start_browser: StartBrowser) -> Iterator[BrowserContext]:
    context = start_browser(None).new_context(locale="en", service_workers="block")
    log_in(context, system)
    faults: list[str] = []
    context.on("weberror", lambda error: faults.append(str(error.error)))
    yield context
    context.close()
    assert faults == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.set_default_timeout(15_000)
    return page


@pytest.fixture
def transcript_id(system: System) -> str:
    return import_transcript(system)


def test_a_line_is_typed_over_saved_undone_and_redone(
    page: Page, system: System, transcript_id: str
) -> None:
    open_transcript(page, system, transcript_id)
    top = line(page, 1).bounding_box()
    text_of(page, 0).click()
    assert line(page, 1).bounding_box() == top  # nothing moves when the caret comes in

    type_line(page, 0, "Quite  another text.")
    expect(text_of(page, 0)).to_have_text("Quite another text.")
    expect_saved(page)
    assert texts_of(system, transcript_id)[0] == "Quite another text."
    page.keyboard.press("ControlOrMeta+z")
    expect(text_of(page, 0)).to_have_text(LINES[0])
    page.keyboard.press("ControlOrMeta+Shift+z")
    expect(text_of(page, 0)).to_have_text("Quite another text.")
    page.reload()
    expect(text_of(page, 0)).to_have_text("Quite another text.")
    page.get_by_role("button", name="Undo").click()
    expect(text_of(page, 0)).to_have_text(LINES[0])
    assert texts_of(system, transcript_id) == LINES
    # What is pasted is an edit as well, also as the first thing that happens to a line.
    enter(page, 2, 0)
    page.evaluate(PASTE, "Pasted. ")
    page.keyboard.press("Escape")
    expect_saved(page)
    assert texts_of(system, transcript_id)[2] == f"Pasted. {LINES[2]}"


def test_enter_splits_backspace_and_delete_join_and_arrows_lead_on(
    page: Page, system: System, transcript_id: str
) -> None:
    open_transcript(page, system, transcript_id)
    enter(page, 0, 10)
    page.keyboard.press("Enter")
    expect(text_of(page, 0)).to_have_text("The budget")
    expect(text_of(page, 1)).to_have_text("was small this year.")
    page.keyboard.type("It ")  # at once, while the split is on its way
    page.keyboard.press("ArrowDown")
    expect(text_of(page, 2)).to_be_focused()
    expect_saved(page)
    assert texts_of(system, transcript_id)[:2] == ["The budget", "It was small this year."]

    enter(page, 1, 0)
    page.keyboard.press("Backspace")
    expect(text_of(page, 0)).to_have_text("The budget It was small this year.")
    page.keyboard.press("End")
    page.keyboard.press("Delete")
    expect(text_of(page, 0)).to_have_text(f"The budget It was small this year. {LINES[1]}")
    expect_saved(page)
    assert texts_of(system, transcript_id)[1:] == LINES[2:]
    for _ in range(4):
        page.keyboard.press("ControlOrMeta+z")
    expect(text_of(page, 0)).to_have_text(LINES[0])
    assert texts_of(system, transcript_id) == LINES


def test_a_line_that_is_emptied_goes_and_comes_back(
    page: Page, system: System, transcript_id: str
) -> None:
    open_transcript(page, system, transcript_id)
    text_of(page, 3).click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    expect(page.locator(".segment")).to_have_count(4)
    expect_saved(page)
    assert LINES[3] not in texts_of(system, transcript_id)
    page.keyboard.press("ControlOrMeta+z")
    expect(text_of(page, 3)).to_have_text(LINES[3])


def test_two_windows_edit_different_lines_and_follow_each_other(
    context: BrowserContext, system: System, transcript_id: str
) -> None:
    one, other = context.new_page(), context.new_page()
    for each in (one, other):
        open_transcript(each, system, transcript_id)
    type_line(one, 0, "From the first window.")
    type_line(other, 3, "From the other window.")
    for each in (one, other):
        expect(text_of(each, 0)).to_have_text("From the first window.")
        expect(text_of(each, 3)).to_have_text("From the other window.")
        expect(each.locator(".conflict")).to_have_count(0)
    key = api(system, "GET", f"{transcript_id}/segments/")["results"][0]["id"]
    api(system, "POST", f"{transcript_id}/comments/", segment=key, text="Said by someone else")
    for each in (one, other):
        expect(each.locator("#comments li")).to_contain_text("Said by someone else")
    # An undo takes back one's own change only.
    api(system, "PATCH", f"{transcript_id}/speakers/1/", name="Renamed")
    expect(one.locator(".speaker").first).to_have_text("Renamed")


def test_of_one_line_changed_twice_both_texts_are_shown(
    page: Page, system: System, transcript_id: str
) -> None:
    open_transcript(page, system, transcript_id)
    key = api(system, "GET", f"{transcript_id}/segments/")["results"][1]["id"]
    text_of(page, 1).click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text("My own words")
    api(system, "PATCH", f"{transcript_id}/segments/{key}/", text="Their words")
    page.keyboard.press("Escape")

    conflict = page.locator(".conflict")
    expect(conflict).to_contain_text("Choose which version to keep")
    expect(conflict.locator("q")).to_have_text(["My own words", "Their words"])
    page.reload()  # nothing that was typed is lost
    expect(conflict.locator("q").first).to_have_text("My own words")
    conflict.get_by_role("button", name="Keep mine").click()
    expect(conflict).to_have_count(0)
    expect(text_of(page, 1)).to_have_text("My own words")
    expect_saved(page)
    assert texts_of(system, transcript_id)[1] == "My own words"


def test_without_a_network_edits_wait_survive_a_reload_and_are_sent(
    context: BrowserContext, page: Page, system: System, transcript_id: str
) -> None:
    open_transcript(page, system, transcript_id)
    page.route("**/segments/**", lambda route: route.abort())
    type_line(page, 0, "Typed without a network.")
    enter(page, 1, 6)
    page.keyboard.press("Enter")
    expect(page.locator("#saving")).to_contain_text("kept in this browser")
    expect(text_of(page, 2)).to_have_text("the budget grow in spring.")
    assert texts_of(system, transcript_id) == LINES
    text_of(page, 4).click()
    page.keyboard.type("Never committed ")  # a draft
    page.unroute("**/segments/**")
    page.reload()
    expect(text_of(page, 0)).to_have_text("Typed without a network.")
    expect_saved(page)
    stored = texts_of(system, transcript_id)
    assert stored[0] == "Typed without a network."
    assert stored[1:3] == ["We saw", "the budget grow in spring."]
    assert "Never committed" in stored[4]


def test_what_is_found_is_replaced_after_a_preview(
    page: Page, system: System, transcript_id: str
) -> None:
    open_transcript(page, system, transcript_id)
    page.keyboard.press("Alt+f")
    page.keyboard.type("budget")
    expect(page.locator("#found")).to_have_text("3 matches")
    assert marked(page, "found") == ["budget"] * 3
    page.get_by_label("Replace with").fill("purse")
    page.keyboard.press("Enter")
    rows = page.locator("#replacements li")
    expect(rows).to_have_count(3)
    expect(rows.first.locator("ins")).to_have_text("purse")
    rows.nth(1).get_by_role("checkbox").uncheck()
    page.get_by_role("button", name="Replace selected").click()
    expect(text_of(page, 0)).to_have_text("The purse was small this year.")
    expect(text_of(page, 1)).to_have_text(LINES[1])
    page.keyboard.press("Escape")
    page.keyboard.press("ControlOrMeta+z")  # one step for all of them
    expect(text_of(page, 2)).to_have_text(LINES[2])
    assert texts_of(system, transcript_id) == LINES


def test_the_word_at_the_caret_is_corrected_everywhere(
    page: Page, system: System, transcript_id: str
) -> None:
    open_transcript(page, system, transcript_id)
    enter(page, 3, 24)
    page.keyboard.press("Alt+a")
    expect(page.locator("#find")).to_have_value("trains")
    page.keyboard.type("planes")
    page.keyboard.press("Enter")
    expect(page.locator("#replacements li")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(text_of(page, 3)).to_have_text("Let us talk about the planes.")
    expect(text_of(page, 4)).to_have_text("The planes were late every morning.")

    # What the account's glossary knows to come out wrong is offered at once.
    requests.put(
        f"{system.url}/api/v1/glossary/",
        headers=system.headers,
        json={"terms": [{"text": "trams", "misheard": ["planes"]}]},
        timeout=30,
    ).raise_for_status()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Correct by glossary").press("Enter")
    sheet = page.get_by_role("dialog", name="Correct by glossary")
    expect(sheet).to_contain_text("planes trams (2)")
    sheet.get_by_role("button", name="Correct selected").press("Enter")
    expect(text_of(page, 4)).to_have_text("The trams were late every morning.")


def test_unsure_words_are_marked_and_reviewed_by_the_keyboard_alone(
    page: Page, system: System, transcript_id: str
) -> None:
    open_transcript(page, system, transcript_id)
    page.wait_for_function("() => CSS.highlights.get('unsure')?.size === 2")
    page.keyboard.press("n")
    page.wait_for_function("() => String(getSelection()) === 'saw'")
    page.keyboard.press("Alt+n")
    page.wait_for_function("() => String(getSelection()) === 'trains.'")
    page.keyboard.press("Alt+Shift+n")
    page.wait_for_function("() => String(getSelection()) === 'saw'")

    page.keyboard.press("Escape")
    page.get_by_role("button", name="Review", exact=True).press("Enter")
    expect(page.locator("#review-place")).to_contain_text("1 of 2")
    expect(page.locator("#review-what")).to_have_text("saw")
    page.keyboard.press("y")
    expect(page.locator("#review-what")).to_have_text("trains.")
    page.get_by_role("button", name="Fix").press("Enter")
    assert page.evaluate("String(getSelection())") == "trains."
    page.keyboard.type("planes.")
    page.keyboard.press("Escape")
    expect(page.locator("#review-place")).to_have_text("Nothing left to review.")
    page.reload()
    page.get_by_role("button", name="Review", exact=True).press("Enter")
    expect(page.locator("#review-place")).to_have_text("Nothing left to review.")


def test_a_review_and_what_it_is_about_are_in_sight_on_a_phone(
    page: Page, system: System, transcript_id: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 640})
    open_transcript(page, system, transcript_id)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.get_by_role("button", name="Review", exact=True).click()
    expect(page.locator("#review-what")).to_have_text("saw")
    for wanted in ("saw", "trains."):
        expect(page.locator("#review-what")).to_have_text(wanted)
        expect(page.get_by_role("button", name="Accept")).to_be_in_viewport(ratio=1)
        page.wait_for_function(RISK_IN_SIGHT)
        page.get_by_role("button", name="Accept").click()


def test_words_are_highlighted_and_commented_on(
    page: Page, system: System, transcript_id: str
) -> None:
    open_transcript(page, system, transcript_id)
    page.keyboard.press("n")
    page.wait_for_function("() => String(getSelection()) === 'saw'")
    page.keyboard.press("Alt+h")
    page.wait_for_function("() => CSS.highlights.get('commented')?.size === 1")
    page.keyboard.press("Alt+c")
    page.get_by_role("textbox", name="Comment").fill("Check this with <b>Anna</b>")
    page.get_by_role("button", name="Save").press("Enter")
    listed = page.locator("#comments li")
    expect(listed).to_have_count(2)
    expect(listed.last).to_contain_text("Check this with <b>Anna</b>")
    page.reload()
    page.wait_for_function("() => CSS.highlights.get('commented')?.size === 2")
    page.get_by_role("tab", name="Comments").click()
    listed.last.get_by_role("button", name=re.compile("Delete comment")).click()
    expect(listed).to_have_count(1)


def test_the_text_of_a_comment_is_edited_by_the_keyboard_and_survives_a_new_list(
    page: Page, system: System, transcript_id: str
) -> None:
    key = api(system, "GET", f"{transcript_id}/segments/")["results"][0]["id"]
    api(system, "POST", f"{transcript_id}/comments/", segment=key, text="Check this")
    open_transcript(page, system, transcript_id)
    page.get_by_role("tab", name="Comments").click()
    listed = page.locator("#comments li")
    edit = listed.first.get_by_role("button", name="Edit comment: Check this")
    edit.press("Enter")
    typed = listed.first.get_by_role("textbox", name="Comment")
    expect(typed).to_be_focused()
    typed.press_sequentially(" with Anna")
    api(system, "POST", f"{transcript_id}/comments/", segment=key, text="Said meanwhile")
    expect(listed).to_have_count(2)
    expect(typed).to_be_focused()
    expect(typed).to_have_value("Check this with Anna")
    assert findings(page) == []
    page.keyboard.press("Escape")  # leaves it as it was
    expect(edit).to_be_focused()
    edit.press("Enter")
    typed.fill("Checked")
    listed.first.get_by_role("button", name="Save").press("Enter")
    changed = listed.first.get_by_role("button", name="Edit comment: Checked")
    expect(changed).to_be_focused()
    expect(listed.first).to_contain_text("edited")
    saved = api(system, "GET", f"{transcript_id}/comments/")["results"]
    assert [each["text"] for each in saved] == ["Checked", "Said meanwhile"]


def test_a_page_has_few_stops_of_the_tab_key_and_letters_can_be_turned_off(
    page: Page, system: System, transcript_id: str
) -> None:
    open_transcript(page, system, transcript_id)
    stops = page.evaluate(
        "[...document.querySelectorAll('a, button, input, select, textarea, summary, [tabindex],"
        " [contenteditable]')].filter(each => each.tabIndex >= 0 && !each.disabled"
        " && each.checkVisibility()).length"
    )
    assert stops <= 40
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    dialog.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Alt+/")
    expect(dialog).to_be_visible()
