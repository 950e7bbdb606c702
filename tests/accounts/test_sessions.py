"""Sessions: browsers by names that people know, and forgetting what is over."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.services.sessions import describe_browser, purge_sessions
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
