"""Web processes that end during a live session: nothing that was journalled is lost.

The product's own processes, with the tiny Whisper, over a real socket.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.e2e.processes import ROOT, System, wait_until
from transcripts.media import open_decoder

pytestmark = [pytest.mark.drills, pytest.mark.e2e, pytest.mark.timeout(180)]

TINY_MODEL = ROOT / "tests" / "weights" / "whisper-en-cs-tiny"
SECONDS = 20
ROLES = ("inference", "worker-short", "worker-housekeeping", "beat", "web")


@dataclass
class Speaker:
    """A speaker who has spoken for `SECONDS`, all of it journalled."""

    system: System
    socket: ClientConnection
    transcript_id: str
    resume_token: str

    def state(self) -> tuple[str, int, str]:
        """Return status, recognised milliseconds and the text, as the database has them."""
        key = self.transcript_id.replace("-", "")
        with closing(sqlite3.connect(self.system.folder / "stt.sqlite3", timeout=30)) as database:
            status, received_ms = database.execute(
                "SELECT t.status, j.audio_duration_ms FROM transcripts_transcript t"
                " JOIN transcripts_transcriptionjob j ON j.id = t.job_id WHERE t.id = ?",
                (key,),
            ).fetchone()
            texts = database.execute(
                "SELECT text FROM transcripts_segment WHERE transcript_id = ? ORDER BY position",
                (key,),
            ).fetchall()
        return status, received_ms, " ".join(text for (text,) in texts)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("live")
    models = folder / "models"
    models.mkdir()
    (models / TINY_MODEL.name).symlink_to(TINY_MODEL / "model")
    env = {
        "STT_MODELS_DIR": str(models),
        "STT_LEASE_S": "3",
        "STT_HEARTBEAT_S": "0.5",
        "STT_SWEEP_S": "0.5",
        "STT_LIVE_PAUSE_S": "15",
    }
    with System(folder / "data", env=env) as running:
        running.start(*ROLES)
        yield running


@pytest.fixture(scope="module")
def talk() -> bytes:
    """Return the PCM of `SECONDS` of speech."""
    pcm = b""
    with open_decoder(TINY_MODEL / "samples" / "long_3min.flac") as decoder:
        for chunk in decoder:
            pcm += chunk
            if len(pcm) >= SECONDS * 32_000:
                break
    return pcm[: SECONDS * 32_000]


def open_socket(system: System) -> ClientConnection:
    url = system.url.replace("http://", "ws://") + "/v1/stream"
    return connect(url, additional_headers=system.headers)


def read_until(socket: ClientConnection, what: str, *, at_least: int = 0) -> dict[str, Any]:
    """Return the first message that has `what`, and as much audio journalled."""
    while True:
        message: dict[str, Any] = json.loads(socket.recv(timeout=60))
        assert "error" not in message, message
        if message.get(what) and message["audio_ms"] >= at_least:
            return message


@pytest.fixture
def speaker(system: System, talk: bytes) -> Iterator[Speaker]:
    with open_socket(system) as socket:
        socket.send(json.dumps({"language": "en"}))
        started = read_until(socket, "resume_token")
        for start in range(0, len(talk), 16_000):
            socket.send(talk[start : start + 16_000])
        read_until(socket, "seq", at_least=SECONDS * 1000)
        yield Speaker(system, socket, started["transcript_id"], started["resume_token"])


def resume(speaker: Speaker) -> dict[str, Any]:
    """Go on behind another socket, send nothing more, and return the last message."""
    with open_socket(speaker.system) as socket:
        socket.send(json.dumps({"resume_token": speaker.resume_token}))
        assert read_until(socket, "resume_token")["audio_ms"] == SECONDS * 1000
        socket.send(json.dumps({"action": "stop"}))
        return read_until(socket, "is_final")


def recording_of(folder: Path, pcm: bytes) -> bool:
    return any(path.read_bytes()[44:] == pcm for path in folder.glob("media/*/recording"))


def test_a_worker_finishes_what_a_killed_web_process_received(
    system: System, speaker: Speaker, talk: bytes
) -> None:
    system.kill("web")

    wait_until(lambda: speaker.state()[0] == "completed", what="it is finished", within_s=60)
    system.start("web")
    status, received_ms, text = speaker.state()
    assert (status, received_ms) == ("completed", SECONDS * 1000)
    assert len(text.split()) > SECONDS
    assert recording_of(system.folder, talk)


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_client_goes_on_at_the_next_web_process(
    system: System, speaker: Speaker, end: str
) -> None:
    getattr(system, end)("web")
    with pytest.raises(ConnectionClosed):  # noqa: PT012  # what was sent before comes first
        while True:
            speaker.socket.recv(timeout=10)
    system.start("web")

    last = resume(speaker)

    assert last["duration"] == SECONDS
    assert len(last["transcript"].split()) > SECONDS
    assert speaker.state()[:2] == ("completed", SECONDS * 1000)
