"""The web tier behind a real socket, a worker in a thread, and a scripted inference service."""

import io
import threading
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from django.db import connections
from pytest_django import Settings

from accounts.keys.issue import issue_api_key
from accounts.models import User
from billing.models import BillingAccount
from protos.stt.v1 import server_pb2
from tests.billing.conftest import create_account
from tests.declared_answers import note_answer
from tests.stt_web.served import Served
from tests.transcripts.fake_inference import FakeInference
from transcripts.intelligence.models import TextJob
from transcripts.intelligence.text_jobs.run import run_text_job
from transcripts.jobs.models import TranscriptionJob
from transcripts.models import Status
from transcripts.pipeline import run_job
from transcripts.voices.models import VoiceJob
from transcripts.voices.run import run_voice_job

RATE_HZ = 16_000


@dataclass
class Client:
    """A client of the server: with a key, or (`key` empty) without."""

    url: str
    key: str = ""
    account: BillingAccount | None = None
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def user(self) -> User:
        assert self.account is not None
        assert self.account.user is not None
        return self.account.user

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = options.pop("headers", {})
        if self.key:
            headers = {"Authorization": f"Bearer {self.key}", **headers}
        answer = self.session.request(
            method, self.url + path, headers=headers, timeout=30, **options
        )
        if not options.get("stream"):  # what the upload layer refuses, Django doesn't see
            note_answer(
                method,
                path.partition("?")[0],
                answer.status_code,
                answer.content,
                media_type=answer.headers.get("Content-Type", ""),
            )
        return answer

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def transcribe(
        self,
        content: bytes | None = None,
        *,
        name: str = "talk.wav",
        is_async: bool = False,
        **fields: str,
    ) -> requests.Response:
        recording = wav() if content is None else content
        if is_async:
            fields["async"] = "true"
        return self.call("POST", "/v1/transcribe", files={"file": (name, recording)}, data=fields)


class Worker:
    """Works on what is queued, in a thread, until it is stopped."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="test-worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(20)

    def _work(self) -> None:
        try:
            while not self._stopped.wait(0.01):
                for job in TranscriptionJob.objects.filter(status=Status.QUEUED):
                    run_job(job.pk)
                for text_job in TextJob.objects.filter(status=Status.QUEUED):
                    run_text_job(text_job.pk)
                for voice_job in VoiceJob.objects.filter(status=Status.QUEUED):
                    run_voice_job(voice_job.pk)
        finally:
            connections.close_all()


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[Served]:
    from stt_web.asgi import application

    # PostgreSQL drops no database that a thread of the server is still connected to.
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    with Served(application) as served:
        yield served


@pytest.fixture(scope="session")
def inference() -> Iterator[FakeInference]:
    """One for all: what the server knows of it is kept for seconds."""
    with FakeInference(info=make_info()) as fake:
        yield fake


@pytest.fixture
def guest(
    transactional_db: None, settings: Settings, server: Served, inference: FakeInference
) -> Client:
    """A client without a key. Each test begins with a day without any."""
    settings.INFERENCE_TARGET = inference.target
    settings.HEARTBEAT_S = 0.2
    inference.scripts.clear()
    inference.configs.clear()
    return Client(server.url)


@pytest.fixture
def client(guest: Client) -> Client:
    """A client with a key, an hour of this month, and two recordings at once."""
    return make_client(guest.url)


@pytest.fixture
def worker(transactional_db: None) -> Iterator[Worker]:
    worker = Worker()
    worker.start()
    yield worker
    worker.stop()


def make_client(url: str, *, minutes: int = 60, max_file_bytes: int = 10_000_000) -> Client:
    account = create_account(minutes=minutes)
    account.plan.max_file_bytes = max_file_bytes
    account.plan.save()
    assert account.user is not None
    return Client(url, issue_api_key(account.user, name="test")[1], account)


def wav(*, seconds: int = 3, sample: bytes = b"\x10\x00") -> bytes:
    """Return a recording; another `sample` makes another recording."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(sample * (RATE_HZ * seconds))
    return buffer.getvalue()


def make_info() -> server_pb2.ServerInfo:
    """A server that has `tiny`, for English and Czech, as its default, and lacks `small`."""
    info = server_pb2.ServerInfo(default_model="tiny", version="test")
    info.device.kind = "cuda"
    info.device.name = "A GPU"
    info.device.memory_bytes = 8188 * 2**20
    info.device.gpu_available = True
    whisper = [*("en", "cs"), *(f"x{number}" for number in range(97)), "yue"]
    for model_id, speed, served_by in (
        ("large-v3-turbo", "fast", "tiny"),
        ("large-v3", "standard", ""),
        ("medium", "fast", ""),
        ("small", "very_fast", ""),
    ):
        info.models.add(
            id=model_id,
            name=model_id,
            engine="faster-whisper",
            speed=speed,
            languages=whisper,
            served_by=served_by,
            can_translate=True,
            install_hint=f"Run `pull {model_id}`.",
        )
    info.models.add(
        id="tiny",
        name="Tiny",
        engine="fake",
        speed="very_fast",
        languages=["en", "cs"],
        available=True,
        served_by="tiny",
        detects_language=True,
    )
    return info
