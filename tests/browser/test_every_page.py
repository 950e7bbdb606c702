"""Every page: no finding of axe, no sideways scrolling, 320 to 1920 px, no script that fails.

In the state in which it opens and with everything unfolded; English and Czech take turns, as do
light and dark, so that each page is seen once in each run and all of them in both.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

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

STANDARDS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDTHS = (320, 1280, 1920)
SETTINGS = (("en", "light"), ("cs", "dark"))


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


def findings(page: Page) -> list[str]:
    """Return what axe finds, with the elements."""
    violations = Axe().run(page, options=STANDARDS).response["violations"]
    return [
        f"{found['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
        for found in violations
        for node in found["nodes"]
    ]


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
