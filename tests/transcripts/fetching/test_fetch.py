"""Recordings that come by their address, from a real server on this machine."""

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pytest_django import Settings

from billing.ledger import read_balance
from tests.e2e.processes import wait_until
from tests.transcripts.served_api import Client, Worker, make_client, wav
from transcripts.fetching.addresses import FetchError, check_address, name_of
from transcripts.fetching.download import fetch
from transcripts.models import Status, Transcript

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Site:
    """Another server: what it answers by path, and what it was asked."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, path: str, body: bytes, *, kind: str = "audio/wav", status: int = 200) -> str:
        self.answers[path] = (status, {"Content-Type": kind}, body)
        return self.url + path

    def lead(self, path: str, to: str) -> str:
        self.answers[path] = (302, {"Location": to}, b"")
        return self.url + path


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    settings.FETCH_ALLOWED_NETWORKS = ["127.0.0.1/32"]
    found = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            status, headers, body = found.answers.get(self.path, (404, {}, b"not here"))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()
        thread.join(5)


def fetch_to(path: Path, url: str, *, limit_bytes: int = 0) -> bytes:
    fetch(url, path, limit_bytes=limit_bytes, note=lambda _: None)
    return path.read_bytes()


def code_of(path: Path, url: str, *, limit_bytes: int = 0) -> str:
    with pytest.raises(FetchError) as refusal:
        fetch_to(path, url, limit_bytes=limit_bytes)
    assert refusal.value.message.endswith(".")
    return refusal.value.code


def test_a_recording_is_fetched_and_transcribed(client: Client, worker: Worker, site: Site) -> None:
    address = site.lead("/latest?key=secret", "/files/My%20talk.wav")
    site.put("/files/My%20talk.wav", wav(seconds=3))

    answer = client.call("POST", "/v1/transcribe", files=form(url=address, diarize="false"))

    assert answer.status_code == 200, answer.text
    assert answer.json()["text"] == "w0 w1 w2"
    transcript = Transcript.objects.get(pk=answer.headers["X-Transcript-Id"])
    recording = transcript.recording
    assert (recording.file_name, recording.size_bytes) == ("My talk.wav", len(wav(seconds=3)))
    assert recording.url == ""  # it may hold a secret
    assert client.account is not None
    assert read_balance(client.account).minutes_left == 59


def test_a_recording_is_fetched_in_the_background(
    client: Client, worker: Worker, site: Site
) -> None:
    address = site.put("/meeting.wav", wav())

    answer = client.call("POST", "/v1/transcribe", files=form(url=address, **{"async": "true"}))

    assert answer.status_code == 202
    transcript = Transcript.objects.get(pk=answer.json()["id"])
    assert transcript.title == "meeting"
    wait_until(
        lambda: Transcript.objects.get(pk=transcript.pk).status == Status.COMPLETED, what="text"
    )


def test_what_can_not_be_fetched_fails_with_a_sentence_and_costs_nothing(
    client: Client, worker: Worker, site: Site
) -> None:
    address = site.put("/page", b"<!doctype html><html>" + b" " * 200, kind="audio/mpeg")

    answer = client.call("POST", "/v1/transcribe", files=form(url=address))

    assert (answer.status_code, answer.json()["code"]) == (400, "not_a_media_address")
    assert Transcript.objects.get().status == Status.FAILED
    assert client.account is not None
    assert read_balance(client.account).minutes_left == 60


def test_a_recording_longer_than_what_is_left_is_not_begun(
    guest: Client, worker: Worker, site: Site
) -> None:
    poor = make_client(guest.url, minutes=1)
    address = site.put("/long.wav", wav(seconds=130))

    answer = poor.call("POST", "/v1/transcribe", files=form(url=address))

    assert (answer.status_code, answer.json()["code"]) == (402, "no_credits")
    assert poor.account is not None
    assert read_balance(poor.account).minutes_left == 1


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://www.youtube.com/watch?v=1", "not_a_media_address"),
        ("https://youtu.be/1", "not_a_media_address"),
        ("https://player.vimeo.com/video/1", "not_a_media_address"),
        ("file:///etc/passwd", "invalid_url"),
        ("ftp://example.com/a.mp3", "invalid_url"),
        ("https://user:pw@example.com/a.mp3", "invalid_url"),
        ("https://example.com:22/a.mp3", "invalid_url"),
        ("talk.mp3", "invalid_url"),
        ("http://127.0.0.1/a.mp3", "address_refused"),
        ("http://0x7f000001/a.mp3", "address_refused"),
        ("http://[::1]/a.mp3", "address_refused"),
        ("http://169.254.169.254/latest/meta-data", "address_refused"),
        ("http://localhost/a.mp3", "address_refused"),
    ],
)
def test_what_is_refused_before_anything_is_asked(client: Client, url: str, code: str) -> None:
    answer = client.call("POST", "/v1/transcribe", files=form(url=url))

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Transcript.objects.exists()


def test_an_address_needs_an_account(guest: Client) -> None:
    answer = guest.call("POST", "/v1/transcribe", files=form(url="https://example.com/a.mp3"))
    assert (answer.status_code, answer.json()["code"]) == (401, "missing_key")


def test_a_file_or_its_address_and_not_both(client: Client) -> None:
    both = client.transcribe(url="https://example.com/a.mp3")
    assert (both.status_code, both.json()["code"]) == (400, "too_many_files")
    imported = client.call(
        "POST", "/api/v1/transcripts/import/", files=form(url="https://a.example/")
    )
    assert (imported.status_code, imported.json()["code"]) == (400, "missing_file")


def test_a_redirect_leads_to_no_private_place(tmp_path: Path, site: Site) -> None:
    for number, place in enumerate(
        ("http://127.0.0.2/", "http://[::1]/", "http://169.254.169.254/", "file:///etc/passwd")
    ):
        code = code_of(tmp_path / str(number), site.lead(f"/{number}", place))
        assert code in ("fetch_failed", "invalid_url")
    assert code_of(tmp_path / "loop", site.lead("/loop", "/loop")) == "fetch_failed"
    assert site.asked.count("/loop") == 6


def test_a_name_that_leads_home_is_not_called(tmp_path: Path, site: Site) -> None:
    """Resolved once, and checked: a name that answers otherwise the next time gains nothing."""
    port = site.url.rpartition(":")[2]
    asked: list[str] = []

    def lookup(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["10.0.0.1"] if len(asked) == 1 else ["127.0.0.1"]

    with pytest.raises(FetchError):
        fetch(
            f"http://rebound.example:{port}/a.wav",
            tmp_path / "a",
            limit_bytes=0,
            note=lambda _: None,
            lookup=lookup,
        )
    assert (asked, site.asked) == (["rebound.example"], [])


def test_size_and_kind_are_checked_as_it_comes(tmp_path: Path, site: Site) -> None:
    large = site.put("/large.wav", wav(seconds=10))
    assert code_of(tmp_path / "a", large, limit_bytes=100_000) == "file_too_large"
    declared = {"Content-Type": "audio/wav", "Content-Length": "90000000"}
    site.answers["/declared"] = (200, declared, b"RIFF")
    assert code_of(tmp_path / "b", f"{site.url}/declared", limit_bytes=5_000) == "file_too_large"
    page = site.put("/page", b"<p>" + b" " * 100, kind="text/html; charset=utf-8")
    assert code_of(tmp_path / "c", page) == "not_a_media_address"
    letter = site.put("/letter", b"%PDF-1.7" + b"x" * 100)
    assert code_of(tmp_path / "d", letter) == "not_audio"
    assert code_of(tmp_path / "e", f"{site.url}/none") == "fetch_failed"
    site.answers["/cut"] = (200, {"Content-Length": "9000"}, wav()[:1000])
    assert code_of(tmp_path / "f", f"{site.url}/cut") == "fetch_failed"


def test_a_server_that_takes_too_long_is_left(
    tmp_path: Path, site: Site, settings: Settings
) -> None:
    settings.FETCH_TIMEOUT_S = 0
    assert code_of(tmp_path / "a", site.put("/a.wav", wav())) == "fetch_too_slow"


def test_a_file_is_called_as_in_its_address() -> None:
    assert name_of("https://a.example/x/My%20talk.mp3?k=1#t") == "My talk.mp3"
    assert name_of("https://a.example/") == "a.example"
    assert check_address(" https://a.example/b.mp3 ").host == "a.example"


def form(**fields: str) -> dict[str, tuple[None, str]]:
    """As a multipart form without a file."""
    return {name: (None, value) for name, value in fields.items()}
