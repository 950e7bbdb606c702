"""A real HTTP server that answers as a test scripts it: late, cut off, refused, in bits."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    body_bytes: int
    body_sha256: str
    body: bytes  # its first 64 kB


@dataclass(frozen=True)
class Answer:
    """`cut_after`: so many bytes of the body, then the connection is reset. `waits`: until then,
    nothing is sent. `takes_bytes`: of the body, before the answer; None: all of it."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    waits: threading.Event | None = None
    takes_bytes: int | None = None
    chunks: Iterable[bytes] = ()

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


CUT = Answer(cut_after=-1)
Script = Callable[[Received], Answer] | Sequence[Answer]


class UnreliableServer:
    """`received` is what came, in order; the last answer of a scripted list repeats."""

    def __init__(self, script: Script) -> None:
        self.received: list[Received] = []
        self._script = script
        self._lock = threading.Lock()
        server = self

        class Handler(_Handler):
            owner = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def answer_to(self, request: Received) -> Answer:
        with self._lock:
            self.received.append(request)
            if callable(self._script):
                return self._script(request)
            return self._script[min(len(self.received), len(self._script)) - 1]

    def count(self, path: str) -> int:
        return sum(each.path.partition("?")[0] == path for each in self.received)

    @contextmanager
    def running(self) -> Iterator["UnreliableServer"]:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: UnreliableServer

    def handle_any(self) -> None:
        received = self._receive()
        answer = self.owner.answer_to(received)
        if answer.waits is not None:
            answer.waits.wait(30)
        if answer.cut_after == -1:
            return self._reset()
        content = answer.content()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        if answer.chunks:
            return self._send_chunks(answer)
        if answer.status != 204:
            self.send_header("Content-Length", answer.headers.get("X-Length", str(len(content))))
        self.end_headers()
        self.wfile.write(content if answer.cut_after is None else content[: answer.cut_after])
        if answer.cut_after is not None:
            self._reset()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def _receive(self) -> Received:
        digest, first, size = sha256(), b"", 0
        for chunk in self._body():
            digest.update(chunk)
            size += len(chunk)
            first = (first + chunk)[:65536] if len(first) < 65536 else first
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Received(self.command, self.path, headers, size, digest.hexdigest(), first)

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left and (chunk := self.rfile.read(min(left, 65536))):
            left -= len(chunk)
            yield chunk

    def _send_chunks(self, answer: Answer) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in answer.chunks:
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            self.wfile.flush()
        if answer.cut_after is not None:  # without its end; what was sent still arrives
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        """Close it with RST, as a proxy that dies does."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
