"""Language.Generate and CountTokens: requests checked, a model chosen, its events written."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import cast

from inference_service.catalog import Kind
from inference_service.engines.language.model import (
    FinishReason,
    GeneratedText,
    GenerationEvent,
    GenerationFinished,
    GenerationOptions,
    LanguageModel,
    Message,
    PromptRead,
)
from inference_service.priority import Priority
from inference_service.runtime import Runtime
from inference_service.servicers.requests import BadRequestError
from inference_service.servicers.status_codes import MissingCapabilityError
from inference_service.servicers.text_requests import check_deadline, check_texts, read_text_class
from protos.stt.v1 import language_pb2

_MAX_PROMPT_BYTES = 1 << 20
_MAX_MESSAGES = 100
_MAX_ANSWER_TOKENS = 32_768
_USUAL_ANSWER_TOKENS = 512
_MAX_SCHEMA_CHARACTERS = 65_536
_MAX_STOPS = 8
_MAX_STOP_CHARACTERS = 64
_MAX_TEMPERATURE = 2.0
_MAX_COUNTED_TEXTS = 20_000
_MAX_COUNTED_BYTES = 4 << 20
_ROLES = {
    language_pb2.ChatMessage.ROLE_SYSTEM: "system",
    language_pb2.ChatMessage.ROLE_USER: "user",
    language_pb2.ChatMessage.ROLE_ASSISTANT: "assistant",
}
_REASONS = {
    FinishReason.STOP: language_pb2.GenerateFinished.REASON_STOP,
    FinishReason.LENGTH: language_pb2.GenerateFinished.REASON_LENGTH,
    FinishReason.INVALID_JSON: language_pb2.GenerateFinished.REASON_INVALID_JSON,
}


async def generate(
    runtime: Runtime, request: language_pb2.GenerateRequest, *, has_deadline: bool
) -> AsyncGenerator[language_pb2.GenerateEvent, None]:
    """Yield the events of the call. Raises what `servicers.status_codes` knows."""
    check_deadline(has_deadline=has_deadline)
    options = _read_options(request)
    async with (
        runtime.admission.enter_text(),
        _lease(runtime, request.model, local_only=request.local_only) as model,
        contextlib.aclosing(model.generate(options)) as events,
    ):
        is_accepted = False
        async for event in events:
            if not is_accepted:
                is_accepted = True
                yield _write_accepted(model)
            yield _write_event(event, model)
            if isinstance(event, GenerationFinished):
                runtime.metrics.record_generation(
                    model.model_id,
                    prompt_tokens=event.prompt_tokens - event.cached_tokens,
                    completion_tokens=event.completion_tokens,
                )


async def count_tokens(
    runtime: Runtime, request: language_pb2.CountTokensRequest, *, has_deadline: bool
) -> language_pb2.CountTokensResponse:
    """Raises what `servicers.status_codes` knows."""
    check_deadline(has_deadline=has_deadline)
    check_texts(request.texts, at_most=_MAX_COUNTED_TEXTS, most_bytes=_MAX_COUNTED_BYTES)
    async with runtime.admission.enter_text(), _lease(runtime, request.model) as model:
        counted = await model.count_tokens(list(request.texts))
        return language_pb2.CountTokensResponse(
            counts=counted.counts,
            context_tokens=model.context_tokens,
            overhead_tokens=counted.overhead,
            model=model.model_id,
            approximate=counted.is_approximate,
        )


@contextlib.asynccontextmanager
async def _lease(
    runtime: Runtime, name: str, *, local_only: bool = False
) -> AsyncIterator[LanguageModel]:
    """Lease the model of that name: one of another server where it is named or the default.

    Raises MissingCapabilityError, CatalogError, PoolError.
    """
    remote = runtime.remote_model
    name = name or runtime.catalog.default_name(Kind.LANGUAGE_MODEL)
    if remote is not None and local_only and name == remote.model_id:
        raise MissingCapabilityError(
            f"The model {name} runs on another server, and this request must not leave this one."
        )
    if remote is not None and not local_only and name in ("", remote.model_id):
        yield remote
        return
    entry = runtime.catalog.resolve_kind(Kind.LANGUAGE_MODEL, name)
    async with runtime.pool.lease_entry(entry) as model:
        yield cast("LanguageModel", model)  # its engine is a language model's


def _read_options(request: language_pb2.GenerateRequest) -> GenerationOptions:
    """Raises BadRequestError."""
    messages = request.messages
    check_texts(
        [message.content for message in messages],
        at_most=_MAX_MESSAGES,
        most_bytes=_MAX_PROMPT_BYTES,
    )
    if any(message.role not in _ROLES for message in messages):
        raise BadRequestError("Each message has a role.")
    if messages[-1].role == language_pb2.ChatMessage.ROLE_ASSISTANT:
        raise BadRequestError("The last message can't be the assistant's.")
    if request.max_tokens > _MAX_ANSWER_TOKENS:
        raise BadRequestError(f"max_tokens is {_MAX_ANSWER_TOKENS} at most.")
    if not 0 <= request.temperature <= _MAX_TEMPERATURE:
        raise BadRequestError(f"The temperature is from 0 to {_MAX_TEMPERATURE:g}.")
    if len(request.json_schema) > _MAX_SCHEMA_CHARACTERS:
        raise BadRequestError(f"The schema has at most {_MAX_SCHEMA_CHARACTERS} characters.")
    stops = request.stop
    if len(stops) > _MAX_STOPS or not all(0 < len(each) <= _MAX_STOP_CHARACTERS for each in stops):
        raise BadRequestError(
            f"There are at most {_MAX_STOPS} stop texts, of 1 to {_MAX_STOP_CHARACTERS} characters."
        )
    return GenerationOptions(
        messages=tuple(Message(_ROLES[each.role], each.content) for each in messages),
        json_schema=request.json_schema,
        max_tokens=request.max_tokens or _USUAL_ANSWER_TOKENS,
        is_interactive=read_text_class(request.text_class) is Priority.SHORT,
        seed=request.seed,
        temperature=request.temperature,
        stop=tuple(stops),
    )


def _write_accepted(model: LanguageModel) -> language_pb2.GenerateEvent:
    return language_pb2.GenerateEvent(
        accepted=language_pb2.GenerateAccepted(
            model=model.model_id, engine=model.engine, context_tokens=model.context_tokens
        )
    )


def _write_event(event: GenerationEvent, model: LanguageModel) -> language_pb2.GenerateEvent:
    if isinstance(event, PromptRead):
        progress = language_pb2.PromptProgress(
            read_tokens=event.read_tokens, prompt_tokens=event.prompt_tokens
        )
        return language_pb2.GenerateEvent(progress=progress)
    if isinstance(event, GeneratedText):
        return language_pb2.GenerateEvent(delta=language_pb2.TextDelta(text=event.text))
    return language_pb2.GenerateEvent(
        finished=language_pb2.GenerateFinished(
            finish_reason=_REASONS[event.reason],
            usage=language_pb2.TextUsage(
                prompt_tokens=event.prompt_tokens,
                completion_tokens=event.completion_tokens,
                cached_tokens=event.cached_tokens,
            ),
            model=model.model_id,
        )
    )
