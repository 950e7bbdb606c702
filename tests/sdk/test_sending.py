"""Recordings on their way: files, bytes, pipes; in one form or in parts; and their progress."""

import base64
import hashlib
import io
import json
import os
import threading
from pathlib import Path
from typing import Any

import open_stt
import pytest
from open_stt.recordings import Form, Recording

from tests.sdk.conftest import Ask
from tests.sdk.unreliable_server import CUT, Answer, Received

ACCEPTED = Answer(202, {"id": "t1", "status": "queued", "queue_position": 1, "progress": {}})
DETAIL = {
    "id": "t1",
    "status": "completed",
    "text": "Hello.",
    "language": "en",
    "duration": 1.0,
    "model": "base",
    "segments": [{"words": [{"word": "Hello."}]}],
    "error": None,
    "queue_position": None,
    "progress": {"done_s": 1.0, "total_s": 1.0},
}


def event(name: str, data: object, event_id: str = "1") -> bytes:
    return f"id: {event_id}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


EVENTS = Answer(
    headers={"Content-Type": "text/event-stream"},
    chunks=[
        b"retry: 2000\n\n",
        event("status", {"id": "t1", "status": "queued"}),
        event("queue", {"position": 2}),
        event("progress", {"done_s": 0.5, "total_s": 1.0}),
        event("segment", {"start": 0.0, "end": 0.5, "text": "Hello."}),
        event("done", {"id": "t1", "status": "completed"}),
    ],
)


class Product:
    """As much of the server as sending takes. Answers in `instead` come first, by path."""

    def __init__(self, **instead: list[Answer]) -> None:
        self.instead = {f"/{path.replace('__', '/')}": answers for path, answers in instead.items()}
        self.stored = bytearray()
        self.detail: dict[str, Any] = dict(DETAIL)

    def __call__(self, request: Received) -> Answer:
        path = request.path.partition("?")[0].rstrip("/")
        if self.instead.get(path):
            return self.instead[path].pop(0)
        if path == "/v1/transcribe":
            return ACCEPTED
        if path == "/v1/uploads":
            return Answer(201, headers={"Location": "http://elsewhere/v1/uploads/u1"})
        if path == "/v1/uploads/u1":
            return self.take_part(request)
        if path.endswith("/events"):
            return EVENTS
        if "/export/" in path:
            return Answer(body=b"1\n00:00:00,000", headers={"Content-Type": "text/plain"})
        return Answer(body=self.detail)

    def take_part(self, request: Received) -> Answer:
        if request.method == "PATCH":
            assert int(request.headers["upload-offset"]) == len(self.stored)
            self.stored += request.body
        status = 200 if request.method == "HEAD" else 204
        headers = {"Upload-Offset": str(len(self.stored))}
        return Answer(status, headers={**headers, "X-Transcript-Id": "t1"})


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / 'talk "one".mp3'
    path.write_bytes(os.urandom(700_000))
    return path


def test_a_file_is_sent_and_its_text_returned(serve: Any, ask: Ask, recording: Path) -> None:
    server = serve(Product())

    result = ask(server, lambda client: client.transcribe(str(recording), "base", "en", False, 2))

    sent = server.received[0]
    assert result["text"] == "Hello."
    assert sent.body_bytes > 700_000
    assert b'name="model"\r\n\r\nbase\r\n' in sent.body
    assert b'name="diarize"\r\n\r\nfalse\r\n' in sent.body
    assert b'name="speakers"\r\n\r\n2\r\n' in sent.body
    assert b'filename="talk %22one%22.mp3"\r\nContent-Type: audio/mpeg' in sent.body


def test_the_form_is_what_it_promises(recording: Path) -> None:
    form = Form({"model": "base"}, Recording(recording))

    body = form.head + recording.read_bytes() + form.tail

    assert form.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("kind", ["bytes", "file"])
def test_bytes_and_open_files_are_sent(serve: Any, ask: Ask, kind: str) -> None:
    server = serve(Product(v1__transcribe=[CUT]))
    content = os.urandom(300_000)
    source: Any = content if kind == "bytes" else io.BytesIO(content)

    ask(server, lambda client: client.transcribe(source, file_name="a.wav"))

    first, second = server.received[:2]
    assert (first.path, second.path) == ("/v1/transcribe", "/v1/transcribe")
    assert first.body_bytes == second.body_bytes
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.parametrize(
    ("response_format", "expected"),
    [("srt", "1\n00:00:00,000"), ("text", "1\n00:00:00,000"), ("verbose_json", ["Hello."])],
)
def test_the_text_comes_in_the_format_that_was_asked_for(
    serve: Any, ask: Ask, response_format: str, expected: Any
) -> None:
    server = serve(Product())

    result = ask(server, lambda client: client.transcribe(b"RIFF", response_format=response_format))

    words = [word["word"] for word in result["words"]] if isinstance(result, dict) else result
    assert words == expected


def test_progress_is_reported(serve: Any, ask: Ask) -> None:
    reports: list[open_stt.ProgressReport] = []
    server = serve(Product())

    ask(server, lambda client: client.transcribe(b"RIFF", on_progress=reports.append))

    stages = [(each.stage, each.done, each.total) for each in reports]
    assert stages[:3] == [("queued", 0, None), ("queued", 2, None), ("processing", 0.5, 1.0)]
    assert reports[3].segment == {"start": 0.0, "end": 0.5, "text": "Hello."}
    assert stages[-1] == ("completed", 0, None)


def test_a_stream_that_is_cut_goes_on_where_it_was(serve: Any, ask: Ask) -> None:
    cut = Answer(headers=EVENTS.headers, chunks=[event("queue", {"position": 1}, "7")], cut_after=1)
    path = "api__v1__transcripts__t1"
    waiting = Answer(body={**DETAIL, "status": "processing"})
    server = serve(Product(**{f"{path}__events": [cut], path: [waiting]}))

    assert ask(server, lambda client: client.transcribe(b"RIFF"))["text"] == "Hello."
    followed = [each for each in server.received if each.path.endswith("/events/")]
    assert [each.headers.get("last-event-id") for each in followed] == [None, "7"]


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_transcription_that_fails_is_raised(serve: Any, ask: Ask, status: str) -> None:
    product = Product()
    error = {"code": "corrupt_media", "message": "The file is damaged."}
    product.detail |= {"status": status, "error": error}
    server = serve(product)

    with pytest.raises(open_stt.TranscriptionError, match="damaged") as caught:
        ask(server, lambda client: client.transcribe(b"RIFF"))

    assert (caught.value.code, caught.value.transcript_id) == ("corrupt_media", "t1")


def test_a_key_that_may_not_read_gets_its_text_all_the_same(serve: Any, ask: Ask) -> None:
    refused = Answer(403, {"error": "Not for this key.", "code": "missing_scope"})
    waiting = {"error": "Still at it.", "code": "still_processing"}
    product = Product(
        api__v1__transcripts__t1__events=[refused],
        v1__transcribe=[
            ACCEPTED,
            *[Answer(503, waiting, {"retry-after-ms": "10"})] * 4,
            Answer(body=DETAIL),
        ],
    )
    server = serve(product)

    assert ask(server, lambda client: client.transcribe(b"RIFF"))["text"] == "Hello."
    assert server.count("/v1/transcribe") == 6


def test_a_pipe_is_sent_in_parts(serve: Any, ask: Ask) -> None:
    product = Product()
    server = serve(product)
    reader, writer = os.pipe()
    content = os.urandom(60_000)
    thread = threading.Thread(target=_write, args=(writer, content))
    thread.start()

    with os.fdopen(reader, "rb") as pipe:
        result = ask(server, lambda client: client.transcribe(pipe, language="en"))

    thread.join()
    begun, part = server.received[:2]
    encoded = dict(pair.split(" ") for pair in begun.headers["upload-metadata"].split(","))
    assert result["text"] == "Hello."
    assert bytes(product.stored) == content
    assert begun.headers["upload-defer-length"] == "1"
    assert base64.b64decode(encoded["language"]) == b"en"
    assert part.headers["upload-length"] == str(len(content))


def test_a_large_file_goes_on_from_the_byte_where_it_was_cut(
    serve: Any, ask: Ask, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("_async", "_sync"):
        monkeypatch.setattr(f"open_stt.{kind}.transcribing.PARTS_FROM_BYTES", 1)
    product = Product()
    product.instead["/v1/uploads/u1"] = [CUT, Answer(200, headers={"Upload-Offset": "0"})]
    sent: list[tuple[float, float | None]] = []
    server = serve(product)
    small = recording.with_name("small.mp3")
    small.write_bytes(recording.read_bytes()[:50_000])

    ask(
        server,
        lambda client: client.submit(
            small, on_progress=lambda report: sent.append((report.done, report.total))
        ),
    )

    assert hashlib.sha256(product.stored).digest() == hashlib.sha256(small.read_bytes()).digest()
    assert sent == [(50_000, 50_000)]


def test_what_is_not_there_is_not_sent(serve: Any, ask: Ask, tmp_path: Path) -> None:
    server = serve(Product())

    with pytest.raises(FileNotFoundError):
        ask(server, lambda client: client.transcribe(tmp_path / "missing.mp3"))
    with pytest.raises(IsADirectoryError):
        ask(server, lambda client: client.transcribe(tmp_path))
    with pytest.raises(ValueError, match="response_format"):
        ask(server, lambda client: client.transcribe(b"RIFF", response_format="pdf"))
    assert server.received == []


def test_a_file_is_downloaded_whole_or_not_at_all(serve: Any, ask: Ask, tmp_path: Path) -> None:
    server = serve([Answer(body=b"abc", headers={"X-Length": "10"}, cut_after=3)])
    target = tmp_path / "audio.wav"

    with pytest.raises(open_stt.ConnectionFailedError):
        ask(server, lambda client: client.transcripts.audio("t1", target))

    assert list(tmp_path.iterdir()) == []


def _write(writer: int, content: bytes) -> None:
    with os.fdopen(writer, "wb") as file:
        file.write(content)
