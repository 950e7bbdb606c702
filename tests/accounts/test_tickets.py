"""Tickets: how a page uses /v1/ for the user who is logged in."""

import time

import pytest
from django.test import Client

from accounts.authentication import AuthenticationError
from accounts.models import User
from accounts.tickets import LIFETIME_S, issue_ticket, redeem_ticket
from tests.accounts.pages.people import browser_of, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return member("ann@example.com")


def test_a_page_gets_a_ticket_for_the_user_who_is_logged_in(ann: User) -> None:
    answer = browser_of(ann).post("/account/ticket/")

    assert redeem_ticket(answer.json()["ticket"]) == ann
    assert answer["Cache-Control"] == "no-store"


def test_no_one_else_gets_one(ann: User) -> None:
    forger = Client(enforce_csrf_checks=True)
    forger.force_login(ann)

    assert Client().post("/account/ticket/").status_code == 401
    assert forger.post("/account/ticket/").status_code == 403
    assert browser_of(ann).get("/account/ticket/").status_code == 405


def test_a_ticket_is_good_for_a_minute(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = issue_ticket(ann)
    later = time.time() + LIFETIME_S + 1
    monkeypatch.setattr(time, "time", lambda: later)

    with pytest.raises(AuthenticationError):
        redeem_ticket(ticket)


@pytest.mark.parametrize("forged", ["ticket_", "ticket_abc", "ticket_x:y:z"])
def test_a_forged_ticket_is_refused(forged: str) -> None:
    with pytest.raises(AuthenticationError):
        redeem_ticket(forged)


def test_a_ticket_of_a_closed_account_is_refused(ann: User) -> None:
    ticket = issue_ticket(ann)
    User.objects.update(is_active=False)

    with pytest.raises(AuthenticationError):
        redeem_ticket(ticket)
