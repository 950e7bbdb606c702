"""A person signs up, opens the link of the mail, makes a key and uses it: in a real browser.

Web server and worker are real processes; the mail is a file that the worker wrote.
"""

import email
import email.policy
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import StartBrowser
from tests.e2e.processes import System, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
PASSWORD = "correct-horse-battery-7"


@pytest.fixture
def browser(start_browser: StartBrowser) -> Browser:
    return start_browser(None)


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    return tmp_path / "mails"


@pytest.fixture
def system(tmp_path: Path, mails: Path) -> Iterator[System]:
    with System(tmp_path / "data", env={"STT_EMAIL_URL": f"file://{mails}"}) as running:
        running.start("web", "worker-housekeeping")
        yield running


def link_of_the_mail(mails: Path) -> str:
    """Wait for the one mail and return the address in its text."""
    wait_until(lambda: any(file.stat().st_size for file in mails.glob("*")), what="a mail is sent")
    (file,) = mails.glob("*")
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = message.get_body(preferencelist=("plain",))
    assert body is not None
    (link,) = re.findall(r"^http\S+", body.get_content(), re.MULTILINE)
    return str(link)


def sign_up(page: Page, url: str, *, mails: Path) -> str:
    """Return the address that the mail led to."""
    page.goto(url)
    page.get_by_role("link", name="Sign up").first.click()
    page.get_by_label("Email").fill("ann@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm your email address")
    link = link_of_the_mail(mails)
    page.goto(link)
    page.get_by_role("button", name="Yes, confirm").click()
    return link


def test_signing_up_and_using_a_key(system: System, mails: Path, browser: Browser) -> None:
    context = browser.new_context(locale="en", timezone_id="Europe/Prague")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    link = sign_up(page, system.url, mails=mails)
    expect(page.get_by_role("heading", level=1)).to_have_text("Transcribe a recording")
    page.get_by_role("button", name="Account").click()
    page.get_by_role("link", name="API keys").click()
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Create key").click()
    raw = page.locator("#raw-key").inner_text()

    account = requests.get(
        f"{system.url}/api/v1/account/", headers={"Authorization": f"Bearer {raw}"}
    ).json()
    assert account["email"] == "ann@example.com"
    assert account["plan"]["id"] == "free"
    assert account["time_zone"] == "Europe/Prague"

    page.goto(system.url)
    expect(
        page.get_by_text(
            "Saved to your account (ann@example.com) and counted towards your minutes."
        )
    ).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto(f"{system.url}/account/keys/")
    page.get_by_role("button", name="Revoke laptop").click()
    expect(page.get_by_role("status")).to_have_text("Key revoked.")
    assert faults == []

    # What opens an account stands in no log.
    logs = system.log("web") + system.log("worker-housekeeping")
    assert raw not in logs
    assert link.rstrip("/").rpartition("/")[2] not in logs
    context.close()
