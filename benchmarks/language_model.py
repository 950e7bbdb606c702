"""What a language model does to others and they to it: schema, cancels, classes, recognition.

`python -m benchmarks.language_model [answers] [cancels] [kills]` (200, 200 and 20 by default), on
the GGUF of STT_BENCH_LLM, or SmolLM2 of STT_TEST_CACHE. Recognition beside it: STT_BENCH_WEIGHTS
(`weights`). What of planted instructions it obeys: `language_instructions`.
"""
# ruff: noqa: S311  # when a call is cancelled

import asyncio
import contextlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import grpc
import psutil

from benchmarks.weights import NAME, link_models
from inference_service.assembly import assemble
from inference_service.config import Config
from inference_service.engines.language.llama import LlamaModel
from inference_service.engines.language.model import (
    FinishReason,
    GeneratedText,
    GenerationFinished,
    GenerationOptions,
    Message,
    PromptRead,
)
from protos.stt.v1 import language_pb2, language_pb2_grpc
from tests.inference_service.calls import transcribe
from tests.inference_service.recordings import load_pcm
from tests.real.packages import read_cache_dir

MODEL = "smollm2-135m-instruct"
LONG = "Speaker 1 said that the budget was approved and the vendor has to answer by Friday. " * 60
CLIPS = 30
SCHEMA = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {
                    "task": {"type": "string", "maxLength": 60},
                    "source": {"enum": [1, 2, 3]},
                },
                "required": ["task", "source"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["items"],
    "additionalProperties": False,
}


async def main() -> None:
    answers, cancels, kills = [*map(int, sys.argv[1:4]), *(200, 200, 20)[len(sys.argv) - 1 :]]
    settings = Config(device="cpu", llm_context=4_096, llm_parallel=1)
    model = await asyncio.to_thread(LlamaModel, _find_gguf(), model_id="m", settings=settings)
    try:
        await _measure_schema(model, answers)
        await _measure_classes(model)
        await _measure_cancels(model, cancels)
    finally:
        model.close()
    await _measure_recognition(kills)


async def _measure_schema(model: LlamaModel, count: int) -> None:
    reasons = []
    for seed in range(1, count + 1):
        options = _ask(
            "Line 1: Anna sends the budget by Friday.",
            json_schema=json.dumps(SCHEMA),
            max_tokens=400,
            temperature=0.8,
            seed=seed,
        )
        events = [event async for event in model.generate(options)]
        assert isinstance(events[-1], GenerationFinished)
        reasons.append(events[-1].reason)
    valid = reasons.count(FinishReason.STOP)
    cut = reasons.count(FinishReason.LENGTH)
    print(f"fits its schema: {valid} of {count} (cut at max_tokens: {cut})")


async def _measure_classes(model: LlamaModel) -> None:
    idle = [await _time_first_token(model) for _ in range(5)]
    bulk = asyncio.create_task(_read_long(model))
    await asyncio.sleep(1)
    beside = [await _time_first_token(model) for _ in range(5)]
    assert not bulk.done(), "the bulk prompt is too short for this machine"
    bulk.cancel()
    ratio = statistics.median(beside) / statistics.median(idle)
    print(
        f"first token of a question: {statistics.median(idle):.2f} s idle, "
        f"{statistics.median(beside):.2f} s beside a long prompt of bulk work: {ratio:.1f} ×"
    )


async def _measure_cancels(model: LlamaModel, count: int) -> None:
    """From the cancel to the end of a one-token answer at the same place, less what that takes."""
    random.seed(6)
    usual = statistics.median([await _time_first_token(model) for _ in range(5)])
    reading: list[float] = []
    making: list[float] = []
    for number in range(count):
        is_reading = number % 2 == 0
        text = f"{number} {LONG}" if is_reading else f"Count to {number}."
        await _begin(model, text, until=PromptRead if is_reading else GeneratedText)
        started = time.perf_counter()
        await _time_first_token(model)
        took = time.perf_counter() - started - usual
        (reading if is_reading else making).append(max(0.0, took))
    for name, values in (("a prompt is read", reading), ("tokens are made", making)):
        p95 = statistics.quantiles(values, n=20)[-1]
        print(
            f"cancelled while {name}: free after {1000 * statistics.median(values):.0f} ms "
            f"(p95 {1000 * p95:.0f}), {len(values)} times, none leaked"
        )


async def _measure_recognition(kills: int) -> None:
    """A clip, again and again, alone and beside bulk work of the language model."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        link_models(folder)
        (folder / MODEL).symlink_to(_find_gguf().parent)
        config = Config(listen="127.0.0.1:0", models_dir=folder, device="cpu", default_model=NAME)
        server = assemble(config)
        await server.start()
        try:
            async with grpc.aio.insecure_channel(server.address) as channel:
                await _compare(channel)
                await _kill(channel, kills)
        finally:
            await server.close()


async def _compare(channel: grpc.aio.Channel) -> None:
    pcm = load_pcm("en_short_1")

    async def recognise() -> None:
        await transcribe(channel, pcm)

    await recognise()
    alone = await _time_each(recognise)
    message = language_pb2.ChatMessage(role=language_pb2.ChatMessage.ROLE_USER, content=LONG)
    request = language_pb2.GenerateRequest(model=MODEL, messages=[message], max_tokens=2_000)
    call = language_pb2_grpc.LanguageStub(channel).Generate(request, timeout=600)
    await anext(aiter(call))
    beside = await _time_each(recognise)
    assert not call.done()
    call.cancel()
    first, second = (statistics.quantiles(each, n=20)[-1] for each in (alone, beside))
    print(
        f"a clip on {NAME}: p95 {1000 * first:.0f} ms alone, {1000 * second:.0f} ms beside bulk "
        f"work of the language model: {second / first:.2f} ×"
    )


async def _kill(channel: grpc.aio.Channel, count: int) -> None:
    """The process that writes, in mid-answer, while a clip is recognised."""
    pcm = load_pcm("en_short_1")
    message = language_pb2.ChatMessage(role=language_pb2.ChatMessage.ROLE_USER, content="Count.")
    request = language_pb2.GenerateRequest(
        model=MODEL,
        messages=[message],
        max_tokens=1_500,
        text_class=language_pb2.TEXT_CLASS_INTERACTIVE,
    )
    unavailable = recognised = 0
    for _ in range(count):
        clip = asyncio.create_task(transcribe(channel, pcm))
        call = language_pb2_grpc.LanguageStub(channel).Generate(request, timeout=600)
        try:
            async for event in call:
                if event.HasField("delta"):
                    _kill_workers()
        except grpc.aio.AioRpcError as error:
            unavailable += error.code() == grpc.StatusCode.UNAVAILABLE
        await clip
        recognised += 1
        await asyncio.sleep(2)  # before it is started again
    print(
        f"killed in mid-answer {count} times: {unavailable} calls UNAVAILABLE,"
        f" {recognised} clips recognised meanwhile"
    )


def _kill_workers() -> None:
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if any("llama_worker" in part for part in child.cmdline()):
                child.kill()


async def _time_each(work: Callable[[], Awaitable[None]]) -> list[float]:
    times = []
    for _ in range(CLIPS):
        started = time.perf_counter()
        await work()
        times.append(time.perf_counter() - started)
    return times


def _ask(text: str, **options: object) -> GenerationOptions:
    values = {"messages": (Message("user", text),), "is_interactive": True} | options
    return GenerationOptions(**values)  # type: ignore[arg-type]


async def _time_first_token(model: LlamaModel) -> float:
    started = time.perf_counter()
    async with aclosing(model.generate(_ask("Hello, who are you?", max_tokens=1))) as events:
        async for _ in events:
            pass
    return time.perf_counter() - started


async def _read_long(model: LlamaModel) -> None:
    async for _ in model.generate(_ask(LONG, max_tokens=500, is_interactive=False)):
        pass


async def _begin(model: LlamaModel, text: str, *, until: type) -> None:
    """Start an answer and leave it, some events after the first of a kind."""
    left = random.randint(1, 3)
    async with aclosing(model.generate(_ask(text, max_tokens=300))) as events:
        async for event in events:
            left -= isinstance(event, until)
            if not left:
                return


def _find_gguf() -> Path:
    named = os.environ.get("STT_BENCH_LLM")
    if named:
        return Path(named)
    [path] = (read_cache_dir() / "models" / MODEL).glob("*.gguf")
    return path


if __name__ == "__main__":
    asyncio.run(main())
