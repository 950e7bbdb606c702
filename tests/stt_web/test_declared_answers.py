"""The OpenAPI document has each error that a view declares, with its status, code and sentence."""

from collections.abc import Iterator
from typing import Any

import pytest

from stt_web.core.documentation import DeclaredError, describe_error, errors_of
from stt_web.core.error_responses import answer_error
from stt_web.core.errors import ApiError
from stt_web.openapi import build_document
from tests.declared_answers import note_answer, read_declared, take_undeclared
from tests.stt_web.routes import Route, list_routes

METHODS = ("get", "post", "put", "patch", "delete")


def operations() -> Iterator[tuple[str, Route, tuple[DeclaredError, ...]]]:
    for route in list_routes():
        view = getattr(route.view, "view_class", None) or getattr(route.view, "cls", None)
        if route.is_api:
            assert view is not None, f"{route} is not documented"
            for method in METHODS:
                if hasattr(view, method):
                    yield method, route, errors_of(getattr(view, method))


def raise_declared(error: DeclaredError) -> None:
    if isinstance(error, ApiError):
        raise error
    raised = error.__new__(error)  # what it is raised with is the raiser's matter
    ApiError.__init__(raised, "A sentence.")
    raise raised


def path_of(route: Route) -> str:
    path = "/" + route.path
    for converter in ("uuid", "int", "str"):
        path = path.replace(f"<{converter}:", "{")
    return path.replace(">", "}")


def test_each_declared_error_is_in_the_document() -> None:
    missing, seen = [], set()
    for method, route, errors in operations():
        declared = read_declared()[(method.upper(), path_of(route))]
        for error in errors:
            with pytest.raises(ApiError) as caught:
                raise_declared(error)
            answer = answer_error(caught.value)
            seen.add((answer.status_code, caught.value.code))
            is_open = answer.status_code == 500
            if (answer.status_code, caught.value.code) not in declared and not is_open:
                missing.append(f"{method} {route}: {answer.status_code} {caught.value.code}")
    assert missing == []
    assert len(seen) > 40, "have the views lost their declarations?"


def test_each_declared_error_has_a_status_a_code_of_its_own_and_a_sentence() -> None:
    wrong = []
    for method, route, errors in operations():
        for error in errors:
            is_whole = 400 <= error.status < 600 and error.code != ApiError.code
            if not is_whole or describe_error(error)[-1:] != ".":
                wrong.append(f"{method} {route}: {error}")
    assert wrong == []


def test_each_operation_states_what_its_errors_mean() -> None:
    wrong = []
    for path, methods in build_document()["paths"].items():
        for method, operation in methods.items():
            refusals = {
                status: answer
                for status, answer in operation["responses"].items()
                if int(status) >= 400 and path != "/health"
            }
            if path != "/health":
                assert {"405", "500"} <= refusals.keys()
            wrong += [
                f"{method} {path} {status}: {line}"
                for status, answer in refusals.items()
                for line in answer["description"].splitlines()
                if not is_described(line, status, answer)
            ]
    assert wrong == []


def is_described(line: str, status: str, answer: dict[str, Any]) -> bool:
    code, _, sentence = line.removeprefix("- `").partition("`: ")
    schema = answer["content"]["application/json"]["schema"]
    is_listed = status == "500" or code in schema["properties"]["code"]["enum"]
    return (is_listed and sentence[:1].isupper()) or sentence[:1] == "`"


def test_an_error_that_an_endpoint_does_not_declare_is_noted() -> None:
    note_answer("GET", "/api/v1/usage/", 403, b'{"error": "No.", "code": "missing_scope"}')
    assert take_undeclared() == []
    for path in ("/api/v1/usage/", "/api/v1/usage/"):
        note_answer("GET", path, 409, b'{"error": "No.", "code": "not_finished"}')

    assert take_undeclared() == ["GET /api/v1/usage/ answered 409 not_finished"]
