"""A recording from its address to a file: bounded in time and size, and only from where it may.

Each host is resolved once, and connected to at the addresses that were checked (`_PinnedBackend`);
so is each one that a redirect names. No proxy of the environment, no cookie, no credential is sent.
What the server claims (Content-Type, Content-Length) may refuse, never admit: the first bytes are
looked at, and the size is counted. Everything here blocks.
"""

import contextlib
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import certifi
import httpcore
from django.conf import settings

from stt_web.core.uploads import DISK_IS_FULL
from transcripts.fetching.addresses import NOT_MEDIA, FetchError, name_of
from transcripts.media.sniff import find_foreign_kind
from transcripts.webhooks.addresses import (
    AddressRefusedError,
    BadUrlError,
    Lookup,
    find_addresses,
    read_url,
)

_MOST_REDIRECTS = 5
_CONNECT_S = 10.0
_SILENCE_S = 30.0
_HEAD_BYTES = 64
_REDIRECTS = (301, 302, 303, 307, 308)
_UNREACHABLE = "The server at this address could not be reached."
_USER_AGENT = "open-stt (fetches a recording for one of its users)"


@dataclass(frozen=True)
class Fetched:
    size: int
    sha256: str
    file_name: str


def fetch(
    url: str,
    path: Path,
    *,
    limit_bytes: int,
    note: Callable[[int], None],
    lookup: Lookup | None = None,
) -> Fetched:
    """Write the recording at `url` to `path`, a new file. `note` is called with each chunk's end,
    and may raise to stop. `limit_bytes` 0: no limit. Raises FetchError."""
    fetching = _Fetching(limit_bytes, note, time.monotonic() + settings.FETCH_TIMEOUT_S, lookup)
    try:
        for _ in range(_MOST_REDIRECTS + 1):
            found = fetching.follow(url, path)
            if isinstance(found, Fetched):
                return found
            url = found
    except (httpcore.TimeoutException, TimeoutError):
        raise FetchError("fetch_too_slow", "The server at this address was too slow.") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError):
        raise FetchError("fetch_failed", _UNREACHABLE) from None
    raise FetchError("fetch_failed", "This address leads from one address to the next.")


class _Fetching:
    def __init__(
        self,
        limit_bytes: int,
        note: Callable[[int], None],
        deadline_s: float,
        lookup: Lookup | None,
    ) -> None:
        self._limit_bytes = limit_bytes
        self._note = note
        self._deadline_s = deadline_s
        self._lookup = lookup

    def follow(self, url: str, path: Path) -> Fetched | str:
        """Return the file, or the address that this one leads to."""
        with self._ask(url) as response:
            headers = {name.lower(): value for name, value in response.headers}
            if response.status in _REDIRECTS and b"location" in headers:
                return urljoin(url, headers[b"location"].decode("latin-1"))
            if response.status != 200:
                raise FetchError("fetch_failed", _describe(response.status))
            if headers.get(b"content-type", b"").lower().startswith(b"text/html"):
                raise FetchError("not_a_media_address", NOT_MEDIA)
            length = headers.get(b"content-length", b"")
            if length.isdigit():
                self._check_size(int(length))
            return self._store(response, path, name_of(url))

    @contextlib.contextmanager
    def _ask(self, url: str) -> Iterator[httpcore.Response]:
        try:
            target = read_url(url, allows_http=True)
            found = find_addresses(
                target.host,
                target.port,
                lookup=self._lookup,
                allowed=settings.FETCH_ALLOWED_NETWORKS,
            )
        except BadUrlError as error:
            raise FetchError("invalid_url", error.message) from None
        except AddressRefusedError:
            # As a name that isn't there: else names of our network could be listed.
            raise FetchError("fetch_failed", _UNREACHABLE) from None
        except OSError:
            raise FetchError("fetch_failed", _UNREACHABLE) from None
        timeouts = {"connect": _CONNECT_S, "read": _SILENCE_S, "write": _SILENCE_S}
        pool = httpcore.ConnectionPool(
            ssl_context=_trusted_tls(),
            max_keepalive_connections=0,
            network_backend=_PinnedBackend(found),
        )
        headers = {
            "Host": target.host_header,
            "User-Agent": _USER_AGENT,
            "Accept": "audio/*, video/*, application/octet-stream;q=0.9, */*;q=0.5",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        address = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        with (
            pool,
            pool.stream(
                "GET", address, headers=list(headers.items()), extensions={"timeout": timeouts}
            ) as response,
        ):
            yield response

    def _store(self, response: httpcore.Response, path: Path, file_name: str) -> Fetched:
        digest, size, head = sha256(), 0, b""
        try:
            with path.open("xb") as file:
                for chunk in response.iter_stream():
                    if len(head) < _HEAD_BYTES:
                        head = (head + chunk)[:_HEAD_BYTES]
                        _check_kind(head)
                    size += len(chunk)
                    self._check_size(size)
                    if time.monotonic() > self._deadline_s:
                        raise TimeoutError
                    digest.update(chunk)
                    file.write(chunk)
                    self._note(size)
        except OSError as error:
            if error.errno in DISK_IS_FULL:
                raise FetchError(
                    "storage_full", "The server has no room for this recording.", status=503
                ) from None
            raise
        return Fetched(size=size, sha256=digest.hexdigest(), file_name=file_name)

    def _check_size(self, size: int) -> None:
        if self._limit_bytes and size > self._limit_bytes:
            raise FetchError(
                "file_too_large",
                f"This file is too large: your limit is {self._limit_bytes // 10**6} MB a file.",
                status=413,
            )


def _check_kind(head: bytes) -> None:
    refusal = find_foreign_kind(head) if len(head) == _HEAD_BYTES else None
    if refusal is None:
        return
    if "web page" in refusal.message:
        raise FetchError("not_a_media_address", NOT_MEDIA)
    raise FetchError(refusal.code, refusal.message)


def _describe(status: int) -> str:
    if status in (401, 403):
        return "The server at this address wants a log-in for this file."
    if status in (404, 410):
        return "There is no file at this address."
    return f"The server at this address answered with an error ({status})."


class _PinnedBackend(httpcore.NetworkBackend):
    """Connects to addresses that were checked, for any name; TLS still checks the name."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._addresses = list(addresses)
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectError("none")
        for address in self._addresses:
            try:
                return self._backend.connect_tcp(
                    address, port, timeout=timeout, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("Recordings come over TCP.")


def _trusted_tls() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context
