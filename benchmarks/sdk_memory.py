"""Resident memory of our Python client: a 2 GB recording sent, and a list of 10,000 read by pages.

    python -m benchmarks.sdk_memory [GIGABYTES]

Before a server that stores nothing, in a process of its own; each case is a process, too. The file
is sparse. Peaks are `VmHWM`; `before` is after a first call, with all modules imported.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from open_stt import STTClient

TRANSCRIPTS = 10_000
_GIGABYTE = 1000**3
_READ_BYTES = 1024 * 1024
_STATE = {"id": "t1", "status": "queued", "queue_position": 1, "progress": {}}


class _Sink(BaseHTTPRequestHandler):
    """As much of the server as these cases take; what is sent is counted, and dropped."""

    protocol_version = "HTTP/1.1"
    stored = 0

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path != "/api/v1/transcripts/":
            return self._answer(200, _STATE)
        asked = {name: int(values[0]) for name, values in parse_qs(address.query).items()}
        page, size = asked.get("page", 1), asked["page_size"]
        last = min(page * size, TRANSCRIPTS)
        rows = [
            {**_STATE, "id": f"t{number}", "title": "A title " * 8, "tags": ["one", "two"]}
            for number in range((page - 1) * size, last)
        ]
        following = f"?page={page + 1}&page_size={size}" if last < TRANSCRIPTS else None
        return self._answer(200, {"count": TRANSCRIPTS, "next": following, "results": rows})

    def do_POST(self) -> None:
        self._drop_body()
        if self.path.startswith("/v1/uploads"):
            type(self).stored = 0
            return self._answer(201, None, Location="/v1/uploads/u1")
        return self._answer(202, _STATE)

    def do_PATCH(self) -> None:
        type(self).stored += self._drop_body()
        offset = {"Upload-Offset": str(type(self).stored), "X-Transcript-Id": "t1"}
        self._answer(204, None, **offset)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def _drop_body(self) -> int:
        left = size = int(self.headers["Content-Length"])
        while left and (chunk := self.rfile.read(min(left, _READ_BYTES))):
            left -= len(chunk)
        return size - left

    def _answer(self, status: int, body: Any, **headers: str) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _serve(ready: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    ready.send(server.server_address[1])
    server.serve_forever()


def _resident_mb(name: str) -> float:
    """Return `VmRSS` or `VmHWM` of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)


def _measure(url: str, key: str, case: Callable[[STTClient, Path], None], file: Path) -> None:
    with STTClient(key, url) as client:
        client.transcripts.get("t1")
        before = _resident_mb("VmRSS")
        case(client, file)
    peak = _resident_mb("VmHWM")
    name = case.__name__.replace("_", " ")
    sys.stdout.write(f"{name}: before {before:.0f} MB, peak {peak:.0f} MB, {peak - before:+.0f}\n")
    sys.stdout.flush()


def in_parts(client: STTClient, file: Path) -> None:
    client.submit(file)


def in_one_form(client: STTClient, file: Path) -> None:
    client.submit(file)


def a_list_by_pages(client: STTClient, file: Path) -> None:
    for number, _ in enumerate(client.transcripts.list(), 1):
        if number in (100, 1000, TRANSCRIPTS):
            sys.stdout.write(f"  {number} rows: {_resident_mb('VmRSS'):.1f} MB\n")


def main() -> None:
    gigabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "long.wav"
        with file.open("wb") as sparse:
            sparse.truncate(round(gigabytes * _GIGABYTE))
        for case, key in ((in_parts, "stt_key"), (in_one_form, ""), (a_list_by_pages, "stt_key")):
            child = context.Process(target=_measure, args=(url, key, case, file))
            child.start()
            child.join()
    server.terminate()


if __name__ == "__main__":
    main()
