"""Sessions end when they are not used, and a fortnight after their first save in any case."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import Settings

from stt_web.core.sessions import SessionStore

pytestmark = pytest.mark.django_db
HOUR_S = 3600


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.SESSION_IDLE_S, settings.SESSION_COOKIE_AGE = 24 * HOUR_S, 100 * HOUR_S


def make_session(**data: object) -> str:
    session = SessionStore()
    session.update({"user": "ann", **data})
    session.create()
    assert session.session_key is not None
    return session.session_key


def left_hours(key: str) -> int:
    left = Session.objects.get(pk=key).expire_date - timezone.now()
    return round(left / timedelta(hours=1))


def age(key: str, *, hours: int) -> None:
    """Let the row be as old as if nothing had been asked for so long."""
    row = Session.objects.get(pk=key)
    Session.objects.filter(pk=key).update(expire_date=row.expire_date - timedelta(hours=hours))


def test_an_idle_session_is_over() -> None:
    key = make_session()
    assert left_hours(key) == 24
    age(key, hours=25)

    assert "user" not in SessionStore(key)


def test_a_request_moves_its_end_on_but_not_each_request() -> None:
    key = make_session()
    age(key, hours=12)
    assert SessionStore(key)["user"] == "ann"
    assert left_hours(key) == 24
    before = Session.objects.get(pk=key).expire_date
    assert SessionStore(key)["user"] == "ann"
    assert Session.objects.get(pk=key).expire_date == before


def test_it_ends_in_any_case_also_where_it_is_saved_again() -> None:
    key = make_session(_began_at=int(timezone.now().timestamp()) - 90 * HOUR_S)
    assert left_hours(key) == 10
    session = SessionStore(key)
    session["more"] = 1
    session.save()
    assert left_hours(key) == 10


def test_an_expiry_that_was_asked_for_is_stored_where_it_is_sooner() -> None:
    session = SessionStore()
    session["user"] = "ann"
    session.set_expiry(HOUR_S)
    session.create()
    assert session.session_key is not None
    assert left_hours(session.session_key) == 1
