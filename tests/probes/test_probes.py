"""No input makes the server answer 500, and each refusal has a sentence.

About one probe in twenty runs each time, of headers one in a hundred, always the
same; STT_PROBES=all runs all.
"""

import json
import re
from collections.abc import Callable, Iterable

import pytest
from django.conf import settings
from django.test import Client as Browser

from accounts.models import User
from tests.probes.operations import (
    UPLOADS,
    Answer,
    Operation,
    Owner,
    api_operations,
    call,
    is_sampled,
    make_owner,
    page_paths,
)
from tests.probes.values import HEADER_VALUES, HEADERS, JSON_VALUES, QUERY_VALUES, RAW_BODIES
from tests.stt_web.test_openapi import routes
from tests.transcripts.served_api import Client, guest, inference, server

__all__ = ["guest", "inference", "server"]

pytestmark = pytest.mark.timeout(600)

WITH_BODY = ("POST", "PUT", "PATCH")
# What is away in tests: the inference service. Reported with a code, and not with a traceback.
AWAY = 503
ID_VALUES = ("0", "9" * 25, "9" * 5_000, "%00", "%ED%A0%80", "a" * 3_000, "..", "%2e")
FIELD = re.compile(rb'name="([^"]+)"')
CSRF_TOKEN = "a" * 32
LOG_OUT = {"/account/logout/"}  # ends the session that the rest needs
Wrong = dict[str, str]
Try = Callable[[Owner, Operation], Wrong]


def with_methods(*methods: str) -> list[Operation]:
    return [operation for operation in api_operations() if operation.method in methods]


def only_wrong(answers: Wrong) -> Wrong:
    return {what: problem for what, problem in answers.items() if problem}


def problem(answer: Answer, *, is_api: bool) -> str:
    """Return what is wrong with an answer to a hostile request; empty: nothing."""
    if answer.status >= 500 and answer.status != AWAY:
        return str(answer.status)
    if answer.status < 400 or not is_api:
        return ""
    body = json.loads(answer.content)
    shown = body.get("error")
    is_dialect = isinstance(shown, dict)
    sentence = shown.get("message") if is_dialect else shown
    code = shown.get("code") if is_dialect else body.get("code")
    is_sentence = isinstance(sentence, str) and sentence[-1:] in ".?!)"
    return "" if is_sentence and code else f"{answer.status} {body}"


def bodies(operation: Operation) -> list[tuple[bytes, str]]:
    values = [
        (f'{{"{name}": {value}}}'.encode(), "application/json")
        for name in (*operation.fields, "unknown")
        for value in JSON_VALUES
        if is_sampled(str(operation), name, value)
    ]
    raw = [each for each in RAW_BODIES if is_sampled(str(operation), each)]
    return [*raw, *values]


def test_every_address_of_the_api_is_probed() -> None:
    from django.urls import get_resolver

    served = {
        "/" + "".join(route).replace("<", "{").replace(">", "}")
        for route in routes(get_resolver().url_patterns)
    }
    for converter in ("uuid", "int", "str", "path"):
        served = {path.replace(f"{{{converter}:", "{") for path in served}
    api = {path for path in served if path.startswith(("/v1/", "/api/"))}
    assert api - UPLOADS <= {operation.path for operation in api_operations()}


def probe(url: str, operations: Iterable[Operation], try_all: Try) -> str:
    """Return what is wrong, a line each; each operation has an owner of its own."""
    return "\n".join(
        f"{operation} {what}: {wrong}"
        for operation in operations
        for what, wrong in try_all(make_owner(url), operation).items()
    )


def try_bodies(owner: Owner, operation: Operation) -> Wrong:
    wrong = {}
    for body, kind in bodies(operation):
        answer = call(owner, operation, data=body, headers={"Content-Type": kind})
        wrong[f"{body[:80]!r} {kind!r}"] = problem(answer, is_api=True)
    return only_wrong(wrong)


def test_json_bodies(guest: Client) -> None:
    assert probe(guest.url, with_methods(*WITH_BODY), try_bodies) == ""


def try_queries(owner: Owner, operation: Operation) -> Wrong:
    wrong = {}
    for name in (*operation.parameters, "page", "page_size", "unknown", "%00"):
        for value in QUERY_VALUES:
            if is_sampled(str(operation), name, value):
                answer = call(owner, operation, query=f"?{name}={value}")
                wrong[f"{name}={value[:40]}"] = problem(answer, is_api=True)
    return only_wrong(wrong)


def test_query_values(guest: Client) -> None:
    assert probe(guest.url, with_methods("GET"), try_queries) == ""


def try_headers(owner: Owner, operation: Operation) -> Wrong:
    wrong = {}
    for name in HEADERS:
        for value in HEADER_VALUES:
            if is_sampled(str(operation), name, value, of=100):
                answer = call(owner, operation, headers={name: value})
                wrong[f"{name}: {value[:40]}"] = problem(answer, is_api=True)
    return only_wrong(wrong)


def test_header_values(guest: Client) -> None:
    assert probe(guest.url, with_methods("GET", *WITH_BODY), try_headers) == ""


def try_ids(owner: Owner, operation: Operation) -> Wrong:
    wrong = {}
    for name in owner.ids:
        for value in ID_VALUES if f"{{{name}}}" in operation.path else ():
            path = operation.path.replace(f"{{{name}}}", value)
            answer = call(owner, Operation(path, operation.method))
            wrong[f"{name}={value[:20]}"] = problem(answer, is_api=False)
    return only_wrong(wrong)


def test_ids_in_addresses(guest: Client) -> None:
    assert probe(guest.url, api_operations(), try_ids) == ""


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
