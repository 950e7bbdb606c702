"""A server that speaks chat completions in the manner that a test asks for, on a real socket."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

Respond = Callable[["ChatHandler", dict[str, Any]], None]


class ChatHandler(BaseHTTPRequestHandler):
    """One request; `respond` is set by `serve_chat`."""

    respond: ClassVar[Respond]
    requests: ClassVar[list[dict[str, Any]]]
    released: ClassVar[threading.Event]

    def do_POST(self) -> None:  # http.server's name
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.requests.append({"path": self.path, "key": self.headers["Authorization"], **body})
        type(self).respond(self, body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def send_events(self, *chunks: object, is_ended: bool = True) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for chunk in chunks:
            data = chunk if isinstance(chunk, str) else json.dumps(chunk)
            self.wfile.write(f"data: {data}\n\n".encode())
        if is_ended:
            self.wfile.write(b"data: [DONE]\n\n")
        self.wfile.flush()

    def send_status(self, status: int, text: str = "", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text.encode())


def text_chunk(text: str, finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": finish_reason}]}


def answer_with(*texts: str, reason: str = "stop") -> Respond:
    """Answer with these stretches of text, an end and a usage."""

    def respond(handler: ChatHandler, _: dict[str, Any]) -> None:
        usage = {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": len(texts)}}
        handler.send_events(*map(text_chunk, texts), text_chunk("", reason), usage)

    return respond


@contextmanager
def serve_chat(*responses: Respond) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve the responses in turn, the last one for ever; yields the address and the requests."""
    left = list(responses)

    def respond(handler: ChatHandler, body: dict[str, Any]) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(handler, body)

    class Handler(ChatHandler):
        requests: ClassVar[list[dict[str, Any]]] = []
        released = threading.Event()

    Handler.respond = staticmethod(respond)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", Handler.requests
    finally:
        Handler.released.set()  # those that stand still
        server.shutdown()
        server.server_close()
        thread.join()
