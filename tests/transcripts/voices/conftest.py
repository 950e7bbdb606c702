"""An inference service with a voice, and references of every kind."""

import io
import struct
import time
import wave
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from pytest_django import Settings

from protos.stt.v1 import speech_pb2
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_voice import FakeVoice
from tests.transcripts.served_api import Client, client, guest, inference, server, worker

__all__ = ["client", "guest", "inference", "server", "worker"]

RATE_HZ = 16_000


@pytest.fixture(autouse=True)
def voice(
    inference: FakeInference, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FakeVoice]:
    """The fake's Voice service, as it is without a script."""
    settings.STRIPE_SECRET_KEY = settings.STRIPE_WEBHOOK_SECRET = ""
    inference.voice.reset()
    inference.voices, inference.turns, inference.find_turns_status = 1, None, None
    yield inference.voice
    inference.voice.gate.set()
    inference.voices, inference.turns = 2, None


def wait_until(condition: Callable[[], bool], *, within_s: float = 20.0) -> None:
    """Wait for what another thread does."""
    ends_at = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < ends_at, "It didn't happen in time."
        time.sleep(0.01)


def speak(client: Client, text: str = "Hello there. How are you.", **fields: str):  # type: ignore[no-untyped-def]
    """POST /v1/tts without a reference; `voice` is the fake's where none is given."""
    sent = {"text": text, "voice": "jf_alpha", **fields}
    files = {name: (None, value) for name, value in sent.items()}
    return client.call("POST", "/v1/tts", files=files)


def clone(client: Client, reference: bytes, text: str = "Hello.", **fields: str):  # type: ignore[no-untyped-def]
    return client.call(
        "POST",
        "/v1/tts",
        files={"reference": ("voice.wav", reference)},
        data={"text": text, **fields},
    )


def spoken(*, seconds: float = 5, level: float = 0.3, under: float = 0.0) -> bytes:
    """A recording that is loud for 0.8 s of each second; `under`: a hum below all of it."""
    random = np.random.default_rng(1)
    count = round(seconds * RATE_HZ)
    times = np.arange(count) / RATE_HZ
    samples = level * random.standard_normal(count) * (times % 1 < 0.8)
    samples += under * np.sin(2 * np.pi * 220 * times)
    pcm = (np.clip(samples, -1, 1) * 32_767).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(pcm.tobytes())
    return buffer.getvalue()


def turns(*intervals: tuple[float, float]) -> list[speech_pb2.SpeakerTurn]:
    """Turns, in seconds."""
    embedding = struct.pack("<2f", 1, 1)
    return [
        speech_pb2.SpeakerTurn(
            start_ms=round(1000 * start), end_ms=round(1000 * end), embedding=embedding
        )
        for start, end in intervals
    ]
