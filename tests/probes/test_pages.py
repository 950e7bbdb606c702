"""No form of a page makes the server answer 500."""

import re

import pytest
from django.conf import settings
from django.test import Client as Browser

from accounts.models import User
from tests.probes.operations import (
    Answer,
    Operation,
    Owner,
    call,
    is_sampled,
    make_owner,
    page_paths,
)
from tests.probes.probing import only_wrong, problem
from tests.probes.values import QUERY_VALUES
from tests.transcripts.served_api import Client, guest, inference, server

__all__ = ["guest", "inference", "server"]

pytestmark = pytest.mark.timeout(600)

FIELD = re.compile(rb'name="([^"]+)"')
CSRF_TOKEN = "a" * 32
LOG_OUT = {"/account/logout/"}  # ends the session that the rest needs


@pytest.mark.parametrize("is_logged_in", [False, True])
def test_pages(guest: Client, is_logged_in: bool) -> None:
    """Each page read and, with each field of its forms, sent; past the check against forgery."""
    owner = make_owner(guest.url)
    owner.headers = {"Cookie": cookies_of(owner.user if is_logged_in else None)}
    wrong = {}
    for path in sorted(set(page_paths()) - LOG_OUT):
        fields = FIELD.findall(call(owner, Operation(path, "GET")).content)
        for value in QUERY_VALUES:
            if is_sampled(path, value):
                for method in ("GET", "POST"):
                    answer = send_form(owner, Operation(path, method), fields, value)
                    wrong[f"{method} {path} {value[:40]}"] = problem(answer, is_api=False)
    assert only_wrong(wrong) == {}


def cookies_of(user: User | None) -> str:
    """Return what a browser sends: its token against forgery and, if there is one, a session."""
    browser = Browser()
    if user is not None:
        browser.force_login(user)
    sent = {name: each.value for name, each in browser.cookies.items()}
    sent[settings.CSRF_COOKIE_NAME] = CSRF_TOKEN
    return "; ".join(f"{name}={value}" for name, value in sent.items())


def send_form(owner: Owner, operation: Operation, fields: list[bytes], value: str) -> Answer:
    names = {*(name.decode() for name in fields), "email", "next", "login"}
    filled = "&".join(f"{name}={value}" for name in sorted(names - {"csrfmiddlewaretoken"}))
    form = f"csrfmiddlewaretoken={CSRF_TOKEN}&{filled}".encode()
    return call(
        owner,
        operation,
        query=f"?next={value}&page={value}&q={value}&line={value}",
        data=form if operation.method == "POST" else b"",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": owner.url},
    )
