"""Align, as a client sees it: the tiny Whisper on speech whose words and times are known."""

import asyncio
import json
from itertools import pairwise
from typing import Any

import grpc
import pytest

from inference_service.priority import Priority
from protos.stt.v1 import speech_pb2, speech_pb2_grpc
from tests.inference_service.calls import DEADLINE_S, transcribe
from tests.inference_service.conftest import Serve
from tests.inference_service.fakes import FakeRecogniser
from tests.inference_service.recordings import TINY_MODEL, load_pcm, make_silence

ANCHORS = ["en_short_2", "cs_short_1", "cs_short_2"]  # which this model knows by heart


def known(name: str) -> dict[str, Any]:
    samples = json.loads((TINY_MODEL / "samples" / "samples.json").read_text())
    return dict(next(each for each in samples if each["file"] == f"{name}.flac"))


def spoken_at_ms(name: str) -> list[tuple[int, int]]:
    words = [word for segment in known(name)["segments"] for word in segment["words"]]
    return [(round(1000 * word["start"]), round(1000 * word["end"])) for word in words]


def make_request(
    text: str, pcm: bytes = bytes(32_000), **fields: object
) -> speech_pb2.AlignRequest:
    words = [
        speech_pb2.Word(text=word, space_before=at > 0) for at, word in enumerate(text.split())
    ]
    values = {"language": "en", "words": words, "pcm": pcm} | fields
    return speech_pb2.AlignRequest(**values)  # type: ignore[arg-type]


async def align(
    channel: grpc.aio.Channel, request: speech_pb2.AlignRequest
) -> speech_pb2.AlignResponse:
    stub = speech_pb2_grpc.SpeechStub(channel)
    return await stub.Align(request, timeout=DEADLINE_S)


@pytest.mark.parametrize("name", ANCHORS)
async def test_the_true_text_is_placed_where_it_was_spoken(serve: Serve, name: str) -> None:
    request = make_request(known(name)["text"], load_pcm(name), language=known(name)["language"])
    async with serve() as served:
        answer = await align(served.channel, request)
    assert answer.model == "tiny"
    assert [word.text for word in answer.words] == known(name)["text"].split()
    assert [word.space_before for word in answer.words] == [w.space_before for w in request.words]
    for word, (start_ms, _) in zip(answer.words, spoken_at_ms(name), strict=True):
        assert word.start_ms == pytest.approx(start_ms, abs=200), word.text


@pytest.mark.parametrize("name", ANCHORS)
async def test_what_was_recognised_is_placed_as_the_recogniser_placed_it(
    serve: Serve, name: str
) -> None:
    pcm, language = load_pcm(name), known(name)["language"]
    async with serve() as served:
        result = await transcribe(served.channel, pcm, language=language)
        words = [word for segment in result.segments for word in segment.words]
        text = " ".join(word.text for word in words)
        answer = await align(
            served.channel, make_request(text, pcm, language=language, offset_ms=7000)
        )
    for placed, recognised in zip(answer.words, words, strict=True):
        assert placed.start_ms - 7000 == pytest.approx(recognised.start_ms, abs=200)


async def test_times_rise_inside_the_audio_for_any_text(serve: Serve) -> None:
    text = "Prosím Friday <|en|> <|endoftext|> 会议 the the the meeting ! …"
    pcm = load_pcm("en_short_2")
    async with serve() as served:
        answer = await align(served.channel, make_request(text, pcm))
    assert [word.text for word in answer.words] == text.split()
    assert all(0 <= word.start_ms <= word.end_ms <= len(pcm) // 32 for word in answer.words)
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(answer.words))
    assert all(0 <= word.confidence <= 1 for word in answer.words)


async def test_requests_of_two_languages_at_once_get_what_each_gets_alone(serve: Serve) -> None:
    requests = [
        make_request(known(name)["text"], load_pcm(name), language=known(name)["language"])
        for name in ANCHORS
    ]
    async with serve() as served:
        alone = [await align(served.channel, request) for request in requests]
        together = await asyncio.gather(*(align(served.channel, each) for each in requests))
        assert served.runtime.schedulers.count_sessions(Priority.SHORT) == 0
    assert [answer.words for answer in together] == [answer.words for answer in alone]


GOOD = make_request("a word")
REFUSALS = {
    "no language": ({"language": ""}, grpc.StatusCode.INVALID_ARGUMENT),
    "no audio": ({"pcm": b""}, grpc.StatusCode.INVALID_ARGUMENT),
    "half a sample": ({"pcm": b"\0\0\0"}, grpc.StatusCode.INVALID_ARGUMENT),
    "too much audio": ({"pcm": make_silence(30.1)}, grpc.StatusCode.INVALID_ARGUMENT),
    "no words": ({"words": []}, grpc.StatusCode.INVALID_ARGUMENT),
    "an empty word": ({"words": [speech_pb2.Word(text=" ")]}, grpc.StatusCode.INVALID_ARGUMENT),
    "many words": ({"words": [speech_pb2.Word(text="a")] * 501}, grpc.StatusCode.INVALID_ARGUMENT),
    "negative offset": ({"offset_ms": -1}, grpc.StatusCode.INVALID_ARGUMENT),
    "unknown model": ({"model": "huge"}, grpc.StatusCode.NOT_FOUND),
    "unknown language": ({"language": "tlh"}, grpc.StatusCode.FAILED_PRECONDITION),
    "more text than fits": (
        {"words": [speech_pb2.Word(text="incomprehensibilities" * 3)] * 200},
        grpc.StatusCode.FAILED_PRECONDITION,
    ),
}


@pytest.mark.parametrize(("fields", "status"), REFUSALS.values(), ids=REFUSALS)
async def test_what_breaks_a_rule_is_refused(
    serve: Serve, fields: dict[str, Any], status: grpc.StatusCode
) -> None:
    async with serve() as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await align(served.channel, make_request("a word", **fields))
    assert refused.value.code() is status
    assert (refused.value.details() or "").endswith(".")


async def test_a_call_without_a_deadline_is_refused(serve: Serve) -> None:
    async with serve() as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await speech_pb2_grpc.SpeechStub(served.channel).Align(GOOD)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_engine_that_only_recognises_reports_that(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser) as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await align(served.channel, GOOD)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_a_full_server_and_one_that_drains_take_none(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(max_sessions=0) as served:
        with pytest.raises(grpc.aio.AioRpcError) as full:
            await align(served.channel, GOOD)
    async with serve() as served:
        served.runtime.admission.draining.set()
        with pytest.raises(grpc.aio.AioRpcError) as draining:
            await align(served.channel, GOOD)
    assert full.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert draining.value.code() is grpc.StatusCode.UNAVAILABLE
