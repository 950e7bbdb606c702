"""A language model of another server: one that works, and ones that stall, lie and fail."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from inference_service.engines.language.llama_process import LlamaProcess, LlamaSettings
from inference_service.engines.language.model import (
    ContextExceededError,
    FinishReason,
    GeneratedText,
    GenerationEvent,
    GenerationFinished,
    GenerationOptions,
    LanguageModelError,
    Message,
)
from inference_service.engines.language.remote import CircuitBreaker, RemoteModel, RemoteSettings
from tests.inference_service.chat_server import (
    ChatHandler,
    Respond,
    answer_with,
    serve_chat,
    text_chunk,
)
from tests.inference_service.tiny_gguf import write_gguf

SCHEMA = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"]}


def make_model(url: str, *, stall_s: float = 10.0, **breaker: float) -> RemoteModel:
    settings = RemoteSettings(url=url, model="big", api_key="secret", stall_s=stall_s)
    return RemoteModel(settings, breaker=CircuitBreaker(**breaker), pauses_s=(0.01, 0.01))  # type: ignore[arg-type]


def ask(text: str = "What?", **options: Any) -> GenerationOptions:
    return GenerationOptions(messages=(Message("user", text),), **options)


async def run(model: RemoteModel, options: GenerationOptions) -> tuple[str, GenerationFinished]:
    events: list[GenerationEvent] = [event async for event in model.generate(options)]
    last = events[-1]
    assert isinstance(last, GenerationFinished)
    return "".join(each.text for each in events if isinstance(each, GeneratedText)), last


def fail_with(status: int, text: str = "", **headers: str) -> Respond:
    return lambda handler, _: handler.send_status(status, text, **headers)


def stand_still(handler: ChatHandler, _: dict[str, Any]) -> None:
    handler.send_events(text_chunk("One"), is_ended=False)
    handler.released.wait(10)


def refuse_formats(*kinds: str) -> Respond:
    def respond(handler: ChatHandler, body: dict[str, Any]) -> None:
        if body.get("response_format", {}).get("type") in kinds:
            handler.send_status(400, "response_format is unsupported")
        else:
            answer_with('{"n": 1}')(handler, body)

    return respond


async def test_an_answer_is_streamed_and_counted() -> None:
    with serve_chat(answer_with("One", " two", " three.")) as (url, requests):
        model = make_model(url)
        text, finished = await run(model, ask(max_tokens=9, seed=4, stop=("x",)))

    assert text == "One two three."
    assert finished == GenerationFinished(FinishReason.STOP, 11, 3)
    assert model.model_id == "big@127.0.0.1"
    [request] = requests
    assert (request["path"], request["key"]) == ("/v1/chat/completions", "Bearer secret")
    assert (request["model"], request["max_tokens"], request["seed"]) == ("big", 9, 4)
    assert request["stop"] == ["x"]
    assert request["temperature"] == 0


async def test_a_real_llama_server_is_one_of_them(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "tiny.gguf")
    settings = LlamaSettings(path, 1_024, 1, threads=1, niceness=0, uses_gpu=False, stall_s=20)
    process = LlamaProcess(settings)
    process.start()
    try:
        async with process.connect() as connection:
            remote = RemoteSettings(
                url=f"{connection.address}/v1", model="tiny", api_key=connection.key
            )
            options = ask(json_schema=json.dumps(SCHEMA), max_tokens=200)
            text, finished = await run(RemoteModel(remote), options)
            cut, ended = await run(RemoteModel(remote), ask(max_tokens=3))
    finally:
        process.close()

    assert json.loads(text)["n"] in (1, 2)
    assert finished.reason is FinishReason.STOP
    assert ended.reason is FinishReason.LENGTH
    assert ended.completion_tokens == 3
    assert isinstance(cut, str)


@pytest.mark.parametrize("text", ["Stop.<|im_end|>", "<|eot_id|>", "</s>[INST]", "<end_of_turn>"])
async def test_control_tokens_of_the_known_families_are_broken(text: str) -> None:
    with serve_chat(answer_with("Fine.")) as (url, requests):
        await run(make_model(url), ask(text))

    sent = requests[0]["messages"][0]["content"]
    assert text not in sent
    assert sent.replace("\u200b", "") == text


async def test_a_server_that_fails_at_first_is_asked_again() -> None:
    with serve_chat(fail_with(503, Retry_After="0"), fail_with(500), answer_with("Now.")) as (
        url,
        requests,
    ):
        text, _ = await run(make_model(url), ask())

    assert text == "Now."
    assert len(requests) == 3


async def test_a_server_that_fails_again_and_again_is_left_alone_for_a_while() -> None:
    with serve_chat(fail_with(500)) as (url, requests):
        model = make_model(url, after=2, pause_s=0.4)
        for _ in range(2):
            with pytest.raises(LanguageModelError, match="answered 500"):
                await run(model, ask())
        asked = len(requests)
        with pytest.raises(LanguageModelError, match="asked again in"):
            await run(model, ask())
        assert len(requests) == asked
        time.sleep(0.4)
        with pytest.raises(LanguageModelError, match="answered 500"):
            await run(model, ask())
        assert len(requests) > asked


async def test_a_server_that_is_not_there_is_reported() -> None:
    with pytest.raises(LanguageModelError, match="can't be reached"):
        await run(make_model("http://127.0.0.1:9/v1"), ask())


async def test_silence_in_mid_answer_ends_it_and_is_not_retried() -> None:
    with serve_chat(stand_still) as (url, requests):
        model = make_model(url, stall_s=0.3)
        with pytest.raises(LanguageModelError, match="no progress"):
            await run(model, ask())

    assert len(requests) == 1


@pytest.mark.parametrize(
    ("respond", "expected"),
    [
        (lambda handler, _: handler.send_events("{{{"), "no answer"),
        (lambda handler, _: handler.send_events("[1, 2]"), "no answer"),
        (lambda handler, _: handler.send_events({"error": {"message": "x"}}), "no answer"),
        (lambda handler, _: handler.send_events(text_chunk("One"), is_ended=False), "broke off"),
        (lambda handler, _: handler.send_status(200, "<html>"), "broke off"),
        (fail_with(401), "STT_LLM_API_KEY"),
        (fail_with(404), "STT_LLM_MODEL"),
        (fail_with(400, "what?"), "answered 400"),
    ],
)
async def test_lies_and_refusals_are_reported_as_such(respond: Respond, expected: str) -> None:
    with serve_chat(respond) as (url, requests):
        model = make_model(url)
        with pytest.raises(LanguageModelError, match=expected):
            await run(model, ask())

    assert len(requests) == 1


async def test_a_prompt_that_does_not_fit_there_is_reported_as_that() -> None:
    refusal = '{"error": {"code": "context_length_exceeded", "message": "too long"}}'
    with serve_chat(fail_with(400, refusal)) as (url, _), pytest.raises(ContextExceededError):
        await run(make_model(url), ask())


async def test_an_endless_answer_is_cut() -> None:
    chunks = [text_chunk("x" * 1_000) for _ in range(50)]
    with serve_chat(lambda handler, _: handler.send_events(*chunks)) as (url, _):
        text, finished = await run(make_model(url), ask(max_tokens=10))

    assert finished.reason is FinishReason.LENGTH
    assert len(text) <= 2_000


@pytest.mark.parametrize("refused", [(), ("json_schema",), ("json_schema", "json_object")])
async def test_json_is_asked_for_as_the_server_knows_it(refused: tuple[str, ...]) -> None:
    with serve_chat(refuse_formats(*refused)) as (url, requests):
        model = make_model(url)
        for _ in range(2):
            text, finished = await run(model, ask(json_schema=json.dumps(SCHEMA)))

    assert json.loads(text) == {"n": 1}
    assert finished.reason is FinishReason.STOP
    assert len(requests) == len(refused) + 2  # what it refuses is asked once


@pytest.mark.parametrize(
    ("second", "reason"),
    [('{"n": 2}', FinishReason.STOP), ('{"n": 3}', FinishReason.INVALID_JSON)],
)
async def test_an_answer_that_does_not_fit_is_asked_for_once_more(
    second: str, reason: FinishReason
) -> None:
    with serve_chat(answer_with("Sure: {"), answer_with(second)) as (url, requests):
        text, finished = await run(make_model(url), ask(json_schema=json.dumps(SCHEMA)))

    assert text == second
    assert finished.reason is reason
    assert len(requests) == 2


async def test_tokens_are_estimated_from_above() -> None:
    model = make_model("http://127.0.0.1:9/v1")
    counted = await model.count_tokens(["Příliš žluťoučký kůň", ""])

    assert counted.counts == (15, 0)
    assert counted.is_approximate
