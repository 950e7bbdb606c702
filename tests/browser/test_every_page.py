"""Every page: no finding of axe, no sideways scrolling, 320 to 1920 px, no script that fails.

In the state in which it opens and with everything unfolded; English and Czech take turns, as do
light and dark, so that each page is seen once in each run and all of them in both.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.axe import findings
from tests.browser.conftest import StartBrowser
from tests.browser.gallery import (
    OPEN_ALL,
    OVERFLOW,
    PAGES,
    Shown,
    fill,
    log_in_as_member,
    open_page,
)
from tests.e2e.processes import System

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

WIDTHS = (320, 1280, 1920)
HEADER_ROWS = """() => {
  const middles = [...document.querySelectorAll("body > header :is(a, button)")]
    .filter((each) => each.checkVisibility())
    .map((each) => each.getBoundingClientRect())
    .map(({ top, bottom }) => (top + bottom) / 2)
    .toSorted((one, other) => one - other);
  return middles.filter((middle, at) => !at || middle - middles[at - 1] > 8).length;
}"""
SETTINGS = (("en", "light"), ("cs", "dark"))
# The reference has 200 operations from one template, which axe would read for minutes: every tenth
# one, and the one that the address names, speak for all.
THIN_OUT = """
document.querySelectorAll('details.operation').forEach((operation, index) => {
  if (index % 10 && `#${operation.id}` !== location.hash) operation.remove();
})"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("pages") / "data") as running:
        running.start("web")
        yield running


@pytest.fixture(scope="module")
def transcript(system: System) -> str:
    return fill(system)


@pytest.fixture(scope="module")
def browser(start_browser: StartBrowser) -> Browser:
    return start_browser(None)


Contexts = dict[tuple[str, str], tuple[BrowserContext, BrowserContext]]


@pytest.fixture(scope="module")
def contexts(system: System, transcript: str, browser: Browser) -> Contexts:
    """Of each setting a guest's and a member's."""
    made: Contexts = {}
    for locale, scheme in SETTINGS:
        options: dict[str, Any] = {"locale": locale, "color_scheme": scheme}
        member = log_in_as_member(browser.new_context(**options), system)
        made[locale, scheme] = (browser.new_context(**options), member)
    return made


@pytest.mark.parametrize(
    ("shown", "setting"),
    [(shown, SETTINGS[number % 2]) for number, shown in enumerate(PAGES)],
    ids=[shown.name for shown in PAGES],
)
def test_a_page_is_accessible_and_fits(
    shown: Shown, setting: tuple[str, str], contexts: Contexts, system: System, transcript: str
) -> None:
    guest, member = contexts[setting]
    page = open_page(shown, guest=guest, member=member, system=system, transcript=transcript)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    page.evaluate(THIN_OUT)
    assert findings(page) == []
    page.evaluate(OPEN_ALL)
    if opener := page.locator(".side-opener:visible, [popovertarget=account-menu]").all():
        opener[0].click()
    assert findings(page) == []

    wide = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        wide[width] = page.evaluate(OVERFLOW)
    assert wide == dict.fromkeys(WIDTHS, 0)
    assert faults == []
    page.close()


def test_an_operation_that_reads_is_tried_on_its_page(
    contexts: Contexts, system: System, transcript: str
) -> None:
    _, member = contexts["en", "light"]
    page = member.new_page()
    page.goto(f"{system.url}/docs#read_transcript")
    operation = page.locator("#read_transcript")
    operation.get_by_label("transcript_id").fill(transcript)
    operation.get_by_role("button", name="Try it").click()

    expect(operation.get_by_role("status")).to_contain_text("200")
    expect(operation.get_by_role("status")).to_contain_text('"title": "Interview"')
    page.close()


@pytest.mark.parametrize("width", [320, 390])
def test_the_header_takes_two_rows_at_most_on_a_phone(
    contexts: Contexts, system: System, width: int
) -> None:
    for setting in SETTINGS:
        for context in contexts[setting]:
            page = context.new_page()
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(f"{system.url}/pricing/")
            assert 1 <= page.evaluate(HEADER_ROWS) <= 2
            page.close()
