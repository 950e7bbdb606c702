"""Kokoro's real weights: its speech is understood, and the same request gives the same bits."""

from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest
from scipy.signal import resample_poly

from inference_service.engines.voice.engine import (
    Samples,
    SynthesisRequest,
    SynthesisStarted,
    SynthesizedChunk,
)
from inference_service.engines.voice.kokoro import SAMPLE_RATE_HZ, KokoroSynthesizer
from inference_service.engines.voice.threaded import ThreadedEngine
from protos.stt.v1 import speech_pb2, speech_pb2_grpc
from tests.real.conftest import RealService, _pull
from tests.word_errors import count_word_errors

pytestmark = [pytest.mark.real_weights, pytest.mark.timeout(300)]

TEXT = "The birch canoe slid on the smooth planks. On the 3rd of March, Dr. Smith paid $20."
SPOKEN = "The birch canoe slid on the smooth planks. On the third of March, doctor Smith paid $20."
VOICE = "jm_kumo"


@pytest.fixture(scope="module")
def engine() -> Iterator[ThreadedEngine]:
    folder = _pull("kokoro") / "kokoro"
    made = ThreadedEngine(KokoroSynthesizer(folder, model_id="kokoro", revision="real", threads=2))
    yield made
    made.close()


async def test_its_speech_is_understood_and_always_the_same(
    engine: ThreadedEngine, real_service: RealService
) -> None:
    started, samples = await speak(engine, TEXT)
    _, again = await speak(engine, TEXT)

    assert (started.voice, started.sentences) == (VOICE, 2)
    assert np.array_equal(samples, again)
    assert 4 < len(samples) / SAMPLE_RATE_HZ < 12
    assert np.abs(samples).max() <= 1
    text = await recognise(real_service, samples)
    assert count_word_errors(SPOKEN, text).rate <= 0.1, text


async def speak(engine: ThreadedEngine, text: str) -> tuple[SynthesisStarted, Samples]:
    events = [event async for event in engine.synthesize(SynthesisRequest(text=text, voice=VOICE))]
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
