"""Mail: to whom, about what, in which language, once, and in spite of a server that fails."""

import smtplib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.keys.issue import issue_requested_key
from accounts.mail.notify import MAX_AN_HOUR, notify
from accounts.mail.outbox import MAX_TRIES, MailContent, queue_mail, send_mail, sweep_mail
from accounts.models import KnownDevice, OutgoingMail, User
from tests.accounts.mailbox import deliver, html_of, last_mail
from tests.accounts.pages.people import browser_of, log_in, member

pytestmark = pytest.mark.django_db


class BrokenServer(BaseEmailBackend):
    """A mail server that is never there. Counts how often it was tried."""

    tries = 0

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        type(self).tries += 1
        raise smtplib.SMTPServerDisconnected("gone")


@pytest.fixture
def ann() -> User:
    return member("ann@example.com")


def send_notice(user: User, *, kind: str = "key_created", key: str = "1") -> bool:
    notice = MailContent(
        subject="Hello", paragraphs=["One & only <b>."], action=("Go", "http://x/y")
    )
    return notify(user, kind=kind, key=key, write=lambda: notice)


def test_a_mail_has_a_text_and_the_same_as_html(ann: User) -> None:
    send_notice(ann)

    message = last_mail()

    assert (message.to, message.subject) == (["ann@example.com"], "Hello")
    assert "One & only <b>." in message.body
    assert "One &amp; only &lt;b&gt;." in html_of(message)
    assert "/account/profile/" in message.body
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


def test_the_same_is_reported_once(ann: User) -> None:
    assert [send_notice(ann), send_notice(ann), send_notice(ann, key="2")] == [True, False, True]

    assert len(deliver()) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"email_preferences": {"key_created": False}},
        {"is_active": False},
    ],
)
def test_no_one_gets_mail_who_does_not_want_it(ann: User, change: dict[str, Any]) -> None:
    User.objects.update(**change)

    assert not send_notice(User.objects.get())
    assert deliver() == []


def test_an_address_that_no_one_confirmed_gets_no_notice() -> None:
    assert not send_notice(member("typo@example.com", is_verified=False))
    assert not send_notice(User.objects.create_user("command-line@example.com"))


def test_a_program_fills_no_mailbox(ann: User) -> None:
    sent = [send_notice(ann, key=str(number)) for number in range(MAX_AN_HOUR + 5)]

    assert sum(sent) == MAX_AN_HOUR


def test_a_new_key_is_reported_without_the_key(ann: User) -> None:
    _, raw = issue_requested_key(ann, asked_with=None, name="laptop", scopes=[], expires_at=None)

    message = last_mail()

    assert "laptop" in message.subject
    assert raw not in str(message.message())
    assert raw[:10] in message.body


def test_mail_is_in_the_users_language(ann: User) -> None:
    User.objects.update(language="cs")

    issue_requested_key(
        User.objects.get(), asked_with=None, name="notebook", scopes=[], expires_at=None
    )

    assert 'lang="cs"' in html_of(last_mail())


def test_a_second_browser_is_reported_but_not_the_first_or_a_known_one(ann: User) -> None:
    first, second = (
        browser_of(ann),
        Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"}),
    )
    assert deliver() == []

    log_in(second, ann.email)
    message = last_mail()
    assert "new device" in message.subject
    assert "Firefox, Linux" in message.body

    for browser in (first, second):
        browser.post("/account/logout/")
        log_in(browser, ann.email)
    assert len(deliver()) == 1
    assert KnownDevice.objects.count() == 2


def test_a_server_that_fails_delays_only_the_mail_which_is_tried_again(
    ann: User, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenServer"
    BrokenServer.tries = 0
    now = timezone.now()

    assert send_notice(ann)
    sweep_mail(now=now + timedelta(seconds=1))
    sweep_mail(now=now + timedelta(seconds=30))  # too soon
    assert BrokenServer.tries == 1

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert sweep_mail(now=now + timedelta(minutes=2)) == 1
    assert len(mail.outbox) == 1
    assert sweep_mail(now=now + timedelta(days=1)) == 0


def test_a_mail_is_given_up_after_a_day_of_failures(ann: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenServer"
    BrokenServer.tries = 0
    send_notice(ann)
    now = timezone.now()

    for hours in range(0, 100, 5):
        sweep_mail(now=now + timedelta(hours=hours, seconds=1))

    assert BrokenServer.tries == MAX_TRIES
    row = OutgoingMail.objects.get()
    assert (row.sent_at, row.next_try_at, row.text) == (None, None, "")


def test_a_sent_mail_stores_no_body(ann: User) -> None:
    send_notice(ann)
    deliver()

    row = OutgoingMail.objects.get()

    assert row.sent_at is not None
    assert (row.text, row.html) == ("", "")


def test_a_mail_is_sent_by_one_of_two_workers(ann: User) -> None:
    send_notice(ann)
    row = OutgoingMail.objects.get()

    assert [send_mail(row.pk), send_mail(row.pk)] == [True, False]
    assert len(mail.outbox) == 1


def test_old_rows_are_forgotten(ann: User) -> None:
    send_notice(ann)
    deliver()

    sweep_mail(now=timezone.now() + timedelta(days=91))

    assert not OutgoingMail.objects.exists()


def test_a_mail_of_what_never_happened_is_never_sent(transactional_db: None) -> None:
    notice = MailContent(subject="s", paragraphs=["p"])
    with transaction.atomic():
        queue_mail(notice, kind="k", key="k", recipient="a@example.com", user=None)
        transaction.set_rollback(True)

    assert deliver() == []
