"""Bodies before Django sees them, over real sockets: refused early, cut off, cleaned up."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from accounts.principals import Principal
from billing.admission import Caller
from billing.quotas import Limits
from stt_web.core.asgi.upload_layer import MAX_PLAIN_BYTES, UploadLayer
from stt_web.core.errors import ApiError
from stt_web.core.uploads import Upload
from tests.e2e.processes import wait_until
from tests.stt_web.served import Served

LIMIT_BYTES = 1_000_000


class Behind:
    """What stands behind the ingest: notes what it is handed, and answers `status`."""

    def __init__(self) -> None:
        self.uploads: list[Upload] = []
        self.bodies: list[bytes] = []
        self.stays = False
        self.fails = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        upload = scope.get("stt.upload")
        message = await receive()
        self.bodies.append(message["body"])
        if upload is not None:
            self.uploads.append(upload)
            if self.stays:
                upload.retain()
        if self.fails:
            raise RuntimeError("refused by a fault")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"taken", "more_body": False})


def identify(scope: Any) -> Caller:
    headers = dict(scope["headers"])
    if headers.get(b"authorization") == b"Bearer wrong":
        raise ApiError("No such key.", status=401, code="invalid_key")
    limits = Limits(
        plan_id="free",
        max_file_bytes=LIMIT_BYTES,
        concurrency=1,
        daily_transcriptions=0,
        requests_per_minute=0,
        is_metered=True,
    )
    return Caller(principal=Principal(address="127.0.0.1"), limits=limits)


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
def media(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def server(behind: Behind, media: Path) -> Iterator[Served]:
    app = UploadLayer(
        behind,
        media_root=media,
        upload_paths=["/up"],
        identify=identify,
        recheck=lambda caller: None,
    )
    with Served(app) as served:
        yield served


def folders(media: Path) -> list[Path]:
    return list(media.iterdir()) if media.exists() else []


def sparse_file(folder: Path, size_bytes: int) -> Path:
    path = folder / "big.wav"
    with path.open("wb") as file:
        file.truncate(size_bytes)
    return path


def test_a_recording_lies_on_disk_with_its_fields_and_is_deleted_unless_retained(
    server: Served, behind: Behind, media: Path
) -> None:
    content = os.urandom(700_000)

    answer = requests.post(
        server.url + "/up", files={"file": ("a.wav", content)}, data={"model": "small"}
    )

    assert answer.text == "taken"
    [upload] = behind.uploads
    assert (upload.size, upload.file_name, upload.fields) == (700_000, "a.wav", {"model": "small"})
    assert upload.path.parent.parent == media
    assert behind.bodies == [b""], "what comes behind has nothing left to read"
    wait_until(lambda: folders(media) == [], what="the unkept upload is deleted")

    behind.stays = True
    requests.post(server.url + "/up", files={"file": ("a.wav", content)})

    assert behind.uploads[1].path.read_bytes() == content


def test_an_upload_is_deleted_where_the_view_fails(
    server: Served, behind: Behind, media: Path
) -> None:
    behind.fails = True

    answer = requests.post(server.url + "/up", files={"file": ("a.wav", b"abc")})

    assert answer.status_code == 500
    wait_until(lambda: folders(media) == [], what="the upload is deleted")


def test_requests_sees_the_413_of_a_body_that_is_too_long(
    server: Served, behind: Behind, media: Path, tmp_path: Path
) -> None:
    with sparse_file(tmp_path, 60_000_000).open("rb") as file:
        answer = requests.post(server.url + "/up", files={"file": ("big.wav", file)})

    assert answer.status_code == 413
    assert answer.json() == {
        "error": "This file is too large: your limit is 1 MB a file.",
        "code": "file_too_large",
        "limit_bytes": LIMIT_BYTES,
    }
    assert folders(media) == []
    assert behind.uploads == []


def test_a_chunked_body_is_cut_at_the_limit_and_requests_sees_the_413(
    server: Served, media: Path
) -> None:
    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(40):
            yield bytes(1_000_000)
        yield b"\r\n--x--\r\n"

    answer = requests.post(
        server.url + "/up", data=body(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    wait_until(lambda: folders(media) == [], what="what was written is deleted")


@pytest.mark.parametrize("is_chunked", [False, True])
def test_curl_sees_the_413(server: Served, media: Path, tmp_path: Path, is_chunked: bool) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    path = sparse_file(tmp_path, 60_000_000)
    chunked = ["-H", "Transfer-Encoding: chunked"] if is_chunked else []

    done = subprocess.run(
        [curl, "-sS", "-w", "\n%{http_code}", *chunked, "-F", f"file=@{path}", server.url + "/up"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    body, status = done.stdout.rsplit("\n", 1)
    assert (done.returncode, status) == (0, "413"), done.stderr
    assert json.loads(body)["code"] == "file_too_large"
    assert folders(media) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": "50000000"}, 413),
        ({"Content-Length": "5000", "Authorization": "Bearer wrong"}, 401),
        ({"Content-Length": "5000", "Content-Type": "audio/wav"}, 415),
    ],
)
def test_who_asks_first_is_refused_without_a_continue(
    server: Served, headers: dict[str, str], status: int
) -> None:
    sent = {"Content-Type": "multipart/form-data; boundary=x", **headers, "Expect": "100-continue"}

    head = begin_request(server, sent)[1].decode()

    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "100 Continue" not in head
    assert "connection: close" in head


def test_who_asks_first_gets_a_continue_where_the_length_is_allowed(server: Served) -> None:
    sent = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "5000"}

    _, head = begin_request(server, {**sent, "Expect": "100-continue"})

    assert head.startswith(b"HTTP/1.1 100 ")


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(
    server: Served, behind: Behind, media: Path
) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    sent = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "900000"}
    connection, _ = begin_request(server, sent, body=head + bytes(800_000), reads=False)

    connection.close()

    wait_until(lambda: folders(media) == [], what="the half upload is deleted")
    assert behind.uploads == []


CHUNK_BYTES = 1024 * 1024
PART = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n'
# What a client may not send, though its body goes on; and the code that it is refused with.
HOSTILE_FORMS = {
    "parts without end": (
        b"".join(PART % (b"f%d" % number, b"\r\n") for number in range(40)),
        "too_many_fields",
    ),
    "one name again and again": ((PART % (b"same", b"\r\n\r\n")) * 2, "repeated_field"),
    "a second file": ((PART % (b"file", b'; filename="a"\r\n\r\n')) * 2, "too_many_files"),
    "a header line without end": (PART % (b"f", b"\r\nX-A: " + b"a" * 17_000), "malformed_upload"),
    "header lines without end": (PART % (b"f", b"\r\nX-A: a" * 17), "malformed_upload"),
    "a field without end": (PART % (b"f", b"\r\n") + bytes(70_000), "too_many_fields"),
    "no form at all": (b"a" * 100, "malformed_upload"),
}


@pytest.mark.parametrize("form", HOSTILE_FORMS)
@pytest.mark.parametrize("piece_bytes", [100_000, 9_973])
def test_a_hostile_form_is_refused_while_its_body_is_still_coming(
    server: Served, media: Path, form: str, piece_bytes: int
) -> None:
    hostile, code = HOSTILE_FORMS[form]
    body = hostile.ljust(CHUNK_BYTES, b"a")  # a form is read by the chunk
    sent = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "1100000"}
    connection, _ = begin_request(server, sent, reads=False)
    with connection:
        for start in range(0, len(body), piece_bytes):
            connection.sendall(body[start : start + piece_bytes])
        answer = b""
        while not answer.endswith(b"}"):  # the head may come alone
            answer += connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == code
    wait_until(lambda: folders(media) == [], what="the refused upload is deleted")


def test_bytes_arrive_on_disk_while_the_body_is_still_coming(
    tmp_path: Path, behind: Behind
) -> None:
    """Written as it comes, and no faster read than written: memory stays flat."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    chunks = [head, *[bytes(500_000)] * 4, b"\r\n--x--\r\n"]
    sizes: list[int] = []

    async def receive() -> Any:
        sizes.append(sum(path.stat().st_size for path in tmp_path.glob("media/*/recording")))
        body = chunks.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(chunks)}

    async def send(message: Any) -> None:
        pass

    app = UploadLayer(
        behind,
        media_root=tmp_path / "media",
        upload_paths=["/up"],
        identify=lambda scope: unlimited(),
        recheck=lambda caller: None,
    )
    scope: Any = {
        "type": "http",
        "method": "POST",
        "path": "/up",
        "headers": [(b"content-type", b"multipart/form-data; boundary=x")],
    }
    asyncio.run(app(scope, receive, send))

    assert sizes[-1] >= 1_000_000
    assert behind.uploads[0].size == 2_000_000


def unlimited() -> Caller:
    limits = Limits(
        plan_id="local",
        max_file_bytes=0,
        concurrency=0,
        daily_transcriptions=0,
        requests_per_minute=0,
        is_metered=False,
    )
    return Caller(principal=Principal(address="127.0.0.1"), limits=limits)


def test_other_bodies_are_handed_on_whole_and_limited(server: Served, behind: Behind) -> None:
    assert requests.post(server.url + "/other", json={"a": 1}).text == "taken"
    assert behind.bodies == [b'{"a": 1}']

    answer = requests.post(server.url + "/other", data=bytes(MAX_PLAIN_BYTES + 1))
    chunked = requests.post(server.url + "/other", data=iter([bytes(1_000_000)] * 3))

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert (chunked.status_code, chunked.json()["code"]) == (413, "body_too_large")


def begin_request(
    server: Served, headers: dict[str, str], *, body: bytes = b"", reads: bool = True
) -> tuple[socket.socket, bytes]:
    """Send a request's head and a part of its body; return the socket and what comes back."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(["POST /up HTTP/1.1", "Host: localhost", *lines, "", ""])
    connection.sendall(head.encode() + body)
    return connection, connection.recv(65536) if reads else b""
