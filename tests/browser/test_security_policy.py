"""No page of ours asks for what its Content-Security-Policy forbids, in a real browser."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page

from tests.browser.conftest import StartBrowser
from tests.e2e.processes import System

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

# A session that gave password and code: of an operator, or of a user without a second factor.
LOG_IN = """
import time
from importlib import import_module
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.models import User
for email, is_staff in (("e2e@example.com", False), ("operator@example.com", True)):
    user, _ = User.objects.get_or_create(email=email)
    user.set_password("a long enough password")
    user.save()
    User.objects.filter(pk=user.pk).update(is_staff=is_staff, is_superuser=is_staff)
    if is_staff:
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session["account_authentication_methods"] = [
        {"method": method, "at": time.time()} for method in ("password", "mfa")
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.create()
    print(session.session_key, user.pk)
"""
OPEN_PAGES = ("/", "/docs", "/live/", "/account/login/", "/account/signup/", "/nowhere")
OWN_PAGES = (
    *("/account/", "/account/profile/", "/account/keys/", "/account/security/"),
    *("/account/usage/", "/account/retention/", "/account/2fa/totp/activate/"),
    *("/transcripts/", "/webhooks/", "/account/password/change/", "/account/delete/"),
)
OPERATOR_PAGES = (
    "/admin/",
    "/admin/accounts/user/",
    "/admin/accounts/user/{user_id}/change/",
    "/admin/billing/plan/",
    "/account/2fa/",
)
SUBTITLES = "1\n00:00:00,000 --> 00:00:02,000\nHello there.\n"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("policy") / "data") as running:
        running.start("web")
        yield running


@pytest.fixture(scope="module")
def browser(start_browser: StartBrowser) -> Browser:
    return start_browser(None)


@pytest.fixture(scope="module")
def sessions(system: System) -> list[str]:
    """The key of a session and the id of its user, of a user and of an operator."""
    return system.run(sys.executable, "manage.py", "shell", "-v0", "-c", LOG_IN).split()[-4:]


def visit(browser: Browser, system: System, session_key: str, *paths: str) -> dict[str, list[str]]:
    """Return what the browser's console reports about the policy, by page; pages without: no entry.

    Each page must be there, and must have been shown with the policy.
    """
    context = browser.new_context()
    if session_key:
        cookie = {"name": "sessionid", "value": session_key, "url": system.url}
        context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict
    problems: dict[str, list[str]] = {}
    page = context.new_page()
    found = _console(page)
    for path in paths:
        found.clear()
        answer = page.goto(system.url + path, wait_until="load")
        page.wait_for_timeout(300)  # for its modules; a page with a live wait is never idle
        assert answer is not None
        assert answer.status == (404 if path == "/nowhere" else 200), path
        assert page.url == system.url + path
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        if found:
            problems[path] = [*found]
    context.close()
    return problems


def _console(page: Page) -> list[str]:
    found: list[str] = []
    page.on(
        "console",
        lambda message: (
            found.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def test_pages_for_everybody(browser: Browser, system: System) -> None:
    assert visit(browser, system, "", *OPEN_PAGES) == {}


def test_pages_of_an_account(browser: Browser, system: System, sessions: list[str]) -> None:
    answer = requests.post(
        system.url + "/api/v1/transcripts/import/",
        headers=system.headers,
        files={"file": ("a.srt", SUBTITLES)},
    )
    transcript = f"/transcripts/{answer.json()['id']}/"

    paths = (*OWN_PAGES, transcript, transcript + "share/")
    assert visit(browser, system, sessions[0], *paths) == {}


def test_pages_of_operators(browser: Browser, system: System, sessions: list[str]) -> None:
    paths = [path.format(user_id=sessions[3]) for path in OPERATOR_PAGES]
    assert visit(browser, system, sessions[2], *paths) == {}


def test_the_code_of_the_second_factor_is_shown(
    browser: Browser, system: System, sessions: list[str]
) -> None:
    context = browser.new_context()
    cookie = {"name": "sessionid", "value": sessions[0], "url": system.url}
    context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict
    page = context.new_page()
    page.goto(system.url + "/account/2fa/totp/activate/")

    assert page.locator("img.qr").evaluate("image => image.complete && image.naturalWidth > 0")


def test_an_operation_of_the_documentation_opens(browser: Browser, system: System) -> None:
    page = browser.new_page()
    found = _console(page)
    page.goto(system.url + "/docs")
    page.locator("#docs-search").fill("segments")
    operation = page.locator("details.operation:visible").first
    operation.locator("summary").click()
    operation.locator("pre").first.wait_for()
    page.locator("#docs-key").fill("key-of-mine")

    assert "key-of-mine" in page.locator("#start pre:visible").inner_text()
    assert found == []


def test_the_browser_does_refuse_what_the_policy_forbids(
    browser: Browser, system: System, tmp_path: Path
) -> None:
    page = browser.new_page()
    found = _console(page)
    page.goto(system.url + "/")
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); }"
    )

    assert page.evaluate("window.ran") is None
    assert len(found) == 1
