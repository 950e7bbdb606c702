"""No input makes the server answer 500, and each refusal has a sentence (security.md, section 3).

About one probe in twelve runs each time, always the same; STT_PROBES=all runs all.
"""

import pytest
import requests

from tests.probes.operations import (
    UPLOADS,
    Operation,
    Owner,
    api_operations,
    is_sampled,
    make_owner,
    page_paths,
)
from tests.probes.values import HEADER_VALUES, HEADERS, JSON_VALUES, QUERY_VALUES, RAW_BODIES
from tests.stt_web.test_openapi import routes
from tests.transcripts.served_api import Client, inference, server, visitor

__all__ = ["inference", "server", "visitor"]

WITH_BODY = ("POST", "PUT", "PATCH")
# What is away in tests: the inference service. Said with a code, and not with a traceback.
AWAY = 503


def with_methods(*methods: str) -> list[Operation]:
    return [operation for operation in api_operations() if operation.method in methods]


@pytest.fixture
def owner(visitor: Client) -> Owner:
    return make_owner(visitor.url)


def problem(answer: requests.Response, *, is_api: bool) -> str:
    """Return what is wrong with an answer to a hostile request; empty: nothing."""
    if answer.status_code >= 500 and answer.status_code != AWAY:
        return str(answer.status_code)
    if answer.status_code < 400 or not is_api:
        return ""
    body = answer.json()
    is_sentence = isinstance(body.get("error"), str) and body["error"][-1:] in ".?!)"
    return "" if is_sentence and body.get("code") else f"{answer.status_code} {body}"


def call(
    owner: Owner,
    operation: Operation,
    *,
    query: str = "",
    data: bytes = b"",
    headers: dict[str, str] | None = None,
) -> requests.Response:
    """Send a request; of an answer that is no refusal, the body is left unread: some last."""
    with owner.session.request(
        operation.method,
        owner.url + owner.fill(operation.path) + query,
        data=data,
        headers=headers,
        timeout=30,
        allow_redirects=False,
        stream=True,
    ) as answer:
        if answer.status_code >= 400:
            _ = answer.content
    return answer


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


@pytest.mark.parametrize("operation", with_methods(*WITH_BODY), ids=str)
def test_json_bodies(owner: Owner, operation: Operation) -> None:
    wrong = {
        (body[:80], kind): found
        for body, kind in bodies(operation)
        if (
            found := problem(
                call(owner, operation, data=body, headers={"Content-Type": kind}), is_api=True
            )
        )
    }
    assert wrong == {}


@pytest.mark.parametrize("operation", with_methods("GET"), ids=str)
def test_query_values(owner: Owner, operation: Operation) -> None:
    wrong = {
        (name, value[:40]): found
        for name in (*operation.parameters, "page", "page_size", "unknown", "%00")
        for value in QUERY_VALUES
        if is_sampled(str(operation), name, value)
        and (found := problem(call(owner, operation, query=f"?{name}={value}"), is_api=True))
    }
    assert wrong == {}


@pytest.mark.parametrize("operation", with_methods("GET", *WITH_BODY), ids=str)
def test_header_values(owner: Owner, operation: Operation) -> None:
    wrong = {}
    for name in HEADERS:
        for value in HEADER_VALUES:
            if is_sampled(str(operation), name, value):
                answer = call(owner, operation, headers={name: value})
                if found := problem(answer, is_api=True):
                    wrong[name, value[:40]] = found
    assert wrong == {}


@pytest.mark.parametrize("operation", api_operations(), ids=str)
def test_ids_in_addresses(owner: Owner, operation: Operation) -> None:
    wrong = {}
    for name in owner.ids:
        if f"{{{name}}}" not in operation.path:
            continue
        for value in ("0", "9" * 25, "9" * 5_000, "%00", "%ED%A0%80", "a" * 3_000, "..", "%2e"):
            path = operation.path.replace(f"{{{name}}}", value)
            answer = call(owner, Operation(path, operation.method))
            if answer.status_code >= 500 and answer.status_code != AWAY:
                wrong[name, value[:20]] = answer.status_code
    assert wrong == {}


def test_pages(owner: Owner) -> None:
    """As somebody who isn't logged in, and with forms that no browser sends."""
    del owner.session.headers["Authorization"]
    wrong = {}
    for path in sorted(set(page_paths())):
        for value in QUERY_VALUES:
            if is_sampled(path, value):
                for method in ("GET", "POST"):
                    if found := _page_problem(owner, path, method, value):
                        wrong[method, path, value[:40]] = found
    assert wrong == {}


def _page_problem(owner: Owner, path: str, method: str, value: str) -> str:
    form = f"email={value}&password={value}&next={value}&login={value}".encode()
    answer = call(
        owner,
        Operation(path, method),
        query=f"?next={value}&page={value}&q={value}",
        data=form if method == "POST" else b"",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    return problem(answer, is_api=False)
