"""A process of the torch engines that is absent, killed or frozen, beside a server at work."""

import asyncio
import signal

import grpc
import numpy as np
import pytest

from inference_service.engines.forced_alignment import AlignerDiedError, WordInterval
from inference_service.engines.voice.engine import (
    EngineFailedError,
    SynthesisRequest,
    SynthesisStarted,
    SynthesizedChunk,
    VoiceReference,
)
from inference_service.sessions.word_times import WordTimer
from inference_service.torch_link.aligner import TorchAligner
from inference_service.torch_link.link import TorchLink
from inference_service.torch_link.voices import RemoteVoices
from protos.stt.v1 import audio_pb2, audio_pb2_grpc, server_pb2, server_pb2_grpc, speech_pb2
from tests.inference_service.calls import transcribe
from tests.inference_service.conftest import Serve, ServedInference
from tests.inference_service.fakes import FakeRecogniser
from tests.inference_service.live_calls import FLUSH, LiveClient
from tests.inference_service.recordings import load_pcm, make_silence
from tests.inference_service.torch_link.conftest import FakeTorch, wait_for

SECOND = np.zeros(16_000, np.float32)
PCM = bytes(64_000)  # 2 s


async def get_info(served: ServedInference) -> server_pb2.ServerInfo:
    stub = server_pb2_grpc.ServerStub(served.channel)
    return await stub.GetInfo(server_pb2.GetInfoRequest(), timeout=10)


def recording(*, speakers: int, messages: int = 1) -> list[audio_pb2.DiarizeRecordingRequest]:
    config = audio_pb2.DiarizeRecordingConfig(speakers=speakers)
    audio = speech_pb2.AudioChunk(pcm=PCM)
    return [
        audio_pb2.DiarizeRecordingRequest(config=config),
        *[audio_pb2.DiarizeRecordingRequest(audio=audio)] * messages,
    ]


async def diarize(
    served: ServedInference,
    *,
    speakers: int = 0,
    messages: int = 1,
    events: list[audio_pb2.DiarizeRecordingEvent] | None = None,
) -> list[audio_pb2.DiarizeRecordingEvent]:
    """Three speakers: it hangs after two events. By gRPC's threaded client, as a worker's."""
    events = [] if events is None else events

    def call() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{served.server.port}") as channel:
            stub = audio_pb2_grpc.AudioStub(channel)
            requests = recording(speakers=speakers, messages=messages)
            events.extend(stub.DiarizeRecording(iter(requests), timeout=30))

    await asyncio.to_thread(call)
    return events


def list_torch_engines(info: server_pb2.ServerInfo) -> list[server_pb2.OptionalEngine]:
    return [each for each in info.optional_engines if each.kind not in ("enhancer", "voice")]


async def test_without_the_process_its_engines_are_listed_with_what_to_do(
    serve: Serve, recogniser: FakeRecogniser, link: TorchLink
) -> None:
    async with serve(recogniser, torch=link) as served:
        info = await get_info(served)
        with pytest.raises(grpc.RpcError) as refused:
            await diarize(served)
        result = await transcribe(served.channel, load_pcm("en_short_1"))

    assert info.torch_state == "not_installed"
    engines = list_torch_engines(info)
    assert {engine.kind for engine in engines} == {"aligner", "diarizer", "watermark"}
    assert not any(engine.available for engine in engines)
    assert all("make run-torch" in engine.install_hint for engine in engines)
    assert {engine.id: engine.licence for engine in engines} == {
        "wav2vec2": "",  # each of its models has its own
        "pyannote-campplus": "MIT AND Apache-2.0",
        "perth": "MIT",
    }
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "make run-torch" in (refused.value.details() or "")
    assert result.text
    assert result.finished.unaligned_windows == 0


async def test_a_process_that_comes_is_found_and_one_that_is_killed_is_missed(
    serve: Serve, recogniser: FakeRecogniser, link: TorchLink, fake_torch: FakeTorch
) -> None:
    async with serve(recogniser, torch=link) as served:
        fake_torch.start()
        await wait_for(lambda: link.is_up)
        info = await get_info(served)
        events = await diarize(served)
        begun: list[audio_pb2.DiarizeRecordingEvent] = []
        hanging = asyncio.create_task(diarize(served, speakers=3, events=begun))
        await wait_for(lambda: len(begun) == 2)
        fake_torch.kill()
        with pytest.raises(grpc.RpcError) as broken:
            await hanging
        result = await transcribe(served.channel, load_pcm("en_short_1"))
        await wait_for(lambda: link.state.state == "down")
        fake_torch.start()
        await wait_for(lambda: link.is_up)

    assert info.torch_state == "ok"
    ids = [engine.id for engine in list_torch_engines(info)]
    assert ids == ["wav2vec2", "pyannote-fake", "perth"]
    assert [each.WhichOneof("event") for each in events] == ["accepted", "progress", "turns"]
    turns = events[-1].turns.turns
    assert [(each.start_ms, each.end_ms, each.speaker) for each in turns] == [
        (0, 1000, 1),
        (1000, 2000, 2),
    ]
    assert broken.value.code() is grpc.StatusCode.UNAVAILABLE
    assert result.text


async def test_its_refusal_is_passed_on_however_much_audio_is_on_its_way(
    serve: Serve, recogniser: FakeRecogniser, link: TorchLink, fake_torch: FakeTorch
) -> None:
    async with serve(recogniser, torch=link) as served:
        fake_torch.start()
        await wait_for(lambda: link.is_up)
        for _ in range(30):
            with pytest.raises(grpc.RpcError) as refused:
                await diarize(served, speakers=4, messages=30)
            assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
            assert refused.value.details() == "No four."


async def test_a_frozen_process_costs_a_call_no_more_than_its_silence(
    serve: Serve, recogniser: FakeRecogniser, link: TorchLink, fake_torch: FakeTorch
) -> None:
    async with serve(recogniser, torch=link) as served:
        fake_torch.start()
        await wait_for(lambda: link.is_up)
        begun: list[audio_pb2.DiarizeRecordingEvent] = []
        hanging = asyncio.create_task(diarize(served, speakers=3, events=begun))
        await wait_for(lambda: len(begun) == 2)
        aligning = asyncio.create_task(
            asyncio.to_thread(TorchAligner(link).align, SECOND, ["wait"], language="cs")
        )
        fake_torch.signal(signal.SIGSTOP)
        with pytest.raises(grpc.RpcError) as broken:
            await hanging
        with pytest.raises(AlignerDiedError):
            await aligning
        state = link.state.state
        result = await transcribe(served.channel, load_pcm("en_short_1"))
        fake_torch.signal(signal.SIGCONT)
        await wait_for(lambda: link.is_up)

    assert broken.value.code() is grpc.StatusCode.UNAVAILABLE
    assert state == "down"
    assert result.text


async def test_words_are_placed_by_the_process_in_the_languages_that_it_has(
    serve: Serve, recogniser: FakeRecogniser, link: TorchLink, fake_torch: FakeTorch
) -> None:
    aligner = TorchAligner(link)
    before = aligner.languages
    async with serve(recogniser, torch=link, timer=WordTimer([aligner])) as served:
        fake_torch.start()
        await wait_for(lambda: link.is_up)
        placed = await asyncio.to_thread(aligner.align, SECOND, ["dobrý", "den"], language="cs")
        known = aligner.languages
        pcm, asked = load_pcm("en_short_1"), "wav2vec2"
        czech = await transcribe(served.channel, pcm, language="cs", aligner=asked)
        english = await transcribe(served.channel, pcm, language="en", aligner=asked)
        usual = await transcribe(served.channel, pcm, language="en")

    assert before == frozenset()
    assert known == {"cs", "de"}
    assert placed == [WordInterval(0.0, 0.5), WordInterval(0.5, 1.0)]
    assert czech.finished.unaligned_windows == 0
    assert english.finished.unaligned_windows == len([w for w in english.windows if w.segments])
    assert usual.finished.unaligned_windows == 0


async def test_what_is_final_live_after_the_process_was_killed_is_marked(
    serve: Serve, recogniser: FakeRecogniser, link: TorchLink, fake_torch: FakeTorch
) -> None:
    timer = WordTimer([TorchAligner(link)])
    async with serve(recogniser, torch=link, timer=timer) as served:
        fake_torch.start()
        await wait_for(lambda: link.is_up)
        client = LiveClient(served.channel, language="cs", aligner="wav2vec2")
        await client.speak(load_pcm("en_short_1") + make_silence(2))
        client.send(FLUSH)
        await client.wait_for(lambda: bool(client.result.text))
        fake_torch.kill()
        await client.speak(load_pcm("en_short_1") + make_silence(1))
        result = await client.finish()

    assert [each.unaligned for each in result.utterances if each.segments] == [False, True]


async def test_a_voice_of_the_process_speaks_and_its_end_is_an_error_not_a_silence(
    serve: Serve, recogniser: FakeRecogniser, link: TorchLink, fake_torch: FakeTorch
) -> None:
    spoken: list[SynthesisStarted | SynthesizedChunk] = []

    async def speak(text: str) -> None:
        reference = VoiceReference(np.full(100, 0.5, np.float32), 24_000)
        request = SynthesisRequest(text=text, reference=reference)
        async with voices.lease("pocket-tts") as engine:
            async for event in engine.synthesize(request):
                spoken.append(event)

    voices = RemoteVoices(link)
    async with serve(recogniser, torch=link):
        absent = (await voices.describe(), voices.watermarker)
        fake_torch.start()
        await wait_for(lambda: link.is_up)
        await speak("Hello.")
        started, chunk, last = spoken
        watermark = voices.watermarker
        assert watermark is not None
        marked = await watermark.add(SECOND, sample_rate_hz=16_000)
        sure = [
            await watermark.detect(samples, sample_rate_hz=16_000) for samples in (marked, SECOND)
        ]
        hanging = asyncio.create_task(speak("Please wait."))
        await wait_for(lambda: len(spoken) == 5)
        fake_torch.kill()
        with pytest.raises(EngineFailedError, match="does not answer"):
            await hanging

    assert absent == ([], None)
    assert isinstance(started, SynthesisStarted)
    assert isinstance(chunk, SynthesizedChunk)
    assert isinstance(last, SynthesizedChunk)
    assert chunk.samples == pytest.approx(np.full(100, 0.5), abs=1e-3)
    assert last.generation_ms == 7
    assert (len(marked), sure) == (len(SECOND), [1.0, 0.0])
