"""Spans of queries and of live sockets: what they belong to, and that no values are in them."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.backends.signals import connection_created
from pytest_django import Settings

from accounts.models import User
from stt_web.core import tracing
from stt_web.core.asgi.request_log import SOCKETS, RequestIdLayer
from stt_web.core.tracing import ATTRIBUTES, describe_query
from stt_web.routing import socket_router
from tests.e2e.otlp_receiver import OtlpReceiver
from tests.e2e.processes import wait_until


@pytest.fixture
def traces(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[OtlpReceiver]:
    """Tracing switched on, as at a process's start, and off again."""
    with OtlpReceiver() as receiver:
        settings.OTLP_URL = receiver.url
        monkeypatch.setattr(tracing, "_tracer", None)
        tracing.start_tracing("test")
        yield receiver
        connection_created.disconnect(dispatch_uid="stt-tracing")
        connection.execute_wrappers.clear()


@pytest.mark.django_db(transaction=True)
def test_a_query_is_a_span_of_what_asked_for_it(traces: OtlpReceiver) -> None:
    connection.close()  # as a new process: it is traced from its first query on
    assert not User.objects.filter(email="before@example.com").exists()  # asked for by no one
    with tracing.span("stage"):
        assert not User.objects.filter(email="secret@example.com").exists()

    wait_until(lambda: len(traces.spans()) >= 2, what="the spans have come")
    found = {each.name: each for _, each in traces.spans()}
    assert found.keys() == {"stage", "SELECT accounts_user"}
    query = found["SELECT accounts_user"]
    assert query.parent_span_id == found["stage"].span_id
    assert {each.key for each in query.attributes} == {
        "db.collection.name",
        "db.operation.name",
        "db.system.name",
    }
    assert b"secret@example.com" not in traces.raw


def test_the_names_of_live_sockets_are_those_that_are_routed() -> None:
    """A path that is none has no place in a trace: it may hold anything."""
    routed = {f"/{each.pattern}" for each in socket_router.routes if str(each.pattern)}
    assert routed == SOCKETS


def test_a_live_socket_is_a_span_from_its_opening_to_its_end(traces: OtlpReceiver) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        with tracing.span("recognise"):
            await send({"type": "websocket.close", "code": 1000})
        tracing.note_current(stt__audio__duration=3.5)

    async def serve(path: str) -> None:
        scope: Any = {"type": "websocket", "path": path, "headers": [], "query_string": b"token=k"}

        async def nothing(*_: object) -> Any: ...

        await RequestIdLayer(app)(scope, nothing, nothing)

    asyncio.run(serve("/v1/stream"))
    asyncio.run(serve("/a/secret/path"))

    wait_until(lambda: len(traces.spans()) >= 4, what="the spans have come")
    spans = [each for _, each in traces.spans()]
    [live] = [each for each in spans if each.name == "WS /v1/stream"]
    assert live.span_id in {each.parent_span_id for each in spans if each.name == "recognise"}
    assert "stt.audio.duration" in {each.key for each in live.attributes}
    assert b"secret" not in traces.raw
    assert b"token" not in traces.raw


@pytest.mark.parametrize(
    ("sql", "described"),
    [
        (
            'SELECT "a"."id" FROM "accounts_user" WHERE "a"."email" = %s',
            ("SELECT", "accounts_user"),
        ),
        ('UPDATE "transcripts_transcript" SET "title" = %s', ("UPDATE", "transcripts_transcript")),
        ('INSERT INTO "billing_hold" ("id") VALUES (%s)', ("INSERT", "billing_hold")),
        ('  delete from "billing_hold" where id = 1', ("DELETE", "billing_hold")),
        ("SELECT 1", ("SELECT", "")),
        ("SAVEPOINT s1", ("OTHER", "")),
        ("SELECT 'said in confidence'", ("SELECT", "")),
    ],
)
def test_a_query_is_named_by_verb_and_table(sql: str, described: tuple[str, str]) -> None:
    assert describe_query(sql) == described


def test_no_attribute_could_hold_a_statement() -> None:
    assert not {name for name in ATTRIBUTES if "query.text" in name or "statement" in name}
