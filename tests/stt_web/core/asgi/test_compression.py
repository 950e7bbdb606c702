"""What goes out compressed, and what doesn't: over a real socket, and of the product itself."""

import gzip
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import brotli
import pytest

from stt_web.core.asgi.compression import CompressionLayer, choose_coding
from tests.stt_web.served import Served
from tests.transcripts.served_api import Client, guest, inference, server

__all__ = ["guest", "inference", "server"]
TEXT = ("The same words, again and again. " * 6000).encode()  # several chunks
CHUNKS = [b"data: one\n\n", b"data: two\n\n"]


async def send_answer(scope: Any, receive: Any, send: Any) -> None:
    """Answers of each kind, by their address."""
    kinds: dict[str, tuple[int, list[tuple[bytes, bytes]], list[bytes]]] = {
        "/page": (200, [(b"content-type", b"text/html; charset=utf-8")], [TEXT]),
        "/account/keys/": (200, [(b"content-type", b"text/html; charset=utf-8")], [TEXT]),
        "/json": (200, [(b"Content-Type", b"application/json"), (b"ETag", b'"7"')], [TEXT]),
        "/short": (200, [(b"content-type", b"text/html")], [TEXT[:100]]),
        "/audio": (200, [(b"content-type", b"audio/mpeg")], [TEXT]),
        "/done": (
            200,
            [(b"content-type", b"text/css"), (b"content-encoding", b"br")],
            [brotli.compress(TEXT)],
        ),
        "/part": (
            206,
            [(b"content-type", b"text/plain"), (b"content-range", b"bytes 0-9/99")],
            [TEXT],
        ),
        "/events": (200, [(b"content-type", b"text/event-stream")], CHUNKS),
        "/stream": (200, [(b"content-type", b"text/plain")], CHUNKS),
    }
    status, headers, chunks = kinds[scope["path"]]
    if chunks is not CHUNKS:
        headers = [*headers, (b"content-length", str(sum(map(len, chunks))).encode())]
        chunks = [chunks[0][at : at + 2**16] for at in range(0, len(chunks[0]), 2**16)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with Served(CompressionLayer(send_answer)) as served:
        yield served.url


def fetch(
    address: str, path: str, *, accepted: str = "gzip, br", method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Return the answer and its body as they came: nothing is decoded on the way."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request(method, path, headers={"Accept-Encoding": accepted, **headers})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("BR", "br"),
        ("identity", ""),
        ("", ""),
        ("br; q=0.0", ""),
    ],
)
def test_the_best_coding_that_a_client_takes_is_chosen(accepted: str, coding: str) -> None:
    assert choose_coding(accepted) == coding


@pytest.mark.parametrize(
    ("accepted", "decode"), [("gzip, br", brotli.decompress), ("gzip", gzip.decompress)]
)
@pytest.mark.parametrize("path", ["/page", "/json"])
def test_text_is_compressed(address: str, path: str, accepted: str, decode: Any) -> None:
    answer, body = fetch(address, path, accepted=accepted)

    assert len(body) < len(TEXT) / 20
    assert decode(body) == TEXT
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Content-Length" not in answer.headers or int(answer.headers["Content-Length"]) < 9000
    assert answer.headers["ETag"] == ('"7"' if path == "/json" else None)


@pytest.mark.parametrize("path", ["/short", "/audio", "/part", "/events", "/stream"])
def test_what_gains_nothing_or_is_a_stream_is_left_as_it_is(address: str, path: str) -> None:
    answer, body = fetch(address, path)

    assert "Content-Encoding" not in answer.headers
    assert body in (TEXT, TEXT[:100], b"".join(CHUNKS))


def test_what_has_a_coding_is_not_compressed_again(address: str) -> None:
    answer, body = fetch(address, "/done")

    assert answer.headers.get_all("Content-Encoding") == ["br"]
    assert brotli.decompress(body) == TEXT


def test_a_request_for_a_range_is_not_compressed(address: str) -> None:
    answer, body = fetch(address, "/page", Range="bytes=0-9")

    assert "Content-Encoding" not in answer.headers
    assert body == TEXT


def test_a_page_that_shows_a_secret_is_not_compressed(address: str) -> None:
    """BREACH reads a secret off the lengths of compressed pages."""
    answer, body = fetch(address, "/account/keys/")

    assert "Content-Encoding" not in answer.headers
    assert body == TEXT


def test_the_products_pages_answers_and_files_are_compressed(guest: Client) -> None:
    page, body = fetch(guest.url, "/")
    html = brotli.decompress(body).decode()
    assert page.headers["Content-Encoding"] == "br"
    assert "Accept-Encoding" in page.headers["Vary"]
    assert html.startswith("<!doctype html>")

    _answer, document = fetch(guest.url, "/openapi.json", accepted="gzip")
    assert json.loads(gzip.decompress(document))["openapi"]

    head, nothing = fetch(guest.url, "/", method="HEAD")
    assert (head.status, nothing) == (200, b"")
    assert "Content-Encoding" not in head.headers
