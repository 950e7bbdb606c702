"""The stand-in of Stripe on a local port, for the real library; and the signature of its events."""

import copy
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.billing.stripe_stand_in import Form, Object, RefusedError, StripeStandIn

WEBHOOK_SECRET = "whsec_test_of_the_stand_in"


def sign(body: bytes, *, secret: str = WEBHOOK_SECRET, at: float | None = None) -> str:
    """The `Stripe-Signature` header, made by hand: https://docs.stripe.com/webhooks/signature"""
    timestamp = int(time.time() if at is None else at)
    signed = f"{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


@contextmanager
def serve_stand_in() -> Iterator[StripeStandIn]:
    """Run one on a free port."""
    stand_in = StripeStandIn()
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    stand_in: StripeStandIn
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a body waits 40 ms for the headers to be acknowledged

    def do_GET(self) -> None:
        self._answer({})

    def do_DELETE(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._answer(dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True)))

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    def _answer(self, form: Form) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.stand_in.is_down:
            self._send(500, {"error": {"type": "api_error", "message": "Down."}})
            return
        try:
            asked = form or dict(parse_qsl(parts.query))
            answer = copy.deepcopy(self.stand_in.answer(self.command, parts.path, headers, asked))
            self.stand_in.wait(parts.path)
            self._send(200, answer)
        except RefusedError as error:
            self._send(error.status, error.body)

    def _send(self, status: int, body: Object) -> None:
        public = {name: value for name, value in body.items() if not name.startswith("_")}
        content = json.dumps(public).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Request-Id", "req_of_the_stand_in")
        self.send_header("Stripe-Should-Retry", "false")
        self.end_headers()
        self.wfile.write(content)
