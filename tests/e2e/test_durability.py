"""Processes that die or freeze while a recording is being transcribed: no job is lost, no segment
doubled, nothing charged twice.

The product's own processes, with the tiny Whisper, on the broker that loses most (the filesystem:
a killed worker takes its message with it). Each disaster must end in the very segments of an
undisturbed run. Leases are short here; windows come one by one, so that there is a midway.
"""

import sqlite3
import threading
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.processes import ROOT, System, wait_until
from transcripts.media import open_decoder

pytestmark = [pytest.mark.drills, pytest.mark.short, pytest.mark.e2e, pytest.mark.timeout(240)]

TINY_MODEL = ROOT / "tests" / "weights" / "whisper-en-cs-tiny"
SECONDS = 110
MINUTES = 2
ROLES = ("inference", "worker-short", "worker-bulk", "worker-housekeeping", "beat", "web")


@dataclass
class Product:
    """The running system, the recording that is sent to it, and what becomes of it undisturbed."""

    system: System
    recording: Path
    expected: list[dict[str, Any]]

    def headers(self, name: str) -> dict[str, str]:
        key = self.system.create_api_key(f"{name}@example.com", plan="free")
        return {"Authorization": f"Bearer {key}"}

    def send(self, headers: dict[str, str], **fields: str) -> requests.Response:
        with self.recording.open("rb") as file:
            return requests.post(
                f"{self.system.url}/v1/transcribe",
                headers=headers,
                files={"file": ("talk.wav", file)},
                data={"diarize": "false", **fields},  # no speaker model here
                timeout=120,
            )

    def fetch(self, headers: dict[str, str], transcript_id: str) -> dict[str, Any]:
        path = f"/api/v1/transcripts/{transcript_id}/"
        answer = requests.get(self.system.url + path, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def query(self, sql: str, *values: object) -> list[Any]:
        """Ask the database itself: it is the truth, also while the web process is dead."""
        with closing(sqlite3.connect(self.system.folder / "stt.sqlite3", timeout=30)) as database:
            return database.execute(sql, values).fetchall()

    def state(self, transcript_id: str) -> tuple[str, int, int]:
        """Return status, resume point and attempt."""
        jobs = "transcripts_transcriptionjob WHERE transcript_id = ?"
        sql = f"SELECT status, resume_ms, attempt FROM {jobs}"  # noqa: S608  # no value in it
        ((status, resume_ms, attempt),) = self.query(sql, transcript_id.replace("-", ""))
        return status, resume_ms, attempt

    def wait_for(
        self, transcript_id: str, condition: Callable[[str, int, int], bool], *, what: str
    ) -> None:
        wait_until(lambda: condition(*self.state(transcript_id)), what=what, within_s=60)

    def wait_until_claimed(self, transcript_id: str) -> None:
        self.wait_for(transcript_id, lambda status, *_: status != "queued", what="it is claimed")

    def wait_until_midway(self, transcript_id: str) -> None:
        self.wait_for(transcript_id, lambda _, resume_ms, __: resume_ms > 0, what="text comes")
        assert self.state(transcript_id)[0] == "processing", "too fast to be disturbed"

    def wait_until_done(self, transcript_id: str) -> None:
        done = ("completed", "completed_with_warnings", "failed", "cancelled")
        self.wait_for(transcript_id, lambda status, *_: status in done, what="it is done")

    def holds(self, transcript_id: str) -> list[tuple[str, int]]:
        sql = "SELECT state, settled_allowance_minutes FROM billing_hold WHERE reference = ?"
        return self.query(sql, transcript_id)

    def settlements(self, transcript_id: str) -> int:
        sql = "SELECT count(*) FROM billing_ledgerentry WHERE reference = ? AND kind = 'settlement'"
        ((count,),) = self.query(sql, transcript_id)
        return int(count)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("durability")
    models = folder / "models"
    models.mkdir()
    (models / TINY_MODEL.name).symlink_to(TINY_MODEL / "model")
    recording = folder / "talk.wav"
    write_talk(recording)
    env = {
        "STT_MODELS_DIR": str(models),
        "STT_BATCH_SIZE": "1",
        "STT_SHORT_RECORDING_MS": "30000",
        "STT_LEASE_S": "3",
        "STT_HEARTBEAT_S": "0.5",
        "STT_SWEEP_S": "0.5",
    }
    with System(folder / "data", env=env) as system:
        system.start(*ROLES)
        product = Product(system, recording, expected=[])
        answer = product.send(product.headers("undisturbed"))
        assert answer.status_code == 200, answer.text
        product.expected = answer.json()["segments"]
        assert len(product.expected) > 5
        yield product


def write_talk(path: Path) -> None:
    """Write the first `SECONDS` of the long recording, whose true duration is then known."""
    wanted = SECONDS * 32_000
    with (
        open_decoder(TINY_MODEL / "samples" / "long_3min.flac") as decoder,
        wave.open(str(path), "wb") as file,
    ):
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        for chunk in decoder:
            file.writeframes(chunk[: wanted - file.getnframes() * 2])
            if file.getnframes() * 2 >= wanted:
                break


def kill_worker(product: Product, transcript_id: str) -> None:
    product.system.kill("worker-bulk")
    product.system.start("worker-bulk")


def kill_inference(product: Product, transcript_id: str) -> None:
    product.system.kill("inference")
    product.system.start("inference")


def kill_web(product: Product, transcript_id: str) -> None:
    product.system.kill("web")
    product.system.start("web")


def kill_everything(product: Product, transcript_id: str) -> None:
    for name in ROLES:
        product.system.kill(name)
    product.system.start(*ROLES)


def kill_worker_and_inference(product: Product, transcript_id: str) -> None:
    for name in ("worker-bulk", "inference"):
        product.system.kill(name)
    product.system.start("inference", "worker-bulk")


def stop_worker(product: Product, transcript_id: str) -> None:
    """As in a rolling restart: SIGTERM; the job is given back at once, not waited for."""
    product.system.stop("worker-bulk", within_s=20)
    product.system.start("worker-bulk")


def freeze_worker(product: Product, transcript_id: str) -> None:
    """Another worker takes over and finishes; the first then wakes up with its old lease."""
    system = product.system
    _, _, attempt = product.state(transcript_id)
    system.freeze("worker-bulk")
    system.start("worker-bulk:2")
    product.wait_for(transcript_id, lambda *state: state[2] > attempt, what="another took over")
    system.thaw("worker-bulk")
    product.wait_until_done(transcript_id)
    system.kill("worker-bulk:2")


def freeze_inference(product: Product, transcript_id: str) -> None:
    """Its connections stay open silently: only pings show it."""
    system = product.system
    lines_before = system.log("worker-bulk").count("recognition_interrupted")
    system.freeze("inference")
    try:
        wait_until(
            lambda: system.log("worker-bulk").count("recognition_interrupted") > lines_before,
            what="the worker noticed",
        )
    finally:
        system.thaw("inference")


DISASTERS = [
    ("claimed", kill_worker),
    ("claimed", kill_web),
    ("midway", kill_worker),
    ("midway", stop_worker),
    ("midway", freeze_worker),
    ("midway", kill_inference),
    ("midway", freeze_inference),
    ("midway", kill_worker_and_inference),
    ("midway", kill_everything),
]


@pytest.mark.parametrize(
    ("moment", "strike"), DISASTERS, ids=[f"{strike.__name__}-{when}" for when, strike in DISASTERS]
)
def test_a_disturbed_run_ends_with_the_transcript_of_an_undisturbed_one(
    product: Product, moment: str, strike: Callable[[Product, str], None]
) -> None:
    headers = product.headers(f"{strike.__name__}-{moment}")
    transcript_id = product.send(headers, **{"async": "true"}).json()["id"]
    product.wait_until_claimed(transcript_id)
    if moment == "midway":
        product.wait_until_midway(transcript_id)

    strike(product, transcript_id)

    product.wait_until_done(transcript_id)
    done = product.fetch(headers, transcript_id)
    assert (done["status"], done["error"]) == ("completed", None)
    assert done["segments"] == product.expected
    assert product.holds(transcript_id) == [("settled", MINUTES)]
    assert product.settlements(transcript_id) == 1


def test_waiting_client_gets_its_transcript_when_the_worker_dies(product: Product) -> None:
    headers = product.headers("waiting")
    before = {row[0] for row in product.query("SELECT id FROM transcripts_transcript")}

    def new_ids() -> list[str]:
        rows = product.query("SELECT id FROM transcripts_transcript")
        return [row[0] for row in rows if row[0] not in before]

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(product.send, headers)
        wait_until(lambda: bool(new_ids()), what="the recording is accepted")
        (transcript_id,) = new_ids()
        product.wait_until_midway(transcript_id)
        kill_worker(product, transcript_id)
        answered = answer.result()

    assert answered.status_code == 200
    assert answered.json()["segments"] == product.expected


def test_same_request_finds_the_job_when_the_web_process_died(product: Product) -> None:
    headers = product.headers("again")
    broken: list[requests.RequestException] = []

    def send() -> None:
        try:
            product.send(headers)
        except requests.RequestException as error:
            broken.append(error)

    sql = "SELECT count(*) FROM transcripts_transcript"
    before = product.query(sql)[0][0]
    client = threading.Thread(target=send)
    client.start()
    wait_until(lambda: product.query(sql)[0][0] > before, what="the recording is accepted")
    kill_web(product, "")
    client.join()
    assert broken

    answer = product.send(headers)

    assert answer.status_code == 200
    assert answer.json()["segments"] == product.expected
    assert product.query(sql)[0][0] == before + 1
    assert product.settlements(answer.json()["id"]) == 1
