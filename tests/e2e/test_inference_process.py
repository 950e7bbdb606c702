"""`python -m inference_service` as a process: it starts, drains, and ends."""

import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from protos.stt.v1 import speech_pb2, speech_pb2_grpc
from tests.inference_service.calls import make_audio, make_config
from tests.inference_service.recordings import TINY_MODEL, load_pcm

pytestmark = pytest.mark.e2e

DEADLINE_S = 60.0


class Service:
    """A running process, and a call that stays open for as long as the test wants."""

    def __init__(self, models_dir: Path, **settings: str) -> None:
        environment = os.environ | {
            "STT_INFERENCE_LISTEN": "127.0.0.1:0",
            "STT_MODELS_DIR": str(models_dir),
            **settings,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "inference_service"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._parts: queue.Queue[bytes | None] = queue.Queue()

    def wait_until_ready(self) -> None:
        assert self.process.stdout
        words, _, address = self.process.stdout.readline().rpartition(" ")
        assert words == "inference service ready on"
        self.channel = grpc.insecure_channel(address.strip())

    def open_call(self) -> Iterator[speech_pb2.TranscribeEvent]:
        """Begin a call and wait until it is accepted; `finish_call` sends its audio and its end."""

        def requests() -> Iterator[speech_pb2.TranscribeRequest]:
            yield make_config(model="tiny")
            while part := self._parts.get(timeout=DEADLINE_S):
                yield make_audio(part)

        stub = speech_pb2_grpc.SpeechStub(self.channel)
        events = iter(stub.Transcribe(requests(), timeout=DEADLINE_S))
        assert next(events).WhichOneof("event") == "accepted"
        return events

    def finish_call(self, pcm: bytes) -> None:
        self._parts.put(pcm)
        self._parts.put(None)

    def stop(self) -> None:
        self.process.kill()
        self._parts.put(None)
        self.process.communicate(timeout=20)


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    (tmp_path / "tiny").symlink_to(TINY_MODEL / "model")
    return tmp_path


@pytest.fixture
def service(models_dir: Path) -> Iterator[Service]:
    service = Service(models_dir)
    service.wait_until_ready()
    yield service
    service.stop()


def wait_for_log(service: Service, event: str) -> None:
    assert service.process.stderr
    assert any(f"event={event}" in line for line in service.process.stderr)


def test_sigterm_lets_an_open_session_finish(service: Service) -> None:
    events = service.open_call()
    service.process.send_signal(signal.SIGTERM)
    wait_for_log(service, "draining")
    with pytest.raises(grpc.RpcError) as refusal:
        next(
            iter(
                speech_pb2_grpc.SpeechStub(service.channel).Transcribe(
                    iter([make_config(model="tiny")]), timeout=DEADLINE_S
                )
            )
        )
    assert isinstance(refusal.value, grpc.Call)
    assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
    service.finish_call(load_pcm("en_short_2"))
    segments = [segment for event in events for segment in event.window.segments]
    assert [segment.text for segment in segments] == ["The next meeting is Friday."]
    assert service.process.wait(timeout=20) == 0


def test_a_second_sigterm_ends_it_at_once(service: Service) -> None:
    events = service.open_call()
    service.process.send_signal(signal.SIGTERM)
    wait_for_log(service, "draining")
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(timeout=20) == 128 + signal.SIGTERM
    with pytest.raises(grpc.RpcError):
        list(events)


def test_a_bad_setting_stops_the_start_with_a_sentence(models_dir: Path) -> None:
    service = Service(models_dir, STT_DEVICE="abacus")
    _, errors = service.process.communicate(timeout=60)
    assert service.process.returncode == 2
    assert "STT_DEVICE is" in errors
    assert "Traceback" not in errors
