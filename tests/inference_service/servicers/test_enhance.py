"""The Enhance call, over a real gRPC connection; without weights, so by the engine without any."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import numpy as np
import pytest

from protos.stt.v1 import audio_pb2, audio_pb2_grpc
from tests.inference_service.conftest import Serve, ServedInference
from tests.inference_service.fakes import FakeRecogniser

RATE_HZ = 8_000


@pytest.fixture
async def served(serve: Serve, recogniser: FakeRecogniser) -> AsyncIterator[ServedInference]:
    async with serve(recogniser) as running:
        yield running


def _config(**fields: object) -> audio_pb2.EnhanceRequest:
    config = {"rate_hz": RATE_HZ, "channels": 1} | fields
    return audio_pb2.EnhanceRequest(config=audio_pb2.EnhanceConfig(**config))  # type: ignore[arg-type]


async def _enhance(
    served: ServedInference, *requests: audio_pb2.EnhanceRequest
) -> tuple[audio_pb2.EnhanceAccepted, bytes, int]:
    async def send() -> AsyncIterator[audio_pb2.EnhanceRequest]:
        for request in requests:
            yield request

    stub = audio_pb2_grpc.AudioStub(served.channel)
    accepted, pcm, frames = audio_pb2.EnhanceAccepted(), b"", -1
    async for event in stub.Enhance(send(), timeout=30):
        match event.WhichOneof("event"):
            case "accepted":
                accepted = event.accepted
            case "pcm":
                pcm += event.pcm
            case "finished":
                frames = event.finished.frames
    return accepted, pcm, frames


def _noise(frames: int, channels: int = 1) -> bytes:
    drawn = np.random.default_rng(1).standard_normal((frames, channels))
    return (0.1 * drawn).astype("<f4").tobytes()


def _chunks(pcm: bytes, *, size: int) -> list[audio_pb2.EnhanceRequest]:
    return [
        audio_pb2.EnhanceRequest(pcm=pcm[start : start + size])
        for start in range(0, len(pcm), size)
    ]


@pytest.mark.parametrize("channels", [1, 2, 6])
async def test_as_many_frames_come_back_as_went_in(served: ServedInference, channels: int) -> None:
    sent = _noise(5 * RATE_HZ + 3, channels)
    chunks = _chunks(sent, size=4 * channels * 999)
    accepted, pcm, frames = await _enhance(served, _config(channels=channels), *chunks)
    assert (len(pcm), frames) == (len(sent), 5 * RATE_HZ + 3)
    assert (accepted.model, accepted.fallback) == ("wiener", True)
    assert "pull gtcrn" in accepted.install_hint


async def test_what_is_no_number_harms_nothing(served: ServedInference) -> None:
    sent = np.full(4 * RATE_HZ, 0.1, "<f4")
    sent[100:110] = [np.nan, np.inf, -np.inf, 1e30, *[np.nan] * 6]
    _, pcm, _ = await _enhance(served, _config(), audio_pb2.EnhanceRequest(pcm=sent.tobytes()))
    assert np.isfinite(np.frombuffer(pcm, "<f4")).all()


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [audio_pb2.EnhanceRequest(pcm=bytes(4))],
        [_config(rate_hz=3_999)],
        [_config(rate_hz=192_001)],
        [_config(channels=0)],
        [_config(channels=17)],
        [_config(channels=2), audio_pb2.EnhanceRequest(pcm=bytes(4))],
        [_config(), audio_pb2.EnhanceRequest(pcm=bytes((1 << 20) + 4))],
        [_config(), _config()],
    ],
)
async def test_a_message_that_breaks_a_rule_is_refused(
    served: ServedInference, requests: list[audio_pb2.EnhanceRequest]
) -> None:
    def call() -> None:  # gRPC's other client turns a refusal into INTERNAL while it sends
        with grpc.insecure_channel(f"127.0.0.1:{served.server.port}") as channel:
            list(audio_pb2_grpc.AudioStub(channel).Enhance(iter(requests), timeout=30))

    with pytest.raises(grpc.RpcError) as refusal:
        await asyncio.to_thread(call)
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_cancelled_call_frees_its_place(serve: Serve, recogniser: FakeRecogniser) -> None:
    async with serve(recogniser, max_sessions=1) as served:
        stub = audio_pb2_grpc.AudioStub(served.channel)

        async def send_for_ever() -> AsyncIterator[audio_pb2.EnhanceRequest]:
            yield _config()
            while True:
                yield audio_pb2.EnhanceRequest(pcm=_noise(RATE_HZ))

        call = stub.Enhance(send_for_ever(), timeout=30)
        async for event in call:
            if event.HasField("pcm"):
                break
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await _enhance(served, _config())
        assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        call.cancel()
        async with asyncio.timeout(10):
            while served.runtime.admission.open_sessions:
                await asyncio.sleep(0.01)
        assert (await _enhance(served, _config(), *_chunks(_noise(100), size=400)))[2] == 100
