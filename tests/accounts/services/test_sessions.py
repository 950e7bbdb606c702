"""Sessions: browsers by names that people know, and forgetting what is over."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.services.sessions import describe_browser, load_session_user, purge_sessions
from tests.accounts.pages.people import browser_of, member

SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/140.0 Safari/537.36 Edg/140.0"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (SAFARI, "Safari, iPhone"),
        (EDGE, "Edge, Windows"),
        ("curl/8.0", "curl/8.0"),
        ("", "?"),
    ],
)
def test_a_browser_has_the_name_that_people_know(user_agent: str, name: str) -> None:
    assert describe_browser(user_agent) == name


@pytest.mark.django_db
def test_sessions_that_are_over_are_forgotten() -> None:
    old, new = browser_of(member("ann@example.com")), browser_of(member("bob@example.com"))
    Session.objects.filter(session_key=old.session.session_key).update(
        expire_date=timezone.now() - timedelta(seconds=1)
    )

    purge_sessions()

    assert [row.session_key for row in UserSession.objects.all()] == [new.session.session_key]


@pytest.mark.django_db
def test_a_session_is_its_users_until_it_ends() -> None:
    ann, bob = member("ann@example.com"), member("bob@example.com")
    anns, bobs = (browser_of(each).session.session_key for each in (ann, bob))
    assert (load_session_user(anns), load_session_user(bobs)) == (ann, bob)

    Session.objects.filter(session_key=bobs).delete()
    Session.objects.filter(session_key=anns).update(expire_date=timezone.now())
    assert (load_session_user(anns), load_session_user(bobs)) == (None, None)


@pytest.mark.django_db
@pytest.mark.parametrize("session_key", [None, "", "0" * 32, "no key"])
def test_a_session_that_never_was_has_no_user(session_key: str | None) -> None:
    member("ann@example.com")
    assert load_session_user(session_key) is None


@pytest.mark.django_db
def test_a_session_of_a_closed_account_has_no_user() -> None:
    ann = member("ann@example.com")
    key = browser_of(ann).session.session_key
    ann.is_active = False
    ann.save()
    assert load_session_user(key) is None
