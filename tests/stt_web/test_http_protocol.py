"""What uvicorn's HTTP protocol does with ours, on a real socket."""

import contextlib
import json
import socket
import threading
from typing import Any

import pytest
import requests

from stt_web.http_protocol import stopping_of
from tests.stt_web.served import Served


class Waiting:
    """An application that answers once its server stops."""

    def __init__(self) -> None:
        self.heard = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.heard.set()
        await stopping_of(scope).wait()
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b"stopping"})


def say(port: int, said: bytes) -> tuple[bytes, bytes]:
    """Return the head and the body of what the server says before it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        answer = b""
        with contextlib.suppress(OSError):  # it was closed while there was more to send
            connection.sendall(said)
        with contextlib.suppress(OSError):
            while piece := connection.recv(4096):
                answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize(
    "said",
    [
        b"not http\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS, to a port without
        b"POST / HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_in_the_shape_of_every_error(said: bytes) -> None:
    with Served(Waiting()) as server:
        head, body = say(server.port, said)

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/json" in head
    assert json.loads(body)["code"] == "malformed_request"


@pytest.mark.parametrize(
    "head",
    [
        b"X-A: " + b"a" * 70_000 + b"\r\n\r\n",
        b"X-A: " + b"a" * 3_000_000,
        b"".join(b"X-%d: a\r\n" % number for number in range(101)) + b"\r\n",
        b"".join(b"X-%d: " % number + b"a" * 2_000 + b"\r\n" for number in range(40)) + b"\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nX-A: " + b"a" * 70_000 + b"\r\n\r\n",
    ],
    ids=["long", "endless", "lines", "many", "socket"],
)
def test_a_head_beyond_its_bounds_is_431(head: bytes) -> None:
    app = Waiting()
    with Served(app) as server:
        answer, body = say(server.port, b"GET / HTTP/1.1\r\nHost: here\r\n" + head)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert json.loads(body)["code"] == "headers_too_large"
    assert not app.heard.is_set()


def test_a_line_beyond_its_bounds_is_431() -> None:
    with Served(Waiting()) as server:
        answer, _ = say(server.port, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "body",
    [b"1;" + b"a" * 3_000_000, b"0\r\nX-A: " + b"a" * 3_000_000],
    ids=["extension", "trailer"],
)
def test_what_comes_between_and_behind_chunks_is_bounded(body: bytes) -> None:
    with Served(Waiting()) as server:
        head = b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer, _ = say(server.port, head + body)

    assert answer == b""


def test_a_head_that_does_not_end_is_408_and_does_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stt_web.http_protocol.HEAD_WITHIN_S", 0.3)
    with Served(Waiting()) as server:
        answer, body = say(server.port, b"GET / HTTP/1.1\r\nHost: he")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["code"] == "request_timeout"


def test_who_waits_is_answered_when_the_server_stops() -> None:
    app = Waiting()
    answers: list[requests.Response] = []
    with Served(app) as server:
        asking = threading.Thread(
            target=lambda: answers.append(requests.get(server.url, timeout=9))
        )
        asking.start()
        assert app.heard.wait(10)
        server.stop()
        asking.join(10)

    assert [(answer.status_code, answer.text) for answer in answers] == [(503, "stopping")]
