"""The link that `make run` prints: good once, soon, on this machine; never into an account with a
password."""

import time

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User
from accounts.services.local_login import LIFETIME_S, make_login_path
from stt_web.supervisor.first_steps import LOCAL_USER, describe_login
from tests.accounts.pages.people import PASSWORD, browser_of, member, proven_browser_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def local() -> User:
    """As `create_api_key` makes it."""
    return User.objects.create_user(LOCAL_USER)


def is_in(browser: Client) -> bool:
    return browser.get("/account/profile/").status_code == 200


def test_the_link_logs_in_once(local: User) -> None:
    path = make_login_path(LOCAL_USER)
    first, second = Client(), Client()

    answer = first.get(path)
    refused = second.get(path, follow=True)

    assert answer["Location"] == "/transcripts/"
    assert is_in(first)
    assert "This link has been used" in refused.content.decode()
    assert not is_in(second)


def test_who_came_by_the_link_can_set_a_password_and_log_in_with_it(local: User) -> None:
    describe_login("http://127.0.0.1:8000", host="127.0.0.1")
    browser = Client()
    browser.get(make_login_path(LOCAL_USER))

    answer = browser.post(
        "/account/password/set/", {"password1": PASSWORD, "password2": PASSWORD}, follow=True
    )

    assert answer.status_code == 200
    assert is_in(browser_of(local))


def test_two_step_log_in_needs_a_password_first(local: User) -> None:
    describe_login("http://127.0.0.1:8000", host="127.0.0.1")
    browser = Client()
    browser.get(make_login_path(LOCAL_USER))
    assert "Set password" in browser.get("/account/security/").content.decode()

    answer = browser.get("/account/2fa/totp/activate/")

    assert answer["Location"] == "/account/password/set/"
    assert make_login_path(LOCAL_USER)  # the link works as before
    browser.post("/account/password/set/", {"password1": PASSWORD, "password2": PASSWORD})
    page = proven_browser_of(local).get("/account/2fa/totp/activate/").content.decode()
    assert 'id="secret"' in page


def test_a_session_by_the_link_is_listed_and_ended_with_the_others(local: User) -> None:
    browser, other = Client(headers={"user-agent": "Firefox/140.0 Linux"}), Client()
    browser.get(make_login_path(LOCAL_USER))
    other.get(make_login_path(LOCAL_USER))

    assert "Firefox, Linux" in browser.get("/account/security/").content.decode()
    browser.post("/account/security/log-out-everywhere/")
    assert not is_in(browser)
    assert not is_in(other)


def test_the_first_lines_confirm_no_address_of_a_client_who_signed_up() -> None:
    member(LOCAL_USER, is_verified=False)

    describe_login("http://127.0.0.1:8000", host="127.0.0.1")

    assert not EmailAddress.objects.get(email=LOCAL_USER).verified


def test_a_head_request_does_not_use_the_link_up(local: User) -> None:
    path = make_login_path(LOCAL_USER)

    assert Client().head(path).status_code == 405
    browser = Client()
    browser.get(path)
    assert is_in(browser)


def test_an_old_link_is_refused(local: User, monkeypatch: pytest.MonkeyPatch) -> None:
    path, later = make_login_path(LOCAL_USER), time.time() + LIFETIME_S + 1
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    browser = Client()

    assert browser.get(path)["Location"] == "/account/login/"
    assert not is_in(browser)


def test_a_changed_link_is_refused(local: User) -> None:
    browser = Client()

    assert browser.get(f"{make_login_path(LOCAL_USER)[:-2]}x/")["Location"] == "/account/login/"
    assert not is_in(browser)


@pytest.mark.parametrize(
    "origin",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "::ffff:192.0.2.7"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
    ],
)
def test_the_link_is_for_this_machine_and_a_refusal_leaves_it_good(
    local: User, origin: dict[str, str]
) -> None:
    path = make_login_path(LOCAL_USER)
    elsewhere, here = Client(), Client()

    assert elsewhere.get(path, **origin).status_code == 404  # type: ignore[arg-type]  # of WSGI
    here.get(path)

    assert not is_in(elsewhere)
    assert is_in(here)


def test_an_account_with_a_password_gets_no_link() -> None:
    member(LOCAL_USER)

    assert make_login_path(LOCAL_USER) == ""


def test_a_link_is_refused_once_the_account_has_a_password(local: User) -> None:
    path = make_login_path(LOCAL_USER)
    local.set_password(PASSWORD)
    local.save()
    browser = Client()

    browser.get(path)

    assert not is_in(browser)


def test_the_first_lines_name_a_link_only_where_this_machine_alone_listens(local: User) -> None:
    url = "http://127.0.0.1:8000"

    shown = describe_login(url, host="127.0.0.1")
    open_to_all = describe_login(url, host="192.0.2.1")

    browser = Client()
    browser.get(shown.split()[0].removeprefix(url))
    assert is_in(browser)
    assert "/account/local/" not in open_to_all
    assert f"changepassword {LOCAL_USER}" in open_to_all
