"""Chats that are written while they are read, exports that a worker makes, edits, webhooks."""

import base64
import time
from pathlib import Path
from typing import Any

import open_stt
import pytest
from standardwebhooks import Webhook

from tests.sdk.conftest import Ask
from tests.sdk.test_sending import event
from tests.sdk.unreliable_server import Answer

STREAM = {"Content-Type": "text/event-stream"}


def test_a_chat_comes_as_it_is_written(serve: Any, ask: Ask) -> None:
    chunks = [
        event("sources", {"sources": []}),
        event("delta", {"text": "On "}),
        event("delta", {"text": "Friday."}),
        event("done", {"answer": "On Friday."}),
    ]
    server = serve([Answer(headers=STREAM, chunks=chunks)])

    events = ask(server, lambda client: client.transcripts.chat_stream("t1", "When?"))

    assert [each["type"] for each in events] == ["sources", "delta", "delta", "done"]
    assert server.received[0].headers["accept"] == "text/event-stream"


def test_a_chat_that_fails_on_its_way_is_raised(serve: Any, ask: Ask) -> None:
    failed = event("error", {"error": "The service went away.", "code": "inference_unavailable"})
    server = serve([Answer(headers=STREAM, chunks=[failed])])

    with pytest.raises(open_stt.STTError, match="went away") as caught:
        ask(server, lambda client: client.transcripts.chat_stream("t1", "When?"))

    assert caught.value.code == "inference_unavailable"
    assert caught.value.request_id == server.received[0].headers["x-request-id"]


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
@pytest.mark.parametrize(
    "use",
    [
        lambda client, _: client.transcripts.chat_stream("t1", "When?"),
        lambda client, _: client.transcripts.events("t1"),
        lambda client, _: client.events(),
        lambda client, _: client.wait("t1"),
        lambda client, folder: client.transcripts.audio("t1", folder / "a.wav"),
        lambda client, folder: client.download("/api/v1/account/export/", folder / "a.zip"),
    ],
    ids=["chat", "events", "account", "wait", "audio", "download"],
)
def test_a_refused_stream_is_raised_with_the_servers_sentence(
    serve: Any, ask: Ask, tmp_path: Path, use: Any, kind: str
) -> None:
    refusal = {"error": "There is no such transcript.", "code": "not_found"}
    headers = {"Content-Type": kind, "X-Request-Id": "r17"}
    server = serve([Answer(404, refusal, headers)])

    with pytest.raises(open_stt.NotFoundError) as caught:
        ask(server, lambda client: use(client, tmp_path))

    assert str(caught.value) == "There is no such transcript. (not_found, request r17)"
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_waited_for(serve: Any, ask: Ask) -> None:
    preparing = Answer(202, {"status": "preparing"}, {"Retry-After": "1"})
    server = serve([preparing, Answer(body=b"%PDF")])

    assert (
        ask(server, lambda client: client.transcripts.export("t1", "pdf", speakers=True)) == b"%PDF"
    )
    assert server.received[0].path == "/api/v1/transcripts/t1/export/pdf/?speakers=true"


def test_an_edit_names_what_it_changes(serve: Any, ask: Ask) -> None:
    server = serve([Answer(412, {"error": "Changed.", "code": "revision_changed", "revision": 4})])

    def edit(client: Any) -> Any:
        return client.transcripts.edit_segment("t1", "s1", text="New.", if_match='"r3"')

    with pytest.raises(open_stt.RevisionChangedError) as caught:
        ask(server, edit)

    assert server.received[0].headers["if-match"] == '"r3"'
    assert server.received[0].body == b'{"text": "New."}'
    assert caught.value.body["revision"] == 4


SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def signed(body: bytes, at: float) -> dict[str, str]:
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(at, tz=UTC)
    return {
        "Webhook-Id": "m1",
        "Webhook-Timestamp": str(int(at)),
        "Webhook-Signature": "v1,b3RoZXI= " + Webhook(SECRET).sign("m1", moment, body.decode()),
    }


def test_a_webhook_of_the_server_is_read() -> None:
    body = b'{"type": "transcript.completed", "data": {}}'

    event = open_stt.verify_webhook(SECRET, body, signed(body, time.time()))

    assert event["type"] == "transcript.completed"


@pytest.mark.parametrize("fault", ["body", "age", "secret", "header"])
def test_a_webhook_of_anyone_else_is_refused(fault: str) -> None:
    body = b'{"type": "transcript.completed"}'
    headers = signed(body, time.time() - (600 if fault == "age" else 0))
    other = "whsec_" + base64.b64encode(b"o" * 32).decode()
    if fault == "header":
        del headers["Webhook-Signature"]

    with pytest.raises(open_stt.SignatureError):
        open_stt.verify_webhook(
            other if fault == "secret" else SECRET,
            body + b" " if fault == "body" else body,
            headers,
        )
