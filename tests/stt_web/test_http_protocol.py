"""What uvicorn's HTTP protocol does with ours, on a real socket."""

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
        connection.sendall(said)
        answer = b""
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
