"""Checks from outside, through the proxy: is it us, do uploads and sockets get through?"""

import json
import secrets
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

from stt_web.operations.findings import Diagnosis, failure, ok

_TIMEOUT_S = 5.0
_UPLOAD_BYTES = 1_000_000
_CURE = "docs/deploying.md, “Another proxy”, says what a proxy must let through."


def check_outside(url: str) -> Iterator[Diagnosis]:
    """Ask `url` as a client would. 1 MB is sent without a key: it is refused, and not stored."""
    status, body = _fetch(f"{url}/livez")
    if status != 200:
        yield failure(
            "outside", f"{url}/livez answers {status or 'nothing'}: {body[:80]!r}.", _CURE
        )
        return
    yield ok("outside", f"{url} leads to a web process.")
    if _fetch(f"{url}/metrics")[0] == 200:
        yield failure(
            "outside",
            f"{url}/metrics is open to everyone.",
            "Let the proxy pass nothing but the web server's port (STT_METRICS_LISTEN isn't it).",
        )
    status, body = _fetch(f"{url}/v1/transcribe", body=secrets.token_bytes(_UPLOAD_BYTES))
    if _is_ours(body):
        yield ok("outside", "An upload of 1 MB reaches the web process.")
    else:
        yield failure(
            "outside", f"An upload of 1 MB is answered {status or 'nothing'} on its way.", _CURE
        )
    if _can_upgrade(url):
        yield ok("outside", "WebSockets get through.")
    else:
        yield failure("outside", "WebSockets don't get through: live sessions can't.", _CURE)


def _is_ours(body: bytes) -> bool:
    try:
        return "code" in json.loads(body)
    except (ValueError, TypeError):
        return False


def _fetch(url: str, *, body: bytes | None = None) -> tuple[int, bytes]:
    """Return status and body; 0 and the reason where there is no answer."""
    headers = {"Content-Type": "application/octet-stream"} if body is not None else {}
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310  # the operator's
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310  # same
            return int(answer.status), bytes(answer.read(65536))
    except urllib.error.HTTPError as error:
        return error.code, bytes(error.read(65536))
    except OSError as error:
        return 0, str(getattr(error, "reason", error)).encode()


def _can_upgrade(url: str) -> bool:
    """Whether a handshake comes to the web process: it answers 101, or refuses it as ours do."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    ask = (
        f"GET /v1/stream HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT_S) as plain:
            if parts.scheme != "https":
                return _ask_upgrade(plain, ask)
            context = ssl.create_default_context()
            with context.wrap_socket(plain, server_hostname=host) as secure:
                return _ask_upgrade(secure, ask)
    except OSError:
        return False


def _ask_upgrade(connection: socket.socket, ask: str) -> bool:
    connection.sendall(ask.encode())
    return connection.recv(64).startswith(b"HTTP/1.1 101")
