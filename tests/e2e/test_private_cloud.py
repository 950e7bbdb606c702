"""Where each account's audio went: two real inference processes, by their own metrics.

One is shared; the other is an account's own, behind TLS with a CA of its own and a token.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import Settings

from billing.cloud import InstanceDetails
from billing.models import BillingAccount
from billing.plans import change_plan
from tests.billing.conftest import create_account
from tests.billing.instances import register_instance
from tests.certificates import make_certificates
from tests.e2e.processes import ROOT, accepts_connections, free_port, wait_until
from tests.inference_service.recordings import TINY_MODEL
from tests.transcripts.conftest import MakeTranscript, make_transcript
from tests.transcripts.rows import run_transcript
from transcripts.models import Status, Transcript

__all__ = ["make_transcript"]  # the fixture

pytestmark = [pytest.mark.drills, pytest.mark.short, pytest.mark.e2e]
RECORDING = TINY_MODEL / "samples" / "en_short_1.flac"
TOKEN = "of-the-private-instance"


@dataclass
class InferenceProcess:
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)

    def start(self) -> None:
        log = (self.folder / f"inference-{self.port}.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "inference_service"],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            env=os.environ
            | {
                "STT_INFERENCE_LISTEN": self.target,
                "STT_METRICS_LISTEN": f"127.0.0.1:{self.metrics_port}",
                "STT_MODELS_DIR": str(self.folder),
                "STT_DEFAULT_MODEL": "tiny",
                "STT_OFFLINE": "1",
                **self.settings,
            },
        )
        wait_until(lambda: accepts_connections(self.port), what="inference is up", within_s=60)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def received_s(self) -> float:
        """The audio that went through its recogniser, by its metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics") as answer:
            text = answer.read().decode()
        found = re.search(r"^stt_audio_seconds_total (\S+)$", text, re.MULTILINE)
        assert found is not None
        return float(found[1])


@pytest.fixture
def shared(tmp_path: Path, settings: Settings) -> Iterator[InferenceProcess]:
    (tmp_path / "tiny").symlink_to(TINY_MODEL / "model")
    process = InferenceProcess(tmp_path)
    process.start()
    settings.INFERENCE_TARGET = process.target
    yield process
    process.stop()


@pytest.fixture
def own(tmp_path: Path, shared: InferenceProcess) -> Iterator[InferenceProcess]:
    made = make_certificates(tmp_path / "certificates")
    process = InferenceProcess(
        tmp_path,
        {
            "STT_INFERENCE_TLS_CERT": str(made.certificate),
            "STT_INFERENCE_TLS_KEY": str(made.key),
            "STT_INFERENCE_TOKEN": TOKEN,
        },
    )
    process.start()
    yield process
    process.stop()


@pytest.fixture
def private_account(
    transactional_db: None, own: InferenceProcess, tmp_path: Path
) -> BillingAccount:
    account = create_account(minutes=60)
    change_plan(account, plan_id="private")
    ca_pem = (tmp_path / "certificates" / "ca.pem").read_text()
    details = InstanceDetails(name="one", target=own.target, ca_pem=ca_pem, token=TOKEN)
    register_instance(account, details)
    return account


def put_speech_into(transcript: Transcript, settings: Settings) -> None:
    shutil.copy(RECORDING, settings.MEDIA_ROOT / transcript.recording.path)


def test_each_accounts_audio_goes_to_its_own_servers_and_nowhere_else(
    shared: InferenceProcess,
    own: InferenceProcess,
    private_account: BillingAccount,
    make_transcript: MakeTranscript,
    settings: Settings,
) -> None:
    theirs = make_transcript(seconds=3, account=private_account, diarize=False)
    put_speech_into(theirs, settings)
    run_transcript(theirs.pk)

    assert (shared.received_s, own.received_s > 0) == (0, True)
    theirs.refresh_from_db()
    assert (theirs.status, theirs.job.model_used) == (Status.COMPLETED, "tiny")

    received_by_own_s = own.received_s
    everybodys = make_transcript(seconds=3, account=create_account(minutes=60), diarize=False)
    put_speech_into(everybodys, settings)
    run_transcript(everybodys.pk)

    everybodys.refresh_from_db()
    assert everybodys.status == Status.COMPLETED
    assert (shared.received_s > 0, own.received_s) == (True, received_by_own_s)

    own.stop()
    waiting = make_transcript(seconds=3, account=private_account, diarize=False)
    put_speech_into(waiting, settings)
    received_by_shared_s = shared.received_s
    worker = threading.Thread(target=_work_on, args=[waiting])
    worker.start()
    worker.join(timeout=3)  # some tries: it goes on waiting
    assert worker.is_alive()
    assert shared.received_s == received_by_shared_s
    own.start()
    worker.join(timeout=60)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.segments.exists()) == (Status.COMPLETED, True)
    assert (shared.received_s, own.received_s > 0) == (received_by_shared_s, True)


def _work_on(transcript: Transcript) -> None:
    try:
        run_transcript(transcript.pk)
    finally:
        connections.close_all()
