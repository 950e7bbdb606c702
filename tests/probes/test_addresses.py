"""No query, header or id makes the server answer 500, and each refusal has a sentence."""

import pytest

from tests.probes.operations import Operation, Owner, api_operations, call, is_sampled
from tests.probes.probing import WITH_BODY, Wrong, only_wrong, probe, problem, with_methods
from tests.probes.values import HEADER_VALUES, HEADERS, QUERY_VALUES
from tests.transcripts.served_api import Client, guest, inference, server

__all__ = ["guest", "inference", "server"]

pytestmark = pytest.mark.timeout(600)

ID_VALUES = ("0", "9" * 25, "9" * 5_000, "%00", "%ED%A0%80", "a" * 3_000, "..", "%2e")


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
            if is_sampled(str(operation), name, value, of=200):
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
