"""What uvicorn's HTTP protocol does with ours, on a real socket."""

import contextlib
import json
import socket
import threading
import time
from typing import Any

import pytest
import requests
from pytest_django import Settings
from websockets.sync.client import connect as connect_socket

from stt_web.core.asgi.http_protocol import stopping_of
from tests.stt_web.served import Served


class Waiting:
    """An application that answers once its server stops."""

    def __init__(self) -> None:
        self.received = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.received.set()
        await stopping_of(scope).wait()
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b"stopping"})


class Echo:
    """An application that answers with the number of bytes it was sent."""

    def __init__(self) -> None:
        self.names: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        count, is_whole = 0, False
        while not is_whole:
            message = await receive()
            count += len(message.get("body", b""))
            is_whole = not message.get("more_body")
        self.names = [name for name, _ in scope["headers"]]
        body = b"%d" % count
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def print_block(port: int, sent: bytes) -> tuple[bytes, bytes]:
    """Return the head and the body of what the server sends before it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        answer = b""
        with contextlib.suppress(OSError):  # it was closed while there was more to send
            connection.sendall(sent)
        with contextlib.suppress(OSError):
            while chunk := connection.recv(4096):
                answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


CHUNKED = b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"not http\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS, to a port without
        b"POST / HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_in_the_shape_of_every_error(sent: bytes) -> None:
    with Served(Waiting()) as server:
        head, body = print_block(server.port, sent)

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
        answer, body = print_block(server.port, b"GET / HTTP/1.1\r\nHost: here\r\n" + head)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert json.loads(body)["code"] == "headers_too_large"
    assert not app.received.is_set()


def test_a_line_beyond_its_bounds_is_431() -> None:
    with Served(Waiting()) as server:
        answer, _ = print_block(server.port, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "body",
    [b"1;" + b"a" * 3_000_000, b"0\r\nX-A: " + b"a" * 3_000_000],
    ids=["extension", "trailer"],
)
def test_what_comes_between_and_behind_chunks_is_bounded(body: bytes) -> None:
    with Served(Waiting()) as server:
        answer, reply = print_block(server.port, CHUNKED + body)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert json.loads(reply)["code"] == "headers_too_large"


def test_many_short_extensions_are_bounded_too() -> None:
    with Served(Waiting()) as server:
        answer, _ = print_block(server.port, CHUNKED + (b"1;" + b"a" * 500 + b"\r\nx\r\n") * 1_000)

    assert answer.startswith(b"HTTP/1.1 431 ")


def test_a_body_in_chunks_of_one_byte_passes_and_its_trailers_are_dropped() -> None:
    app = Echo()
    with Served(app) as server:
        answer, body = print_block(
            server.port,
            CHUNKED.replace(b"Host", b"Connection: close\r\nHost")
            + b"1\r\nx\r\n" * 100_000
            + b"0\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n",
        )

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert body == b"100000"
    assert b"x-forwarded-for" not in app.names


def test_a_head_that_does_not_end_is_408_and_does_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stt_web.core.asgi.http_protocol.HEAD_WITHIN_S", 0.3)
    with Served(Waiting()) as server:
        answer, body = print_block(server.port, b"GET / HTTP/1.1\r\nHost: he")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["code"] == "request_timeout"


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n"], ids=["silent", "blank lines"])
def test_a_connection_that_asks_nothing_does_not_stay(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr("stt_web.core.asgi.http_protocol.HEAD_WITHIN_S", 0.3)
    with Served(Waiting()) as server:
        answer, _ = print_block(server.port, sent)

    assert answer.startswith(b"HTTP/1.1 408 " if sent else b"")
    assert bool(answer) == bool(sent)


def test_half_a_head_behind_a_request_at_work_is_not_answered_into_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stt_web.core.asgi.http_protocol.HEAD_WITHIN_S", 0.3)
    with Served(Waiting()) as server:
        answer, _ = print_block(server.port, b"GET / HTTP/1.1\r\nHost: here\r\n\r\nGET /next HT")

    assert answer == b""


def test_refusals_of_the_protocol_have_the_fixed_security_headers() -> None:
    with Served(Waiting()) as server:
        head, _ = print_block(server.port, b"not http\r\n\r\n")

    assert b"x-content-type-options: nosniff" in head
    assert b"referrer-policy: same-origin" in head


def test_connections_of_one_address_are_bounded_and_released(settings: Settings) -> None:
    settings.MAX_CONNECTIONS_PER_ADDRESS = 3
    with Served(Echo()) as server, contextlib.ExitStack() as opened:
        for _ in range(3):
            opened.enter_context(connect(server.port))
        refused, body = print_block(server.port, b"")
        opened.close()
        served = wait_for_answer(server.port)

    assert refused.startswith(b"HTTP/1.1 429 ")
    assert json.loads(body)["code"] == "too_many_connections"
    assert served.startswith(b"HTTP/1.1 200 ")


def test_connections_are_bounded_in_all_also_those_of_a_trusted_proxy(settings: Settings) -> None:
    settings.MAX_CONNECTIONS, settings.MAX_CONNECTIONS_PER_ADDRESS = 3, 1
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]
    with Served(Echo()) as server, contextlib.ExitStack() as opened:
        for _ in range(3):
            opened.enter_context(connect(server.port))
        refused, body = print_block(server.port, b"")

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert json.loads(body)["code"] == "too_many_connections"


def test_a_socket_is_one_connection_until_it_ends(settings: Settings) -> None:
    settings.MAX_CONNECTIONS_PER_ADDRESS = 1
    with Served(accept_socket) as server:
        with connect_socket(f"ws://127.0.0.1:{server.port}/"):
            refused, _ = print_block(server.port, b"")
        served = wait_for_answer(server.port)

    assert refused.startswith(b"HTTP/1.1 429 ")
    assert served


def test_a_socket_outlives_the_time_for_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stt_web.core.asgi.http_protocol.HEAD_WITHIN_S", 0.2)
    with (
        Served(accept_socket) as server,
        connect_socket(f"ws://127.0.0.1:{server.port}/") as socket_,
        pytest.raises(TimeoutError),
    ):
        socket_.recv(timeout=0.6)


async def accept_socket(scope: Any, receive: Any, send: Any) -> None:
    """An application that accepts a socket and waits until it is closed; requests are answered."""
    if scope["type"] == "http":
        await Echo()(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


def connect(port: int) -> socket.socket:
    """Return a connection that the server has taken: its first request is answered."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    assert connection.recv(4096)
    return connection


def wait_for_answer(port: int) -> bytes:
    """Return the first answer that is no refusal: a connection is released after its close."""
    head = b""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        head, _ = print_block(port, b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        if head and b" 429 " not in head.partition(b"\r\n")[0]:
            return head
        time.sleep(0.02)
    return head


def test_who_waits_is_answered_when_the_server_stops() -> None:
    app = Waiting()
    answers: list[requests.Response] = []
    with Served(app) as server:
        asking = threading.Thread(
            target=lambda: answers.append(requests.get(server.url, timeout=9))
        )
        asking.start()
        assert app.received.wait(10)
        server.stop()
        asking.join(10)

    assert [(answer.status_code, answer.text) for answer in answers] == [(503, "stopping")]
