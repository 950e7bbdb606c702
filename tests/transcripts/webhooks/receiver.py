"""A webhook receiver on a real socket that answers as a test scripts it, well or badly."""

import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Behaviour = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Message:
    head: str
    headers: dict[str, str]  # names in lower case
    body: bytes


def answer(status: int, *, body: bytes = b"", **headers: str) -> Behaviour:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return lambda connection: connection.sendall(whole)


def hang(connection: socket.socket) -> None:
    """Answer nothing until the client leaves."""
    connection.recv(1)


def close(connection: socket.socket) -> None:
    """Leave without a word."""


def talk_nonsense(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _repeat(connection, b"x", pause_s=0.02)


def drip_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    _repeat(connection, b"x", pause_s=0.02)


def never_stop_talking(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    _repeat(connection, b"x" * 65_536)


def endless_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    _repeat(connection, b"X-More: " + b"y" * 8000 + b"\r\n")


def always_go_on(connection: socket.socket) -> None:
    _repeat(connection, b"HTTP/1.1 100 Continue\r\n\r\n", pause_s=0.005)


def _repeat(connection: socket.socket, chunk: bytes, *, pause_s: float = 0.0) -> None:
    """Until the client leaves: sending to it fails then."""
    while True:
        connection.sendall(chunk)
        time.sleep(pause_s)


@dataclass
class Receiver:
    """`with Receiver() as receiver:` listens on `receiver.url`. Answers by `behaviours`, in turn,
    the last one for ever.
    """

    behaviours: list[Behaviour] = field(default_factory=lambda: [answer(200)])
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    port: int = 0
    messages: list[Message] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    _now: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        receiver = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                receiver._handle(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

        self._server = Server((self.host, self.port), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://{self.host}:{self.port}/hook?a=1"

    def wait_for_messages(self, count: int, *, within_s: float = 10) -> list[Message]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.messages) >= count, within_s)
            return list(self.messages)

    def _handle(self, connection: socket.socket) -> None:
        with self._changed:
            self.connections += 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            message = _read_message(connection)
            with self._changed:
                behaviour = self.behaviours[min(len(self.messages), len(self.behaviours) - 1)]
                self.messages.append(message)
                self._changed.notify_all()
            behaviour(connection)
        except OSError:
            return  # the client left, or refused our certificate
        finally:
            with self._changed:
                self._now -= 1
            connection.close()


def _read_message(connection: socket.socket) -> Message:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _receive(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += _receive(connection)
    return Message(first, headers, body)


def _receive(connection: socket.socket) -> bytes:
    chunk = connection.recv(65_536)
    if not chunk:
        raise ConnectionResetError
    return chunk
