"""Who is at this machine: by everything that a request shows, and never for its address alone."""

import ipaddress
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts.models import User
from accounts.this_machine import _owners_in, may_see_links
from tests.accounts.pages.people import PASSWORD

SHOWN = "You are on the machine that it runs on"
NO_MAIL = "not set up to send email"


@pytest.fixture
def local(settings: Settings) -> Settings:
    settings.LOCAL_LINKS = True
    settings.EMAIL_BACKEND = "stt_web.core.console_mail.ConsoleBackend"
    settings.HOST, settings.PUBLIC_URL, settings.TRUSTED_PROXIES = "127.0.0.1", "", []
    settings.ALLOWED_HOSTS = ["*"]
    return settings


def sees(**meta: str) -> bool:
    known: dict[str, Any] = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1:8000", **meta}
    return may_see_links(RequestFactory().get("/", **known))


def test_a_person_at_this_machine_sees_the_link(local: Settings) -> None:
    assert sees()
    assert sees(HTTP_HOST="localhost:8000", HTTP_ORIGIN="http://localhost:8000")
    assert sees(REMOTE_ADDR="::1", HTTP_HOST="[::1]:8000")


@pytest.mark.parametrize(
    "meta",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_X_REAL_IP": "192.0.2.7"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_HOST": "stt.example.com"},
        {"HTTP_ORIGIN": "https://stt.example.com"},
        {"HTTP_ORIGIN": "null"},
    ],
)
def test_a_proxy_on_this_machine_speaks_for_strangers(
    local: Settings, meta: dict[str, str]
) -> None:
    assert not sees(**meta)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOCAL_LINKS", False),
        ("HOST", "0.0.0.0"),  # noqa: S104
        ("PUBLIC_URL", "https://stt.example.com"),
        ("TRUSTED_PROXIES", ["127.0.0.1/32"]),
        ("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend"),
    ],
)
def test_a_server_that_others_reach_shows_nothing(
    local: Settings, name: str, value: object
) -> None:
    setattr(local, name, value)
    assert not sees()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux only")
def test_the_other_end_is_a_process_of_this_user(local: Settings) -> None:
    """A proxy that adds nothing to requests is known by the user that it runs as."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as line,
    ):
        port = str(line.getsockname()[1])
        assert sees(REMOTE_PORT=port)
        table = Path("/proc/net/tcp").read_text()
    here = ipaddress.ip_address("127.0.0.1")
    assert _owners_in(table, here, int(port)) == [os.getuid()]
    assert _owners_in(table, here, 1) == []


@pytest.mark.django_db
def test_without_a_mail_server_the_confirmation_is_on_the_page(local: Settings) -> None:
    browser = Client(REMOTE_ADDR="127.0.0.1", HTTP_HOST="127.0.0.1:8000")
    answer = browser.post(
        "/account/signup/", {"email": "ann@example.com", "password1": PASSWORD}, follow=True
    )
    page = answer.content.decode()
    assert SHOWN in page
    assert "sent you an email" not in page
    link = page.split('class="button primary" href="')[1].split('"')[0]
    assert link.startswith("/account/confirm-email/")

    confirmed = browser.post(link, follow=True)

    assert confirmed.redirect_chain[-1][0] == "/"  # new people land on upload
    assert User.objects.get(email="ann@example.com").emailaddress_set.get().verified


@pytest.mark.django_db
def test_a_page_never_claims_a_mail_that_was_not_sent(local: Settings) -> None:
    browser = Client(REMOTE_ADDR="192.0.2.7", HTTP_HOST="stt.example.com")
    data = {"email": "ben@example.com", "password1": PASSWORD}
    page = browser.post("/account/signup/", data, follow=True).content.decode()
    assert NO_MAIL in page
    assert "Confirm the address" not in page
    assert "sent you" not in page
    reset = browser.post("/account/password/reset/", {"email": "ben@example.com"}, follow=True)
    assert NO_MAIL in reset.content.decode()


@pytest.mark.django_db
def test_with_a_mail_server_the_page_announces_the_mail(local: Settings) -> None:
    local.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    browser = Client(REMOTE_ADDR="127.0.0.1", HTTP_HOST="127.0.0.1:8000")
    data = {"email": "cid@example.com", "password1": PASSWORD}
    page = browser.post("/account/signup/", data, follow=True).content.decode()
    assert "sent you an email" in page
    assert SHOWN not in page
