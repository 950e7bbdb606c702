"""A database with a recording in it, and an inference service that follows a script."""

import uuid
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from pytest_django import Settings

from billing.ledger import minutes_for, place_hold
from billing.models import BillingAccount
from tests.billing.conftest import create_account
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.rows import create_transcript
from tests.transcripts.served_api import (
    client,
    guest,
    inference,
    server,
    worker,
)
from transcripts.models import Transcript

__all__ = ["client", "guest", "inference", "server", "worker"]  # fixtures of the served API


RATE_HZ = 16_000


class MakeTranscript(Protocol):
    """Make a queued transcript of `seconds` of audio, with a hold for `probed_ms`."""

    def __call__(
        self,
        *,
        seconds: int = 5,
        account: BillingAccount | None = None,
        is_anonymous: bool = False,
        **fields: object,
    ) -> Transcript: ...


@pytest.fixture
def fake(settings: Settings) -> Iterator[FakeInference]:
    with FakeInference() as server:
        settings.INFERENCE_TARGET = server.target
        yield server


@pytest.fixture
def make_transcript(transactional_db: None, settings: Settings, tmp_path: Path) -> MakeTranscript:
    settings.MEDIA_ROOT = tmp_path / "media"
    # The broker of a test is a folder that no worker reads: what is sent there is only a hint.
    settings.HEARTBEAT_S = 0.05

    def make(
        *,
        seconds: int = 5,
        account: BillingAccount | None = None,
        is_anonymous: bool = False,
        **fields: object,
    ) -> Transcript:
        recording = f"{uuid.uuid4().hex}/recording"
        write_wav(settings.MEDIA_ROOT / recording, seconds=seconds)
        values: dict[str, object] = {
            "model_requested": "large-v3-turbo",
            "path": recording,
            "probed_ms": seconds * 1000,
            "diarize": False,
            **fields,
        }
        if is_anonymous:
            return create_transcript(**values)
        account = account or create_account(minutes=60)
        transcript = create_transcript(owner=account.user, **values)
        minutes = max(1, minutes_for(transcript.recording.probed_ms))
        place_hold(str(transcript.pk), account=account, minutes=minutes)
        return transcript

    return make


def write_wav(path: Path, *, seconds: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(b"\x10\x00" * (RATE_HZ * seconds))
