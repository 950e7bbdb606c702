"""Web and workers as on machines of their own: each with its own folder, and one bucket for all.

The product's processes with the tiny Whisper. What no process may see of another's folder goes
through the bucket: recordings, masked copies, waveforms, enhanced recordings.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.sync.client import connect

from tests.e2e.processes import ROOT, System, wait_until
from tests.e2e.test_live import read_until
from tests.s3_server import SECRET_KEY, S3Server
from transcripts.media import open_decoder

pytestmark = [pytest.mark.drills, pytest.mark.short, pytest.mark.e2e, pytest.mark.timeout(240)]

TINY_MODEL = ROOT / "tests" / "weights" / "whisper-en-cs-tiny"
RECORDING = ROOT / "samples" / "hello.flac"
ROLES = ("web", "worker-short", "worker-housekeeping")


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture(scope="module")
def system(bucket: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("system")
    models = folder / "models"
    models.mkdir()
    (models / TINY_MODEL.name).symlink_to(TINY_MODEL / "model")
    env = {
        **bucket.env,
        "STT_MODELS_DIR": str(models),
        "STT_LOG_LEVEL": "DEBUG",
        "STT_LEASE_S": "6",
        "STT_SWEEP_S": "1",
    }
    with System(folder / "data", env=env) as system:
        for role in ROLES:
            system.own_env[role] = {"STT_MEDIA_DIR": str(folder / f"media of {role}")}
        system.start("inference", *ROLES, "beat")
        yield system


def call(system: System, method: str, path: str, **options: Any) -> requests.Response:
    headers = {**system.headers, **options.pop("headers", {})}
    return requests.request(method, system.url + path, headers=headers, timeout=60, **options)


def send(system: System, **fields: str) -> requests.Response:
    with RECORDING.open("rb") as file:
        return call(
            system,
            "POST",
            "/v1/transcribe",
            files={"file": ("talk.flac", file)},
            data={"diarize": "false", **fields},
        )


def media_of(system: System, role: str) -> Path:
    return Path(system.own_env[role]["STT_MEDIA_DIR"])


def samples_of(path: Path) -> int:
    with open_decoder(path) as decoder:
        return len(b"".join(decoder)) // 2


def test_a_recording_goes_from_machine_to_machine_and_is_deleted_on_all(
    system: System, bucket: S3Server, tmp_path: Path
) -> None:
    answer = send(system)
    assert answer.status_code == 200, answer.text
    transcript = f"/api/v1/transcripts/{answer.headers['X-Transcript-Id']}/"

    content = RECORDING.read_bytes()
    played = call(system, "GET", f"{transcript}audio/", headers={"Range": "bytes=10-99"})
    assert (played.status_code, played.content) == (206, content[10:100])

    def masked() -> requests.Response:
        return call(system, "GET", f"{transcript}redacted-audio/")

    wait_until(lambda: masked().status_code == 200, what="a worker masked it", within_s=60)
    assert masked().headers["Content-Type"] == "audio/mpeg"
    copy = tmp_path / "masked.mp3"
    copy.write_bytes(masked().content)
    assert abs(samples_of(copy) - samples_of(RECORDING)) < 1_600  # 0.1 s: an MP3's padding

    def peaks() -> requests.Response:
        return call(system, "GET", f"{transcript}peaks/")

    wait_until(lambda: peaks().status_code == 200, what="a worker drew it", within_s=60)
    assert peaks().json()["peaks"]
    folders = [media_of(system, role) for role in ROLES]
    assert all(list(folder.glob("*/recording")) for folder in folders)
    assert len({key.rpartition("/")[0] for key in bucket.list_keys()}) == 2

    assert call(system, "DELETE", transcript).status_code == 204
    assert bucket.list_keys() == []
    assert call(system, "GET", f"{transcript}audio/").status_code == 404
    assert not list(folders[0].glob("*/recording"))


def test_what_a_worker_can_not_fetch_waits_and_is_done_when_the_bucket_is_back(
    system: System, bucket: S3Server
) -> None:
    system.freeze("worker-short")
    answer = send(system, **{"async": "true", "language": "en"})
    assert answer.status_code == 202, answer.text
    transcript = f"/api/v1/transcripts/{answer.headers['X-Transcript-Id']}/"
    with bucket.failing("away"):
        system.thaw("worker-short")
        wait_until(
            lambda: "event=work_given_back" in system.log("worker-short"),
            what="the worker met the outage",
        )
        refused = send(system, language="cs")
        assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
    wait_until(
        lambda: call(system, "GET", transcript).json()["status"] == "completed",
        what="it is transcribed",
        within_s=60,
    )


def test_doctor_finds_workers_that_share_the_bucket_and_no_folder(system: System) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=ROOT,
        env=system.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found = json.loads(done.stdout)["findings"]
    levels = {each["subject"]: each["level"] for each in found}
    assert (levels["storage"], levels["workers"]) == ("ok", "ok"), found


def test_a_live_session_goes_on_at_another_machine(system: System, bucket: S3Server) -> None:
    with open_decoder(TINY_MODEL / "samples" / "en_talk_20s.flac") as decoder:
        talk = b"".join(decoder)[: 15 * 32_000]
    with connect(stream_of(system.url), additional_headers=system.headers) as socket:
        socket.send(json.dumps({"language": "en"}))
        started = read_until(socket, "resume_token")
        for start in range(0, len(talk) // 2, 16_000):
            socket.send(talk[start : start + 16_000])
        held_ms = read_until(socket, "seq", at_least=5000)["audio_ms"]
        system.kill("web")
    system.own_env["web:2"] = {"STT_MEDIA_DIR": f"{media_of(system, 'web')} 2"}
    system.start("web:2")
    with connect(stream_of(system.url_of("web:2")), additional_headers=system.headers) as socket:
        socket.send(json.dumps({"resume_token": started["resume_token"]}))
        at = read_until(socket, "resume_token")["audio_ms"] * 32
        assert at >= held_ms * 32
        for start in range(at, len(talk), 16_000):
            socket.send(talk[start : start + 16_000])
        socket.send(json.dumps({"action": "stop"}))
        last = read_until(socket, "is_final")
    assert last["duration"] == len(talk) / 32_000
    played = requests.get(
        f"{system.url_of('web:2')}/api/v1/transcripts/{started['transcript_id']}/audio/",
        headers=system.headers,
        timeout=30,
    )
    assert played.content[44:] == talk
    assert not [key for key in bucket.list_keys() if "epoch" in key]
    system.start("web")


def stream_of(url: str) -> str:
    return url.replace("http://", "ws://") + "/v1/stream"


def test_no_log_has_the_secret(system: System, bucket: S3Server) -> None:
    with bucket.failing("error"):
        refused = send(system)
    assert refused.json()["code"] == "storage_unavailable"
    for name in (*ROLES, "beat", "inference"):
        assert SECRET_KEY not in system.log(name)
    assert "event=storage_away" in system.log("web")
