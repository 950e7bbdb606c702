"""The Diarize call, over a real gRPC connection."""

from collections.abc import AsyncIterator, Sequence

import grpc
import numpy as np
import pytest

from inference_service.servicers.audio import MAX_TURNS
from protos.stt.v1 import audio_pb2, audio_pb2_grpc, speech_pb2
from tests.inference_service.calls import transcribe
from tests.inference_service.conftest import Serve
from tests.inference_service.fakes import FakeEmbedder, FakeRecogniser, describe_model
from tests.inference_service.recordings import load_pcm

NAME = "campplus"
DIMENSION = 192
OTHER = describe_model("another-model", 4)


@pytest.fixture
async def audio(
    serve: Serve, recogniser: FakeRecogniser
) -> AsyncIterator["audio_pb2_grpc.AudioAsyncStub"]:
    """A server that knows the published model, and has another one installed."""
    large = [("grpc.max_send_message_length", 128 << 20)]
    async with (
        serve(recogniser, embedder=FakeEmbedder(OTHER)) as served,
        grpc.aio.insecure_channel(f"127.0.0.1:{served.server.port}", options=large) as channel,
    ):
        yield audio_pb2_grpc.AudioStub(channel)


def _turn(
    start_ms: int, voice: float, *, end_ms: int | None = None, dimension: int = DIMENSION
) -> speech_pb2.SpeakerTurn:
    return speech_pb2.SpeakerTurn(
        start_ms=start_ms,
        end_ms=start_ms + 3000 if end_ms is None else end_ms,
        embedding=np.full(dimension, voice, "<f4").tobytes(),
    )


def _request(
    turns: Sequence[speech_pb2.SpeakerTurn], *, speakers: int = 0, embedder: str = NAME
) -> audio_pb2.DiarizeRequest:
    return audio_pb2.DiarizeRequest(turns=turns, speakers=speakers, embedder=embedder)


@pytest.mark.parametrize("speakers", [0, 2])
async def test_turns_come_back_with_their_speakers(
    audio: "audio_pb2_grpc.AudioAsyncStub", speakers: int
) -> None:
    turns = [_turn(0, 5.0), _turn(4000, -5.0), _turn(8000, 5.0)]
    answer = await audio.Diarize(_request(turns, speakers=speakers), timeout=10)
    assert list(answer.speakers) == [1, 2, 1]
    assert answer.embedder == NAME


async def test_each_request_is_clustered_as_vectors_of_its_own_model(
    audio: "audio_pb2_grpc.AudioAsyncStub",
) -> None:
    turns = [_turn(0, 1.0, dimension=4), _turn(4000, -1.0, dimension=4)]
    answer = await audio.Diarize(_request(turns, embedder=OTHER.name), timeout=10)
    assert (list(answer.speakers), answer.embedder) == ([1, 2], OTHER.name)


async def test_fewer_turns_than_speakers_are_one_speaker_each(
    audio: "audio_pb2_grpc.AudioAsyncStub",
) -> None:
    answer = await audio.Diarize(
        _request([_turn(0, 1.0), _turn(4000, 1.0)], speakers=5), timeout=10
    )
    assert list(answer.speakers) == [1, 2]


async def test_no_turns_have_no_speakers(audio: "audio_pb2_grpc.AudioAsyncStub") -> None:
    answer = await audio.Diarize(_request([], speakers=2), timeout=10)
    assert list(answer.speakers) == []
    assert answer.embedder == NAME


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (_request([_turn(0, 1.0)], embedder="unknown-model"), "campplus"),
        (_request([_turn(0, 1.0), _turn(4000, 1.0, dimension=256)]), "192 numbers"),
        (_request([_turn(0, float("nan"))]), "finite"),
        (_request([_turn(500, 1.0, end_ms=500)]), "end after"),
        (_request([_turn(4000, 1.0), _turn(0, 1.0)]), "time order"),
        (_request([speech_pb2.SpeakerTurn(end_ms=9, embedding=b"abc")]), "32-bit"),
        (_request([speech_pb2.SpeakerTurn(end_ms=9, overlap=1.5)]), "overlap"),
        (_request([_turn(0, 1.0)], speakers=100_000), "1000"),
        (_request([_turn(at, 1.0) for at in range(MAX_TURNS + 1)]), str(MAX_TURNS)),
    ],
    ids=["embedder", "length", "nan", "empty", "order", "bytes", "overlap", "speakers", "turns"],
)
async def test_what_breaks_a_rule_is_refused_with_a_sentence(
    audio: "audio_pb2_grpc.AudioAsyncStub", request_: audio_pb2.DiarizeRequest, sentence: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await audio.Diarize(request_, timeout=20)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert sentence in (refused.value.details() or "")


def _audio_requests(
    pcm: bytes, *, offset_ms: int = 0, chunk_bytes: int = 100_000
) -> list[audio_pb2.FindTurnsRequest]:
    config = audio_pb2.FindTurnsConfig(offset_ms=offset_ms)
    chunks = [pcm[start : start + chunk_bytes] for start in range(0, len(pcm), chunk_bytes)]
    return [
        audio_pb2.FindTurnsRequest(config=config),
        *(audio_pb2.FindTurnsRequest(audio=speech_pb2.AudioChunk(pcm=each)) for each in chunks),
    ]


async def _find(
    channel: grpc.aio.Channel, requests: list[audio_pb2.FindTurnsRequest]
) -> list[audio_pb2.FindTurnsEvent]:
    call = audio_pb2_grpc.AudioStub(channel).FindTurns(iter(requests), timeout=60)
    return [event async for event in call]


async def test_the_turns_of_a_recording_are_found_without_recognising_it(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    pcm = load_pcm("dialogue_1")
    async with serve(recogniser) as served:
        first, *windows, last = await _find(served.channel, _audio_requests(pcm, offset_ms=5000))
        transcribed = await transcribe(served.channel, pcm, with_speaker_turns=True, offset_ms=5000)
    assert first.accepted.embedder == "fake-embedder"
    assert last.finished.audio_duration_ms == 5000 + len(pcm) // 32
    found = [turn for event in windows for turn in event.window.turns]
    assert found == [turn for window in transcribed.windows for turn in window.turns]
    assert len(found) > 3
    assert not any(event.window.segments for event in windows)


async def test_turns_are_refused_where_no_speaker_model_is_installed(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser, embedder=None) as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await _find(served.channel, _audio_requests(b""))
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "campplus" in (refused.value.details() or "")


async def test_audio_before_the_config_is_refused(serve: Serve, recogniser: FakeRecogniser) -> None:
    async with serve(recogniser) as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await _find(served.channel, _audio_requests(load_pcm("en_short_1"))[1:])
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
