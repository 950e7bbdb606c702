"""Fixed voices on their real weights: `base` understands them, and the same gives the same."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from inference_service.engines.voice.engine import (
    Samples,
    SynthesisRequest,
    SynthesisStarted,
    SynthesizedChunk,
)
from inference_service.engines.voice.hibari import HibariSynthesizer
from inference_service.engines.voice.kokoro import SAMPLE_RATE_HZ, KokoroSynthesizer
from inference_service.engines.voice.threaded import ThreadedEngine
from protos.stt.v1 import speech_pb2, speech_pb2_grpc
from tests.real.conftest import RealService, pull_real
from tests.word_errors import count_word_errors

pytestmark = [pytest.mark.real_weights, pytest.mark.timeout(300)]

_FIRST = "The committee agreed to postpone the meeting until Thursday afternoon."
TEXT = f"{_FIRST} On the 3rd of March, Dr. Smith paid $20."
SPOKEN = f"{_FIRST} On the third of March, doctor Smith paid $20."


@pytest.fixture(scope="module")
def models_dir() -> Path:
    return pull_real("hibari", "kokoro")


@pytest.mark.parametrize(
    ("make", "name", "voice"),
    [(HibariSynthesizer, "hibari", "heart"), (KokoroSynthesizer, "kokoro", "jm_kumo")],
)
async def test_its_speech_is_understood_and_always_the_same(
    models_dir: Path,
    real_service: RealService,
    make: type[HibariSynthesizer | KokoroSynthesizer],
    name: str,
    voice: str,
) -> None:
    engine = ThreadedEngine(make(models_dir / name, model_id=name, revision="real", threads=2))
    started, samples = await speak(engine, TEXT, voice)
    _, again = await speak(engine, TEXT, voice)
    engine.close()

    assert (started.voice, started.sentences) == (voice, 2)
    assert np.array_equal(samples, again)
    assert 5 < len(samples) / SAMPLE_RATE_HZ < 12
    assert np.abs(samples).max() <= 1
    text = await recognise(real_service, samples)
    assert count_word_errors(SPOKEN, text).rate <= 0.05, text


async def speak(engine: ThreadedEngine, text: str, voice: str) -> tuple[SynthesisStarted, Samples]:
    request = SynthesisRequest(text=text, voice=voice, seed=7)
    events = [event async for event in engine.synthesize(request)]
    assert isinstance(events[0], SynthesisStarted)
    chunks = [event.samples for event in events if isinstance(event, SynthesizedChunk)]
    return events[0], np.concatenate(chunks)


async def recognise(service: RealService, samples: Samples) -> str:
    audio = resample_poly(samples, 2, 3)  # 24 kHz to 16 kHz
    pcm = (np.clip(audio, -1, 1) * 32_767).astype("<i2").tobytes()

    async def requests() -> AsyncIterator[speech_pb2.TranscribeRequest]:
        config = speech_pb2.TranscribeConfig(language="en", channels=1)
        yield speech_pb2.TranscribeRequest(config=config)
        yield speech_pb2.TranscribeRequest(audio=speech_pb2.AudioChunk(pcm=pcm))

    stub = speech_pb2_grpc.SpeechStub(service.channel)
    texts = [
        segment.text
        async for event in stub.Transcribe(requests(), timeout=120)
        for segment in event.window.segments
    ]
    return " ".join(texts)
