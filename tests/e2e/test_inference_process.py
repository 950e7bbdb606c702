"""`python -m inference_service` as a process: it starts, serves, drains, and ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from protos.stt.v1 import speech_pb2, speech_pb2_grpc
from tests.inference_service.recordings import TINY_MODEL, load_pcm

pytestmark = pytest.mark.e2e

Start = Callable[..., tuple[subprocess.Popen[str], int]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the service with these settings; return it with its port."""
    (tmp_path / "tiny").symlink_to(TINY_MODEL / "model")
    started: list[subprocess.Popen[str]] = []

    def run(**settings: str) -> tuple[subprocess.Popen[str], int]:
        environment = {
            **os.environ,
            "STT_INFERENCE_LISTEN": "127.0.0.1:0",
            "STT_MODELS_DIR": str(tmp_path),
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "inference_service"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout
        ready = process.stdout.readline()
        return process, int(ready.rpartition("port ")[2].rstrip(")\n") or 0) if ready else 0

    yield run
    for process in started:
        process.kill()
        process.communicate(timeout=20)


def hold_open(
    channel: grpc.Channel, *, parts: list[bytes]
) -> Iterator[speech_pb2.TranscribeEvent]:
    """Begin a call; whatever is appended to `parts` is sent, an empty part ends it."""

    def requests() -> Iterator[speech_pb2.TranscribeRequest]:
        config = speech_pb2.TranscribeConfig(model="tiny", language="en")
        yield speech_pb2.TranscribeRequest(config=config)
        while part := wait_for_part():
            yield speech_pb2.TranscribeRequest(audio=speech_pb2.AudioChunk(pcm=part))

    def wait_for_part() -> bytes:
        with arrived:
            arrived.wait_for(lambda: bool(parts), timeout=30)
            return parts.pop(0)

    arrived = PARTS_ARRIVED
    return iter(speech_pb2_grpc.SpeechStub(channel).Transcribe(requests(), timeout=60))
