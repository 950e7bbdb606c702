"""What must stay flat: memory under big uploads, threads under many that wait."""

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path

import psutil
import pytest
import requests

from tests.contract.conftest import RECORDING, TEXT
from tests.e2e.processes import System, wait_until

pytestmark = [pytest.mark.drills, pytest.mark.e2e]

BIG_BYTES = 600_000_000
FLAT_BYTES = 60_000_000
WAITING = 300
# Pools that fill up with use: slots, ingest, probing, watcher, health, models.
POOLS = 40


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big.wav"
    with path.open("wb") as file:
        file.truncate(BIG_BYTES)
    return path


class Memory:
    """The peak of a process's resident memory above what it was at first."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is reset
        self._before = self._read("VmRSS")

    def growth(self) -> int:
        return self._read("VmHWM") - self._before

    def _read(self, name: str) -> int:
        status = Path(f"/proc/{self._pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(name))
        return int(line.split()[1]) * 1024


def curl(*arguments: str) -> tuple[str, str]:
    done = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code}", *arguments],
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    body, status = done.stdout.rsplit("\n", 1)
    return status, body


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_guests_600_mb_are_refused_with_flat_memory(
    system: System, big: Path, is_chunked: bool
) -> None:
    memory = Memory(system.pid("web"))
    chunked = ["-H", "Transfer-Encoding: chunked"] if is_chunked else []

    status, body = curl(*chunked, "-F", f"file=@{big}", system.url + "/v1/transcribe")

    assert (status, json.loads(body)["code"]) == ("413", "file_too_large")
    assert memory.growth() < FLAT_BYTES


def test_requests_sees_the_413_of_600_mb(system: System, big: Path) -> None:
    memory = Memory(system.pid("web"))

    with big.open("rb") as file:
        answer = requests.post(system.url + "/v1/transcribe", files={"file": file})

    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert memory.growth() < FLAT_BYTES


def test_600_mb_that_are_taken_are_written_with_flat_memory(system: System, big: Path) -> None:
    """The content is no recording, which is found out when all of it has arrived."""
    memory = Memory(system.pid("web"))
    key = ["-H", "Authorization: " + system.headers["Authorization"]]

    status, _ = curl(*key, "-F", f"file=@{big}", system.url + "/v1/transcribe")

    assert status == "400"
    assert memory.growth() < FLAT_BYTES
    media = system.folder / "media"
    wait_until(
        lambda: not any(path.stat().st_size > 10**8 for path in media.glob("*/recording")),
        what="the refused upload is deleted",
    )


def test_300_that_wait_hold_no_threads_and_all_are_answered(system: System) -> None:
    web = psutil.Process(system.pid("web"))
    threads_before = web.num_threads()
    joined_before = system.log("web").count("event=transcript_joined")
    system.freeze("worker-short")
    try:
        waiting = [begin_waiting(system) for _ in range(WAITING)]
        wait_until(
            lambda: (
                system.log("web").count("event=transcript_joined") - joined_before == WAITING - 1
            ),
            what="all but the first have joined it",
        )
        threads = web.num_threads()
        started = time.monotonic()
        health = requests.get(system.url + "/health", timeout=30)
        health_s = time.monotonic() - started
    finally:
        system.thaw("worker-short")

    answers = [finish_waiting(connection) for connection in waiting]

    assert threads - threads_before < POOLS
    assert (health.status_code, health_s < 5) == (200, True)  # no measurement: not behind them
    assert {answer["text"] for answer in answers} == {TEXT}
    assert len({answer["id"] for answer in answers}) == 1


def begin_waiting(system: System) -> socket.socket:
    """Send the whole request, and read nothing."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.flac"\r\n\r\n'
        + RECORDING.read_bytes()
        + b'\r\n--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nMany wait.\r\n--x--\r\n'
    )
    head = (
        "POST /v1/transcribe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: {system.headers['Authorization']}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", system.port("web")), timeout=90)
    connection.sendall(head.encode() + body)
    return connection


def finish_waiting(connection: socket.socket) -> dict[str, str]:
    with connection, connection.makefile("rb") as stream:
        whole = stream.read()
    head, _, body = whole.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head[:200]
    answer: dict[str, str] = json.loads(body)
    return answer


def test_curl_is_there() -> None:
    """The tests above need it, and so does everybody who reads the documentation."""
    assert shutil.which("curl")
