"""No body makes the server answer 500, and each refusal has a sentence."""

import pytest

from tests.probes.operations import UPLOADS, Operation, Owner, api_operations, call, is_sampled
from tests.probes.probing import WITH_BODY, Wrong, only_wrong, probe, problem, with_methods
from tests.probes.values import JSON_VALUES, RAW_BODIES
from tests.stt_web.test_openapi import routes
from tests.transcripts.served_api import Client, guest, inference, server

__all__ = ["guest", "inference", "server"]

pytestmark = pytest.mark.timeout(600)


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


def try_bodies(owner: Owner, operation: Operation) -> Wrong:
    wrong = {}
    for body, kind in bodies(operation):
        answer = call(owner, operation, data=body, headers={"Content-Type": kind})
        wrong[f"{body[:80]!r} {kind!r}"] = problem(answer, is_api=True)
    return only_wrong(wrong)


def test_json_bodies(guest: Client) -> None:
    assert probe(guest.url, with_methods(*WITH_BODY), try_bodies) == ""
