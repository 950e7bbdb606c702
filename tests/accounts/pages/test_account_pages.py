"""The pages of a user who is logged in; and that they show no one else's."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.keys.issue import issue_api_key
from accounts.models import ApiKey, User
from billing.models import Plan
from tests.accounts.mailbox import deliver, last_mail, link_in
from tests.accounts.pages.people import PASSWORD, browser_of, log_in, member, use_minutes

pytestmark = pytest.mark.django_db

PAGES = [
    "",
    "usage/",
    "keys/",
    "profile/",
    "security/",
    "email/",
    "password/change/",
    "2fa/",
    "sessions/",
    "logout/",
]


@pytest.fixture
def ann() -> User:
    return member("ann@example.com")


@pytest.mark.parametrize("language", ["en", "cs"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_the_account_is_ours(ann: User, path: str, language: str) -> None:
    browser = Client(headers={"Accept-Language": language})
    browser.force_login(ann)

    page = browser.get(f"/account/{path}", follow=True)

    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.content.decode()
    assert "stt_web/site.css" in page.content.decode()


@pytest.mark.parametrize("path", [*PAGES[:-1], "export/", "delete/"])
def test_pages_of_the_account_send_others_to_log_in(path: str) -> None:
    answer = Client().get(f"/account/{path}")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")


def test_the_first_page_shows_plan_minutes_and_limits(ann: User) -> None:
    use_minutes(ann, 7)

    page = browser_of(ann).get("/account/").content.decode()

    assert "Free" in page
    assert "<dd>7</dd>" in page
    assert "<dd>593</dd>" in page
    assert "500" in page


def test_a_new_key_is_shown_once_and_works(ann: User) -> None:
    browser = browser_of(ann)

    made = browser.post("/account/keys/", {"name": "laptop", "scopes": ["read"]})
    (raw,) = re.findall(r"stt_[\w-]{43}", made.content.decode())

    assert made["Cache-Control"].count("no-store")
    assert ApiKey.objects.get().scopes == ["read"]
    assert raw not in browser.get("/account/keys/").content.decode()
    assert (
        Client(headers={"Authorization": f"Bearer {raw}"}).get("/api/v1/account/").status_code
        == 200
    )


def test_a_key_can_end_with_a_day_of_the_users_time_zone(ann: User) -> None:
    User.objects.update(time_zone="Pacific/Auckland")
    tomorrow = (timezone.now() + timedelta(days=1)).date()

    browser_of(ann).post("/account/keys/", {"name": "short", "expires_at": tomorrow.isoformat()})

    ends = ApiKey.objects.get().expires_at
    assert ends is not None
    assert ends.utcoffset() == timedelta(0)
    assert ends.hour in (10, 11)  # 23:59 there


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x", "expires_at": "2020-01-01"}, {"name": "x", "scopes": "y"}]
)
def test_a_key_that_is_not_possible_is_not_made(ann: User, wrong: dict[str, str]) -> None:
    page = browser_of(ann).post("/account/keys/", wrong)

    assert 'class="error"' in page.content.decode()
    assert not ApiKey.objects.exists()


def test_a_revoked_key_is_deleted_from_the_page_and_refused(ann: User) -> None:
    key, raw = issue_api_key(ann, name="old one")
    browser = browser_of(ann)

    page = browser.post(f"/account/keys/{key.pk}/revoke/", follow=True).content.decode()

    assert "old one" not in page
    client = Client(headers={"Authorization": f"Bearer {raw}"})
    assert client.get("/api/v1/account/").status_code == 401


def test_another_users_key_is_neither_shown_nor_revoked(ann: User) -> None:
    key, _ = issue_api_key(member("bob@example.com"), name="bobs key")
    browser = browser_of(ann)

    assert "bobs key" not in browser.get("/account/keys/").content.decode()
    assert browser.post(f"/account/keys/{key.pk}/revoke/").status_code == 404
    assert ApiKey.objects.get().revoked_at is None


def test_the_profile_is_stored_and_changes_the_language(ann: User) -> None:
    browser = browser_of(ann)

    page = browser.post(
        "/account/profile/",
        {
            "name": "Ann",
            "time_zone": "Europe/Prague",
            "language": "cs",
            "email_preferences": ["new_device"],
        },
        follow=True,
    )

    ann.refresh_from_db()
    assert (ann.name, ann.time_zone, ann.language) == ("Ann", "Europe/Prague", "cs")
    assert ann.email_preferences["new_device"] is True
    assert ann.email_preferences["transcript_ready"] is False
    assert '<html lang="cs">' in page.content.decode()


def test_the_switch_in_the_header_changes_the_language_of_mails_too(ann: User) -> None:
    browser = browser_of(ann)

    answer = browser.post("/i18n/setlang/", {"language": "cs", "next": "/account/"})
    browser.post("/i18n/setlang/", {"language": "xx", "next": "/account/"})

    ann.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert ann.language == "cs"
    assert '<html lang="cs">' in browser.get("/account/").content.decode()


@pytest.mark.parametrize(
    ("path", "tab"),
    [
        ("password/change/", "security"),
        ("2fa/", "security"),
        ("sessions/", "security"),
        ("email/", "profile"),
        ("profile/", "profile"),
    ],
)
def test_a_page_marks_the_tab_that_it_belongs_to(ann: User, path: str, tab: str) -> None:
    page = browser_of(ann).get(f"/account/{path}", follow=True).content.decode()

    marked = re.findall(r'<a href="([^"]+)"\s+aria-current="(?:page|true)"', page)
    assert marked == [f"/account/{tab}/"]


def test_the_name_that_an_operator_gave_a_plan_is_not_translated(ann: User) -> None:
    Plan.objects.filter(pk="free").update(name="Sign up")
    browser = browser_of(ann)
    browser.cookies["django_language"] = "cs"

    assert "<dd>Sign up</dd>" in browser.get("/account/").content.decode()


def test_a_time_zone_that_does_not_exist_is_refused(ann: User) -> None:
    browser_of(ann).post(
        "/account/profile/", {"name": "Ann", "time_zone": "Moon/Sea", "language": "en"}
    )

    ann.refresh_from_db()
    assert ann.time_zone == "UTC"


def test_usage_is_a_chart_and_a_table_with_the_same_numbers(ann: User) -> None:
    use_minutes(ann, 12)

    page = browser_of(ann).get("/account/usage/").content.decode()

    assert page.count("<rect") == 1
    assert re.search(r"<title>[^<]+: 12</title>", page)
    assert '<td class="number">12</td>' in page


def test_logging_out_everywhere_ends_every_session(ann: User) -> None:
    here, there = browser_of(ann), browser_of(ann)

    here.post("/account/security/log-out-everywhere/")

    assert here.get("/account/").status_code == 302
    assert there.get("/account/").status_code == 302


def test_one_device_is_logged_out_and_only_of_oneself(ann: User) -> None:
    bob = member("bob@example.com")
    here, there, bobs = browser_of(ann), browser_of(ann), browser_of(bob)
    page = here.get("/account/security/").content.decode()
    (other,) = re.findall(r"/account/security/sessions/(\d+)/end/", page)

    assert bobs.post(f"/account/security/sessions/{other}/end/").status_code == 404
    assert there.get("/account/").status_code == 200
    here.post(f"/account/security/sessions/{other}/end/")

    assert there.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200


def test_a_new_password_ends_the_other_sessions(ann: User) -> None:
    here, there = browser_of(ann), browser_of(ann)

    here.post(
        "/account/password/change/",
        {"oldpassword": PASSWORD, "password1": "a-Brand-new-1-x", "password2": "a-Brand-new-1-x"},
    )

    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code == 302
    assert any("password was changed" in message.subject for message in deliver())


def test_a_new_address_counts_once_it_is_confirmed(ann: User) -> None:
    browser = browser_of(ann)
    log = {"email": "anna@example.com", "action_add": ""}
    browser.post("/account/email/", log)
    message = last_mail()
    ann.refresh_from_db()
    assert (message.to, ann.email) == (["anna@example.com"], "ann@example.com")

    browser.post(link_in(message))

    ann.refresh_from_db()
    assert ann.email == "anna@example.com"
    assert log_in(Client(), "anna@example.com").redirect_chain[-1][0] == "/"


def test_the_session_works_on_the_management_api_with_csrf(ann: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann)

    assert browser.get("/api/v1/account/").json()["email"] == "ann@example.com"
    refused = browser.post("/api/v1/keys/", {"name": "forged"}, content_type="application/json")

    assert refused.status_code == 403
    assert refused.json()["code"] == "csrf_failed"
    assert not ApiKey.objects.exists()
