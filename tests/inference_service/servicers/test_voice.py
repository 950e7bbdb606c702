"""Voice.*, as a client sees it: a synthesizer of beeps behind the real thread, queue and wire."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import numpy as np
import pytest

from inference_service.catalog.terms import record_acceptance
from inference_service.catalog.voices import KOKORO, POCKET, VOICES
from inference_service.engines.voice.engine import (
    FixedVoice,
    NothingToSpeakError,
    Samples,
    Watermarker,
)
from inference_service.engines.voice.threaded import SpokenSentence, ThreadedEngine
from inference_service.voice_host import ServiceVoices
from protos.stt.v1 import voice_pb2, voice_pb2_grpc
from tests.inference_service.calls import DEADLINE_S
from tests.inference_service.conftest import Serve

RATE_HZ = 24_000


@dataclass
class Beeper:
    """A `Synthesizer`: a tenth of a second a sentence, as loud as the seed says. While `gate` is
    cleared, its thread hangs in a sentence; `entered` is set once it does.
    """

    model_id: str = KOKORO
    revision: str = "r1"
    sample_rate_hz: int = RATE_HZ
    languages: tuple[str, ...] = ("en",)
    voices: tuple[FixedVoice, ...] = (FixedVoice("jf_alpha", "Alpha", "A voice.", "en"),)
    memory_bytes: int = 1_000
    spoken: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def split(self, text: str) -> list[str]:
        if "!" in text:
            raise NothingToSpeakError("The text has nothing that can be spoken.")
        return [part for part in text.split(".") if part.strip()]

    def synthesize(self, sentence: SpokenSentence) -> Samples:
        self.entered.set()
        self.gate.wait(20)
        self.spoken.append(sentence.text)
        return np.full(RATE_HZ // 10, (sentence.seed + 1) / 100, np.float32)

    def close(self) -> None: ...


class Halver:
    """A `Watermarker` that halves what it marks."""

    name = "halves"

    async def add(self, samples: Samples, *, sample_rate_hz: int) -> Samples:
        return samples * np.float32(0.5)

    async def detect(self, samples: Samples, *, sample_rate_hz: int) -> float:
        return float(np.abs(samples).max() < 0.5)


class MarkingVoices(ServiceVoices):
    @property
    def watermarker(self) -> Watermarker:
        return Halver()


@pytest.fixture
def beeper() -> Iterator[Beeper]:
    made = Beeper()
    yield made
    made.gate.set()


@pytest.fixture
def voices_dir(tmp_path: Path) -> Path:
    """A models folder in which Kokoro counts as installed."""
    folder = tmp_path / "models" / KOKORO
    folder.mkdir(parents=True)
    for name in ("kokoro.onnx", "voices_ja.npz", "vocab.json"):
        (folder / name).write_text("x")
    return tmp_path / "models"


def request_for(text: str, **fields: object) -> voice_pb2.SynthesizeRequest:
    return voice_pb2.SynthesizeRequest(text=text, **{"voice": "jf_alpha", **fields})  # type: ignore[arg-type]


async def speak(
    channel: grpc.aio.Channel, text: str, *, timeout: float | None = DEADLINE_S, **fields: object
) -> list[voice_pb2.SynthesizeEvent]:
    stub = voice_pb2_grpc.VoiceStub(channel)
    call = stub.Synthesize(request_for(text, **fields), timeout=timeout)
    return [event async for event in call]


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_text_is_spoken_sentence_by_sentence(
    serve: Serve, voices_dir: Path, beeper: Beeper
) -> None:
    async with serve(models_dir=voices_dir, models={KOKORO: ThreadedEngine(beeper)}) as served:
        accepted, *chunks, finished = await speak(served.channel, "One. Two. Three.")

    assert accepted.accepted.engine == KOKORO
    assert (accepted.accepted.voice, accepted.accepted.sentences) == ("jf_alpha", 3)
    assert [event.chunk.sentence for event in chunks] == [0, 1, 2]
    assert all(len(event.chunk.pcm) == 2 * RATE_HZ // 10 for event in chunks)
    assert finished.finished.samples == 3 * RATE_HZ // 10
    assert finished.finished.watermark == ""


async def test_two_calls_share_the_engine_sentence_by_sentence(
    serve: Serve, voices_dir: Path, beeper: Beeper
) -> None:
    beeper.gate.clear()
    async with serve(models_dir=voices_dir, models={KOKORO: ThreadedEngine(beeper)}) as served:
        long = asyncio.create_task(speak(served.channel, ".".join(f"long{n}" for n in range(6))))
        await wait_until(beeper.entered.is_set)
        short = asyncio.create_task(speak(served.channel, "short"))
        await asyncio.sleep(0.2)  # until its sentence waits, too
        beeper.gate.set()
        await asyncio.gather(long, short)

    assert beeper.spoken.index("short") <= 3


async def test_a_cancelled_call_frees_the_engine_behind_the_sentence_at_hand(
    serve: Serve, voices_dir: Path, beeper: Beeper
) -> None:
    engine = ThreadedEngine(beeper)
    beeper.gate.clear()
    async with serve(models_dir=voices_dir, models={KOKORO: engine}) as served:
        stub = voice_pb2_grpc.VoiceStub(served.channel)
        call = stub.Synthesize(request_for("One. Two. Three."), timeout=DEADLINE_S)
        first = await call.read()
        assert isinstance(first, voice_pb2.SynthesizeEvent)
        assert first.accepted.sentences == 3
        await wait_until(beeper.entered.is_set)
        call.cancel()
        await wait_until(lambda: engine.calls == 0)
        beeper.gate.set()
        await speak(served.channel, "Next")

    assert beeper.spoken == ["One", "Next"]


async def test_beyond_its_bound_the_engine_is_full(
    serve: Serve, voices_dir: Path, beeper: Beeper
) -> None:
    beeper.gate.clear()
    models = {KOKORO: ThreadedEngine(beeper, max_calls=1)}
    async with serve(models_dir=voices_dir, models=models) as served:
        first = asyncio.create_task(speak(served.channel, "One"))
        await wait_until(beeper.entered.is_set)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await speak(served.channel, "Two")
        beeper.gate.set()
        await first

    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    ("fields", "status", "details"),
    [
        ({"text": " "}, "INVALID_ARGUMENT", "no text"),
        ({"text": "a" * 20_001}, "INVALID_ARGUMENT", "more than 20000"),
        ({"text": "!"}, "INVALID_ARGUMENT", "nothing that can be spoken"),
        ({"voice": ""}, "INVALID_ARGUMENT", "either a voice or a reference"),
        ({"voice": "nobody"}, "OUT_OF_RANGE", "jf_alpha"),
        ({"engine": "nothing"}, "NOT_FOUND", "no voice engine"),
        ({"language": "cs"}, "FAILED_PRECONDITION", "it speaks en"),
        ({"timeout": None}, "INVALID_ARGUMENT", "deadline"),
    ],
)
async def test_what_cannot_be_spoken_is_refused_with_a_sentence(
    serve: Serve,
    voices_dir: Path,
    beeper: Beeper,
    fields: dict[str, object],
    status: str,
    details: str,
) -> None:
    async with serve(models_dir=voices_dir, models={KOKORO: ThreadedEngine(beeper)}) as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await speak(served.channel, **{"text": "Hello.", **fields})  # type: ignore[arg-type]

    assert refused.value.code().name == status
    assert details in (refused.value.details() or "")


async def test_a_reference_needs_an_engine_that_clones(serve: Serve, voices_dir: Path) -> None:
    reference = voice_pb2.Reference(pcm=bytes(32_000), sample_rate_hz=16_000)
    async with serve(models_dir=voices_dir) as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await speak(served.channel, "Hello.", voice="", reference=reference)

    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    assert "catalog pull pocket-tts" in (refused.value.details() or "")
    assert "run-torch" in (refused.value.details() or "")


async def test_engines_are_listed_whether_installed_or_not(serve: Serve, voices_dir: Path) -> None:
    async with serve(models_dir=voices_dir) as served:
        stub = voice_pb2_grpc.VoiceStub(served.channel)
        answer = await stub.ListVoices(voice_pb2.ListVoicesRequest(), timeout=DEADLINE_S)

    listed = {engine.id: engine for engine in answer.engines}
    assert [engine.id for engine in answer.engines] == [model.id for model in VOICES]
    assert listed[KOKORO].available
    assert len(listed[KOKORO].voices) == 5
    assert (listed[POCKET].available, listed[POCKET].can_clone) == (False, True)
    assert listed["f5-tts"].is_non_commercial
    assert "make run-torch" in listed[POCKET].install_hint
    assert "make torch-f5 run" in listed["f5-tts"].install_hint
    assert answer.watermark == ""
    assert "torch engines" in answer.watermark_hint


async def test_speech_is_marked_where_something_marks(
    serve: Serve, voices_dir: Path, beeper: Beeper
) -> None:
    async with serve(models_dir=voices_dir, models={KOKORO: ThreadedEngine(beeper)}) as served:
        runtime = served.runtime
        plain = await speak(served.channel, "One", seed=49)
    marking = MarkingVoices(runtime.catalog, runtime.pool)
    async with serve(
        models_dir=voices_dir, models={KOKORO: ThreadedEngine(beeper)}, voices=marking
    ) as served:
        served_voices = MarkingVoices(served.runtime.catalog, served.runtime.pool)
        marking.__dict__.update(served_voices.__dict__)  # of this server's catalogue and pool
        marked = await speak(served.channel, "One", seed=49)
        stub = voice_pb2_grpc.VoiceStub(served.channel)
        request = voice_pb2.DetectWatermarkRequest(pcm=marked[1].chunk.pcm, sample_rate_hz=RATE_HZ)
        found = await stub.DetectWatermark(request, timeout=DEADLINE_S)

    assert marked[-1].finished.watermark == "halves"
    loud, quiet = (np.frombuffer(each[1].chunk.pcm, "<i2") for each in (plain, marked))
    assert quiet[0] == pytest.approx(loud[0] / 2, abs=1)
    assert (found.found, found.watermark) == (True, "halves")


async def test_without_the_torch_engines_no_watermark_is_searched_for(
    serve: Serve, voices_dir: Path
) -> None:
    request = voice_pb2.DetectWatermarkRequest(pcm=bytes(100), sample_rate_hz=RATE_HZ)
    async with serve(models_dir=voices_dir) as served:
        stub = voice_pb2_grpc.VoiceStub(served.channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.DetectWatermark(request, timeout=DEADLINE_S)

    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION


async def test_weights_with_terms_count_only_once_these_are_accepted(
    serve: Serve, voices_dir: Path
) -> None:
    pocket = next(model for model in VOICES if model.id == POCKET)
    folder = voices_dir / POCKET
    folder.mkdir()
    for name in pocket.installed_files:
        (folder / name).write_text("x")
    async with serve(models_dir=voices_dir) as served:
        catalog = served.runtime.catalog
        (before,) = (each for each in catalog.entries(pocket.kind) if each.id == POCKET)
        record_acceptance(pocket, folder)
        (after,) = (each for each in catalog.entries(pocket.kind) if each.id == POCKET)

    assert (before.is_available, after.is_available) == (False, True)
    assert "--accept-terms" in before.install_hint
