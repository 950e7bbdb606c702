"""A real inference process that is stopped (SIGSTOP): its kernel still takes what is sent to it,
and no call gets an answer. Every call must end all the same, and soon.
"""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from tests.transcripts.served_api import Client
from transcripts.inference import language
from transcripts.inference.align import align_words
from transcripts.inference.client import diarize, fetch_info
from transcripts.inference.enhance import EnhanceOptions, start_enhance
from transcripts.inference.errors import UnavailableError
from transcripts.inference.language import CancelToken, WritingOptions
from transcripts.inference.results import SpeakerTurn
from transcripts.inference.servers import Server
from transcripts.text.words import Word

NOTICED_WITHIN_S = 20.0  # pings: 10 s at most; without their time-out 60 s
DEADLINE_S = 120.0
TURNS = [SpeakerTurn(1000 * n, 1000 * n + 900, b"\0\0\0?" * 256, False) for n in range(5_000)]
Call = Callable[[Server, CancelToken], object]
CALLS: dict[str, Call] = {
    "embed": lambda server, token: language.embed(
        ["Hello."], kind="query", server=server, token=token
    ),
    "translate": lambda server, token: language.translate(
        ["Hello."], source="en", target="cs", server=server, token=token
    ),
    "generate": lambda server, token: list(
        language.generate([("user", "Hello.")], WritingOptions(), server=server, token=token)
    ),
    "count_tokens": lambda server, token: language.count_tokens(
        ["Hello."], server=server, token=token
    ),
    "diarize": lambda server, token: diarize(TURNS, embedder="none", speakers=0, server=server),
    "align": lambda server, token: align_words(
        [Word("Hello", 0, 100, 1.0)],
        b"\0\0" * 16_000 * 20,
        model="",
        language="en",
        offset_ms=0,
        server=server,
        deadline_s=DEADLINE_S,
    ),
}


@dataclass(frozen=True)
class Process:
    target: str
    pid: int

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    environment = {
        **os.environ,
        "STT_INFERENCE_LISTEN": "127.0.0.1:0",
        "STT_MODELS_DIR": str(tmp_path),
        "STT_OFFLINE": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "inference_service"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        try:
            assert running.stdout is not None
            address = running.stdout.readline().split()[-1]
            yield Process(address, running.pid)
        finally:
            running.kill()


def test_every_call_ends_when_its_server_freezes(process: Process) -> None:
    server = Server(target=process.target)
    fetch_info(server)  # there is a connection, which stays open
    process.freeze()
    token = CancelToken(within_s=DEADLINE_S)

    def time_call(call: Call) -> float:
        began = time.monotonic()
        with pytest.raises(UnavailableError):
            call(server, token)
        return time.monotonic() - began

    with ThreadPoolExecutor(len(CALLS)) as threads:
        took_s = dict(zip(CALLS, threads.map(time_call, CALLS.values()), strict=True))
    assert max(took_s.values()) < NOTICED_WITHIN_S, took_s


def test_a_recording_half_cleaned_ends_when_its_server_freezes(process: Process) -> None:
    options = EnhanceOptions(rate_hz=16_000, channels=1, strength="standard", is_short=False)
    second = np.zeros((16_000, 1), np.float32)
    call = start_enhance(options, itertools.repeat(second), server=Server(target=process.target))
    cleaned = iter(call)
    assert len(next(cleaned)) > 0
    process.freeze()

    began = time.monotonic()
    with pytest.raises(UnavailableError):
        for _ in cleaned:
            pass
    assert time.monotonic() - began < NOTICED_WITHIN_S


@pytest.mark.django_db(transaction=True)
def test_a_text_is_answered_503_when_its_server_freezes(
    client: Client, process: Process, settings: Settings
) -> None:
    settings.INFERENCE_TARGET = process.target
    body = {"texts": ["Hello."]}
    assert client.call("POST", "/v1/embed", json=body).json()["code"] == "not_installed"
    process.freeze()
    answer = client.call("POST", "/v1/embed", json=body)
    assert (answer.status_code, answer.json()["code"]) == (503, "inference_unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert "speech" not in answer.json()["error"].lower()
    assert answer.elapsed.total_seconds() < NOTICED_WITHIN_S
