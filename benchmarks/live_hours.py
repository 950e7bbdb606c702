"""Memory over hours of one live session, faster than real time.

The server runs in this process with an engine that answers at once (a word for each second, spelled
by its samples), so that hours pass in minutes; everything else is real: gRPC, voice activity,
endpoints, hypotheses, agreement, the queue. Audio is sent as fast as the text keeps up with it.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Hashable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
import numpy as np
import psutil

from benchmarks.recordings import MODEL, RATE_HZ, load_sample
from inference_service.admission import Admission
from inference_service.catalog import Catalog
from inference_service.config import Config
from inference_service.device import Device
from inference_service.engines.asr import (
    LanguageGuess,
    Samples,
    TextSegment,
    TimedWord,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.engines.diarization import load_embedder
from inference_service.metrics import Metrics
from inference_service.pool import ModelPool
from inference_service.runtime import Runtime
from inference_service.scheduler import Scheduler
from inference_service.schedulers import Schedulers
from inference_service.server import InferenceServer
from inference_service.stages import CpuStages
from inference_service.voice_host import ServiceVoices
from protos.stt.v1 import speech_pb2, speech_pb2_grpc

_CHUNK_SAMPLES = RATE_HZ // 10
_AHEAD_MS = 3000
_SHOWN_EVERY_S = 1800


class InstantRecogniser:
    """Keeps the `Recogniser` protocol; a word for each second of a window."""

    model_id = "tiny"
    engine = "instant"
    device = "cpu"
    compute_type = ""
    detects_language = False
    languages = frozenset({"en"})
    max_batch = 8
    max_calls = 1
    memory_bytes = 0

    def prepare(self, samples: Samples) -> object:
        return samples

    def batch_key(self, request: WindowRequest) -> Hashable:
        return request.attempt

    def recognise(self, batch: Sequence[WindowRequest]) -> list[WindowText]:
        return [_transcribe(np.asarray(request.features)) for request in batch]

    def detect_language(self, features: Sequence[object]) -> list[list[LanguageGuess]]:
        return [[LanguageGuess("en", 1.0)] for _ in features]

    def close(self) -> None:
        pass


def _transcribe(samples: Samples) -> WindowText:
    words = tuple(
        TimedWord(
            f"w{hash(samples[at : at + 99].tobytes()) % 9973}", at / RATE_HZ, at / RATE_HZ + 1, 0.9
        )
        for at in range(0, len(samples) - RATE_HZ + 1, RATE_HZ)
    )
    if not words:
        return WindowText(Verdict.EMPTY)
    text = " ".join(word.text for word in words)
    return WindowText(Verdict.ACCEPTED, (TextSegment(0.0, words[-1].end_s, text, words),))


def report_hours(hours: float) -> None:
    asyncio.run(_report(hours))


async def _report(hours: float) -> None:
    async with _serving() as address, grpc.aio.insecure_channel(address) as channel:
        session = _Session(hours)
        start = time.perf_counter()
        await session.run(channel)
        elapsed_s = time.perf_counter() - start
    print(
        f"{hours:g} hours in {elapsed_s:.0f} s ({3600 * hours / elapsed_s:.0f} × real time): RSS "
        f"{session.sizes_mb[0]:.0f} MB after half an hour, {session.sizes_mb[-1]:.0f} MB at the "
        f"end, at most {max(session.sizes_mb):.0f} MB; {session.hypotheses} hypotheses, "
        f"{session.words} words"
    )


class _Session:
    """Ten minutes of dialogue, five of silence, and so on."""

    def __init__(self, hours: float) -> None:
        self._end_s = 3600 * hours
        self._covered_ms = 0
        self._moved = asyncio.Event()
        self.sizes_mb: list[float] = []
        self.hypotheses = self.words = 0

    async def run(self, channel: grpc.aio.Channel) -> None:
        call = speech_pb2_grpc.SpeechStub(channel).Stream(self._send(), timeout=3600)
        async for event in call:
            if event.HasField("hypothesis"):
                self.hypotheses += 1
                self._covered_ms = event.hypothesis.covered_ms
            elif event.HasField("utterance"):
                self._covered_ms = max(self._covered_ms, event.utterance.resume_ms)
                self.words += sum(len(each.words) for each in event.utterance.segments)
            self._moved.set()

    async def _send(self) -> AsyncIterator[speech_pb2.StreamRequest]:
        yield speech_pb2.StreamRequest(config=speech_pb2.StreamConfig(language="en"))
        dialogue = np.resize(load_sample("long_3min.flac"), 600 * RATE_HZ)
        cycle = np.concatenate([dialogue, np.zeros(300 * RATE_HZ, np.int16)])
        sent = 0
        while sent < self._end_s * RATE_HZ:
            at = sent % len(cycle)
            chunk = cycle[at : at + _CHUNK_SAMPLES]
            sent += len(chunk)
            yield speech_pb2.StreamRequest(audio=speech_pb2.AudioChunk(pcm=chunk.tobytes()))
            if at < len(dialogue):  # silence is reported every 10 s only
                await self._let_follow(1000 * sent // RATE_HZ - _AHEAD_MS)
            if sent % (_SHOWN_EVERY_S * RATE_HZ) < _CHUNK_SAMPLES:
                self.sizes_mb.append(psutil.Process().memory_info().rss / 1e6)

    async def _let_follow(self, covered_ms: int) -> None:
        """Wait for the text; short pauses are not reported, so not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                while self._covered_ms < covered_ms:
                    self._moved.clear()
                    await self._moved.wait()


@contextlib.asynccontextmanager
async def _serving() -> AsyncIterator[str]:
    with TemporaryDirectory() as folder:
        (Path(folder) / "tiny").symlink_to(MODEL)
        config = Config(listen="127.0.0.1:0", models_dir=Path(folder), device="cpu")
        catalog, metrics = Catalog(config), Metrics()
        pool = ModelPool(catalog, config, load=lambda *_: InstantRecogniser())
        runtime = Runtime(
            catalog=catalog,
            pool=pool,
            voices=ServiceVoices(catalog, pool),
            schedulers=Schedulers(lambda: Scheduler(metrics=metrics)),
            stages=CpuStages(threads=3),
            embedder=load_embedder(Path(folder)),
            admission=Admission(max_sessions=1),
            device=Device("cpu", "a CPU", 0, "", is_gpu_available=False),
        )
        server = InferenceServer(config, runtime, metrics)
        await server.start()
        try:
            yield server.address
        finally:
            await server.close()
