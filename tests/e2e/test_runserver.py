"""`manage.py runserver`: Daphne serves pages, uploads and sockets while one develops."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests
from websockets.sync.client import connect

from tests.e2e.processes import ROOT, System, accepts_connections, free_port, wait_until
from tests.transcripts.live.fake_stream import FakeStream
from tests.transcripts.served_api import wav

pytestmark = [pytest.mark.clients, pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with FakeStream() as inference:
        env = {"STT_INFERENCE_TARGET": inference.target, "STT_DEBUG": "1"}
        with System(tmp_path_factory.mktemp("runserver") / "data", env=env) as prepared:
            yield prepared


@pytest.fixture(scope="module")
def address(system: System) -> Iterator[str]:
    port = free_port()
    log = system.folder / "runserver.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"],
            cwd=ROOT,
            env=system.env,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: accepts_connections(port), what="runserver listens", within_s=60)
        assert "daphne" in log.read_text().lower()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def test_a_page(address: str) -> None:
    answer = requests.get(address + "/account/login/", timeout=30)

    assert answer.status_code == 200
    assert "<form" in answer.text
    assert answer.headers["X-Request-Id"]


def test_an_upload(address: str, system: System) -> None:
    answer = requests.post(
        address + "/v1/transcribe",
        headers=system.headers,
        files={"file": ("talk.wav", wav(seconds=1))},
        data={"async": "true"},
        timeout=30,
    )
    assert answer.status_code == 202, answer.text

    listed = requests.get(address + "/api/v1/transcripts/", headers=system.headers, timeout=30)
    assert [each["id"] for each in listed.json()["results"]] == [answer.json()["id"]]


def test_a_socket_from_the_first_frame_to_the_last_text(address: str, system: System) -> None:
    stream = address.replace("http", "ws") + "/v1/stream"
    with connect(stream, additional_headers=system.headers) as socket:
        assert json.loads(socket.recv(30))["status"] == "ready"
        socket.send(json.dumps({"language": "en"}))
        socket.send(bytes(2 * 32_000))
        socket.send(json.dumps({"action": "stop"}))
        messages = [json.loads(text) for text in socket]

    assert messages[-1]["final"] is True
    assert messages[-1]["transcript"] == "w0 w1"
    assert socket.close_code == 1000
