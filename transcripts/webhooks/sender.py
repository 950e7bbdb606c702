"""One signed request to one endpoint: bounded in time and size, and only where it may go.

No redirect is followed, no proxy of the environment is used, no cookie is stored, no connection is
used twice. The requests of a process share one event loop in a thread of its own, so that hundreds
that wait for slow receivers hold a coroutine each and nothing else.
"""

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import certifi
import httpcore
from django.conf import settings

from stt_web.core.background import ThreadLoop
from transcripts.webhooks.addresses import (
    AddressRefusedError,
    BadUrlError,
    Lookup,
    find_addresses,
    read_url,
)

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
# Of an answer's body this much is read, and as much of that is stored for the log.
MAX_ANSWER_BYTES = 16_384
STORED_CHARACTERS = 1000
# The status is the answer: a body that only drips in is left behind.
_BODY_TIMEOUT_S = 2.0
# Name servers of strangers may be slow: so many may be asked at once. The loop's own executor has
# a handful of threads, which one such host would fill.
_RESOLVERS = 64


# A name that isn't there and one that leads to a private address: distinguishing them, also by the
# time that it took, they would list the names of our network.
HOST_UNUSABLE = "host_unusable"


@dataclass(frozen=True)
class Request:
    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a request went. `error` is empty for an answer of 2xx, else one of

    invalid_url, host_unusable, connect_failed, tls_failed, timed_out, broken_off, redirected, gone,
    bad_status, failed
    """

    status_code: int | None = None
    error: str = ""
    response: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    duration_ms: int = 0

    @property
    def is_success(self) -> bool:
        return not self.error


class Sender:
    """Sends from any thread. `lookup` and `tls` are the real ones but for tests."""

    def __init__(
        self,
        *,
        lookup: Lookup | None = None,
        tls: ssl.SSLContext | None = None,
        total_timeout_s: float | None = None,
    ) -> None:
        self._lookup = lookup
        self._tls = tls or _trusted_tls()
        self._total_timeout_s = total_timeout_s or settings.WEBHOOK_TIMEOUT_S
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="webhook-names")
        self._loop = asyncio.new_event_loop()
        self._thread = ThreadLoop("webhook-sender", self._run)
        self._thread.start()

    def send(self, request: Request) -> "Future[Answer]":
        """Begin to send. The result comes within the total timeout, and is never an error."""
        return asyncio.run_coroutine_threadsafe(self._send(request), self._loop)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> bool:
        self._loop.run_forever()
        return False  # it was stopped

    async def _send(self, request: Request) -> Answer:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._total_timeout_s):
                answer = await self._exchange(request)
        except (TimeoutError, httpcore.TimeoutException):
            answer = Answer(error="timed_out")
        except BadUrlError:
            answer = Answer(error="invalid_url")
        except AddressRefusedError:
            return Answer(error=HOST_UNUSABLE)
        except httpcore.ConnectError as error:
            is_tls = isinstance(error.__context__, ssl.SSLError) or "SSL" in str(error)
            answer = Answer(error="tls_failed" if is_tls else "connect_failed")
        except (httpcore.NetworkError, httpcore.ProtocolError):
            answer = Answer(error="broken_off")
        except OSError:  # the name could not be resolved
            return Answer(error=HOST_UNUSABLE)
        except Exception:  # every error of a stranger's server is that delivery's failure
            logger.exception("event=webhook_send_broke")
            answer = Answer(error="failed")
        return replace(answer, duration_ms=round((time.monotonic() - started) * 1000))

    async def _exchange(self, request: Request) -> Answer:
        target = read_url(request.url)
        addresses = await asyncio.get_running_loop().run_in_executor(
            self._resolvers, lambda: find_addresses(target.host, target.port, lookup=self._lookup)
        )
        pool = httpcore.AsyncConnectionPool(
            ssl_context=self._tls,
            max_keepalive_connections=0,
            network_backend=_PinnedBackend(addresses),
        )
        url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        headers = {
            "Host": target.host_header,
            "Content-Length": str(len(request.body)),
            "Connection": "close",
            **request.headers,
        }
        async with (
            pool,
            pool.stream(
                request.method,
                url,
                headers=list(headers.items()),
                content=request.body,
                extensions={"timeout": {"connect": CONNECT_TIMEOUT_S}},
            ) as response,
        ):
            return _read_answer(response, await _read_some(response))


class _PinnedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked, whatever the host's name.

    The name still goes into TLS's SNI and the certificate's check, which httpcore does by itself.
    """

    def __init__(self, addresses: Iterable[str]) -> None:
        self._addresses = list(addresses)
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectError("none")
        for address in self._addresses:
            try:
                return await self._backend.connect_tcp(
                    address, port, timeout=timeout, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("Webhooks go over TCP.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _read_some(response: httpcore.Response) -> bytes:
    """Return how the body begins. A receiver that breaks off behind its status has answered."""
    body = bytearray()
    with contextlib.suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) >= MAX_ANSWER_BYTES:
                    break
    return bytes(body[:MAX_ANSWER_BYTES])


def _read_answer(response: httpcore.Response, body: bytes) -> Answer:
    text = "".join(c for c in body.decode(errors="replace") if c.isprintable() or c == "\n")
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }
    return Answer(
        status_code=response.status,
        error=_judge(response.status),
        response=text[:STORED_CHARACTERS],
        headers=headers,
    )


def _judge(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return "redirected"
    return "gone" if status == 410 else "bad_status"


def _trusted_tls() -> ssl.SSLContext:
    """Trust what browsers trust, and what this machine does (its store, SSL_CERT_FILE)."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context
