"""Answers are compressed on their way out: Brotli, or gzip where a client doesn't take that.

An ASGI layer, because one synchronous middleware makes Django hold a thread for as long as a
request waits. What is left as it is:

- a body that comes as a stream, without a length: event streams, chats, archives; each piece of it
  is for its reader at once;
- what has a coding, or a range, or isn't text; what is shorter than a packet;
- answers that hold a secret which stays valid (`_SECRETS`). BREACH (Gluck, Harris, Prado 2013)
  guesses a secret by the length of compressed pages that hold it beside text of an attacker's
  choice. The CSRF token, which every page has, is masked by Django with new bytes each time, so
  that its length says nothing; the session's cookie is `SameSite=Lax`, so that another site can't
  ask for our pages in the background; and pages that show keys, recovery codes or signing
  secrets are small, and go out as they are.

An `ETag` stays as it is: here it names a revision, which `If-Match` sends back (RFC 9110 wants one
for each coding; no answer with one may be stored by shared caches or asked for in ranges).
"""

import zlib
from collections.abc import Callable
from typing import Protocol

import brotli

from stt_web.core.asgi.messages import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Header,
    HTTPResponseStartEvent,
    Scope,
    find_header,
)

MIN_BYTES = 860  # about what one packet takes anyway
_BROTLI_QUALITY = 5  # 3 hours of transcript: benchmarks/RESULTS.md, "Compression"
_GZIP_LEVEL = 6
_TEXT = ("text/", "application/json", "application/javascript", "application/manifest+json")
_OTHER_TEXT = frozenset({"image/svg+xml", "application/xml", "application/problem+json"})
_NEVER = ("text/event-stream",)
_SECRETS = ("/account/", "/webhooks/", "/admin/", "/api/v1/keys/", "/api/v1/webhooks/")


class Compressor(Protocol):
    def process(self, data: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)

    def process(self, data: bytes) -> bytes:
        return self._stream.compress(data)

    def finish(self) -> bytes:
        return self._stream.flush()


def _brotli() -> Compressor:
    made: Compressor = brotli.Compressor(mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY)
    return made


_CODINGS: dict[str, Callable[[], Compressor]] = {"br": _brotli, "gzip": _Gzip}


class CompressionLayer:
    def __init__(self, app: ASGI3Application) -> None:
        self._app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_SECRETS):
            await self._app(scope, receive, send)
            return
        coding = choose_coding(find_header(scope, b"accept-encoding"))
        answer = _Answer(send, "" if find_header(scope, b"range") else coding, scope["method"])
        await self._app(scope, receive, answer.send)


class _Answer:
    """One answer on its way: its head decides whether its body is compressed."""

    def __init__(self, send: ASGISendCallable, coding: str, method: str) -> None:
        self._send = send
        self._coding = coding
        self._has_body = method != "HEAD"
        self._compressor: Compressor | None = None

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "http.response.start":
            message = self._start(message)
        elif message["type"] == "http.response.body" and self._compressor is not None:
            body = self._compressor.process(message["body"])
            if not message.get("more_body", False):
                body += self._compressor.finish()
            message = {**message, "body": body}
        await self._send(message)

    def _start(self, message: HTTPResponseStartEvent) -> HTTPResponseStartEvent:
        headers = [(name.lower(), value) for name, value in message["headers"]]
        if not is_compressible(message["status"], headers):
            return message
        headers = _vary(headers)
        if self._coding and self._has_body:
            self._compressor = _CODINGS[self._coding]()
            headers = [pair for pair in headers if pair[0] != b"content-length"]
            headers.append((b"content-encoding", self._coding.encode()))
        return {**message, "headers": headers}


def choose_coding(accepted: str) -> str:
    """Return `br`, `gzip` or "" for an Accept-Encoding header (RFC 9110, 12.5.3)."""
    taken = set()
    for part in accepted.lower().split(","):
        name, _, parameters = part.partition(";")
        if parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            taken.add(name.strip())
    return next((name for name in _CODINGS if name in taken), "")


def is_text(content_type: str) -> bool:
    """Whether what has this media type gets smaller."""
    kind = content_type.partition(";")[0].strip().lower()
    return (kind.startswith(_TEXT) or kind in _OTHER_TEXT) and kind not in _NEVER


def is_compressible(status: int, headers: list[Header]) -> bool:
    """Whether the body that follows such a head may be compressed; names are in lower case."""
    found = dict(headers)
    length = found.get(b"content-length", b"")
    return (
        status not in (204, 206, 304)
        and length.isdigit()
        and int(length) >= MIN_BYTES
        and not {b"content-encoding", b"content-range"} & found.keys()
        and b"no-transform" not in found.get(b"cache-control", b"")
        and is_text(found.get(b"content-type", b"").decode("latin-1"))
    )


def _vary(headers: list[Header]) -> list[Header]:
    """Name the request's header that the answer depends on, beside those that are named."""
    named = [value for name, value in headers if name == b"vary"]
    others = [pair for pair in headers if pair[0] != b"vary"]
    return [*others, (b"vary", b", ".join([*named, b"Accept-Encoding"]))]
