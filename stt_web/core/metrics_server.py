"""The port that Prometheus scrapes, bounded: in time, in size, and in how many scrape at once.

prometheus_client's own server waits for ever for a client that is silent, and has a thread for each
that comes. The inference service, which shares no code, has the same.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from functools import partial
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from stt_web.core.background import spawn_thread

logger = logging.getLogger(__name__)

AT_ONCE = 4
WITHIN_S = 5.0
MOST_BYTES = 2_000_000

_Answer = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # its name
        """Log nothing: a line a scrape would be most of the log."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = AT_ONCE
    within_s = WITHIN_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Close the connection where too many are open."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer; a client that is not done in time is cut off, in the middle of a line too."""
        ended = threading.Event()
        limit = partial(_cut_unless, ended, request, within_s=self.within_s)
        spawn_thread(limit, name="metrics-limit")
        try:
            super().process_request_thread(request, client_address)
        finally:
            ended.set()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go, or are cut off, are no errors of ours."""
        logger.info("event=scrape_broke_off", exc_info=logger.isEnabledFor(logging.DEBUG))


def _cut_unless(ended: threading.Event, request: socket.socket, *, within_s: float) -> None:
    if ended.wait(within_s):
        return
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client has left


def _bounded(answer: _Answer, *, most_bytes: int) -> _Answer:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        started: list[tuple[Any, ...]] = []
        body = b"".join(answer(environ, lambda *args: started.append(args)))
        if len(body) <= most_bytes:
            start_response(*started[0])
            return [body]
        logger.error("event=scrape_too_large bytes=%d", len(body))
        start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
        return [b"There are too many metrics.\n"]

    return app


def start_metrics_server(
    host: str,
    port: int,
    registry: CollectorRegistry,
    *,
    within_s: float = WITHIN_S,
    most_bytes: int = MOST_BYTES,
) -> int:
    """Serve the registry in a thread; return the port (the one chosen, for port 0).

    Raises OSError where the address can't be used.
    """
    family, *_ = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0]  # noqa: S104  # as the operator set it
    kind = type("MetricsServer", (_Server,), {"address_family": family, "within_s": within_s})
    app = _bounded(make_wsgi_app(registry), most_bytes=most_bytes)
    server: WSGIServer = make_server(host, port, app, kind, handler_class=_Handler)
    spawn_thread(server.serve_forever, name="metrics")
    return int(server.server_port)
