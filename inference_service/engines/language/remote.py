"""A language model of another server that speaks OpenAI's chat completions.

Off unless STT_LLM_URL names one (vLLM, llama-server, Ollama). Its operator sees what is sent, so
its id has the server's name. It is asked again before it has said anything, never after; a server
that keeps failing is left alone for a while; silence is an end, however long an answer may take.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

import httpx2

from inference_service.engines.language.answers import check_answer, parse_schema
from inference_service.engines.language.control_tokens import ControlTokens
from inference_service.engines.language.model import (
    ContextExceededError,
    FinishReason,
    GeneratedText,
    GenerationEvent,
    GenerationFinished,
    GenerationOptions,
    LanguageModelError,
    PromptRead,
    TokenCounts,
)

logger = logging.getLogger(__name__)

ENGINE = "openai-compatible"
_CONNECT_S = 5.0
_PAUSES_S = (0.5, 2.0)
_MAX_RETRY_AFTER_S = 5.0
_HEARTBEAT_S = 1.0
_TRIES_FOR_JSON = 2
_RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSED = frozenset({401, 403})
_BAD_REQUEST, _NOT_FOUND, _UNPROCESSABLE = 400, 404, 422
_DATA, _DONE = "data:", "[DONE]"
# From above: a token of any language that these models are used for has two bytes at least.
_BYTES_PER_TOKEN = 2
_OVERHEAD_TOKENS = 16
_MAX_CHARACTERS_PER_TOKEN = 40  # more than that of an answer, and the server ignores `max_tokens`


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSettings:
    """url: up to and with `/v1`."""

    url: str
    model: str
    api_key: str = ""
    context_tokens: int = 8_192
    stall_s: float = 60.0


class CircuitBreaker:
    """Leaves a server alone for a while that has failed several times in a row."""

    def __init__(self, *, after: int = 3, pause_s: float = 30.0) -> None:
        self._after = after
        self._pause_s = pause_s
        self._failures = 0
        self._closed_until = 0.0

    def check(self) -> None:
        """Raise LanguageModelError while the server is left alone."""
        left_s = self._closed_until - time.monotonic()
        if left_s > 0:
            raise LanguageModelError(
                "The language model's server has failed several times. "
                f"It is asked again in {left_s:.0f} s."
            )

    def record(self, *, is_success: bool) -> None:
        self._failures = 0 if is_success else self._failures + 1
        if self._failures >= self._after:
            self._closed_until = time.monotonic() + self._pause_s


class _UnsupportedFormatError(Exception):
    """The server doesn't take this kind of `response_format`."""


class RemoteModel:
    """A `LanguageModel` elsewhere."""

    engine = ENGINE
    memory_bytes = 0

    def __init__(
        self,
        settings: RemoteSettings,
        *,
        breaker: CircuitBreaker | None = None,
        pauses_s: Sequence[float] = _PAUSES_S,
    ) -> None:
        """pauses_s: between one try and the next, and so how many there are."""
        self._settings = settings
        self._pauses_s = tuple(pauses_s)
        self._breaker = breaker or CircuitBreaker()
        self._formats = ["json_schema", "json_object", ""]  # the first is what it takes
        self._control_tokens = ControlTokens()
        self.model_id = f"{settings.model}@{httpx2.URL(settings.url).host}"
        self.context_tokens = settings.context_tokens

    async def generate(self, options: GenerationOptions) -> AsyncGenerator[GenerationEvent, None]:
        schema = parse_schema(options.json_schema)
        if schema is None:
            async with aclosing(self._ask(options, schema=None)) as events:
                async for event in events:
                    yield event
            return
        async with aclosing(self._ask_for_json(options, schema)) as events:
            async for event in events:
                yield event

    async def count_tokens(self, texts: Sequence[str]) -> TokenCounts:
        counts = (-(-len(text.encode()) // _BYTES_PER_TOKEN) for text in texts)
        return TokenCounts(tuple(counts), _OVERHEAD_TOKENS, is_approximate=True)

    def close(self) -> None:
        """There is nothing to free."""

    async def _ask_for_json(
        self, options: GenerationOptions, schema: dict[str, Any]
    ) -> AsyncGenerator[GenerationEvent, None]:
        """Yield the answer once it fits, or the second one as it is; until then heartbeats."""
        for tries_left in reversed(range(_TRIES_FOR_JSON)):
            texts: list[str] = []
            beaten = 0.0
            async with aclosing(self._ask(options, schema=schema)) as events:
                async for event in events:
                    if isinstance(event, GeneratedText):
                        texts.append(event.text)
                    if not isinstance(event, GenerationFinished):
                        if time.monotonic() - beaten > _HEARTBEAT_S:
                            beaten = time.monotonic()
                            yield PromptRead(0, 0)
                        continue
                    is_valid = check_answer("".join(texts), schema)
                    if not is_valid and event.reason is FinishReason.STOP and tries_left:
                        break
                    yield GeneratedText("".join(texts))
                    yield _judge(event, is_valid=is_valid)
                    return

    async def _ask(
        self, options: GenerationOptions, *, schema: dict[str, Any] | None
    ) -> AsyncGenerator[GenerationEvent, None]:
        """Ask, again where that is of use; yields the answer and its end."""
        self._breaker.check()
        pauses = iter(self._pauses_s)
        while True:
            has_begun = False
            try:
                async with aclosing(self._ask_once(options, schema)) as events:
                    async for event in events:
                        has_begun = True
                        yield event
            except _UnsupportedFormatError:
                self._formats.pop(0)
            except LanguageModelError:
                self._breaker.record(is_success=False)
                raise
            except httpx2.HTTPError as error:
                pause_s = next(pauses, None)
                if has_begun or pause_s is None or isinstance(error, httpx2.ReadTimeout):
                    self._breaker.record(is_success=False)
                    raise LanguageModelError(self._describe(error)) from error
                await asyncio.sleep(_read_retry_after(error, default=pause_s))
            else:
                self._breaker.record(is_success=True)
                return

    async def _ask_once(
        self, options: GenerationOptions, schema: dict[str, Any] | None
    ) -> AsyncGenerator[GenerationEvent, None]:
        """Raises httpx2.HTTPError, _UnsupportedFormatError, LanguageModelError, PromptError."""
        settings = self._settings
        headers = {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
        timeout = httpx2.Timeout(settings.stall_s, connect=_CONNECT_S)
        async with (
            httpx2.AsyncClient(headers=headers, timeout=timeout) as client,
            client.stream(
                "POST",
                f"{settings.url.rstrip('/')}/chat/completions",
                json=self._write_request(options, schema),
            ) as answer,
        ):
            if answer.status_code != httpx2.codes.OK:
                await self._refuse(answer, has_format=schema is not None)
            async for event in _read_answer(answer.aiter_lines(), max_tokens=options.max_tokens):
                yield event

    def _write_request(
        self, options: GenerationOptions, schema: dict[str, Any] | None
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._settings.model,
            "messages": [
                asdict(message) | {"content": self._control_tokens.break_in(message.content)}
                for message in options.messages
            ],
            "max_tokens": options.max_tokens,
            "temperature": options.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if options.seed:
            body["seed"] = options.seed
        if options.stop:
            body["stop"] = list(options.stop)
        if schema is not None and self._formats[0] == "json_schema":
            described = {"name": "answer", "schema": schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": described}
        elif schema is not None and self._formats[0]:
            body["response_format"] = {"type": self._formats[0]}
        return body

    async def _refuse(self, answer: httpx2.Response, *, has_format: bool) -> NoReturn:
        """Raise what the status means."""
        status = answer.status_code
        if status in _RETRYABLE:
            answer.raise_for_status()
        text = (await answer.aread())[:10_000].decode("utf-8", "replace").lower()
        if status in (_BAD_REQUEST, _UNPROCESSABLE):
            if "context" in text and ("length" in text or "exceed" in text):
                raise ContextExceededError(
                    f"The prompt and its answer don't fit the context of {self.model_id}."
                )
            if has_format and self._formats[0]:
                raise _UnsupportedFormatError
        logger.error("event=remote_model_refused model=%s status=%d", self.model_id, status)
        if status in _REFUSED:
            raise LanguageModelError(
                f"The server of {self.model_id} refuses this server's key (STT_LLM_API_KEY)."
            )
        if status == _NOT_FOUND:
            raise LanguageModelError(
                f"The server of {self.model_id} knows no such model or address "
                "(STT_LLM_URL, STT_LLM_MODEL)."
            )
        raise LanguageModelError(f"The server of {self.model_id} answered {status}.")

    def _describe(self, error: httpx2.HTTPError) -> str:
        logger.warning(
            "event=remote_model_failed model=%s error=%s", self.model_id, type(error).__name__
        )
        if isinstance(error, httpx2.HTTPStatusError):
            return (
                f"The server of {self.model_id} answered {error.response.status_code}. Try again."
            )
        if isinstance(error, httpx2.ReadTimeout):
            return f"The server of {self.model_id} made no progress. Try again."
        return f"The server of {self.model_id} can't be reached or broke off. Try again."


async def _read_answer(
    lines: AsyncIterator[str], *, max_tokens: int
) -> AsyncGenerator[GenerationEvent, None]:
    """Read server-sent events. Raises LanguageModelError where they are none, or have no end."""
    reason, length = None, 0
    usage: Mapping[str, Any] = {}
    async for line in lines:
        data = line.removeprefix(_DATA).strip() if line.startswith(_DATA) else ""
        if data == _DONE:
            break
        if not data:
            continue
        chunk = _parse_chunk(data)
        usage = chunk.get("usage") or usage
        for choice in (chunk.get("choices") or ())[:1]:
            text = (choice.get("delta") or {}).get("content") or ""
            length += len(text)
            if text:
                yield GeneratedText(text)
            reason = choice.get("finish_reason") or reason
        if length > _MAX_CHARACTERS_PER_TOKEN * max_tokens:
            reason = "length"
            break
    if reason is None:
        raise LanguageModelError("The language model's server broke off in mid-answer. Try again.")
    yield GenerationFinished(
        FinishReason.LENGTH if reason == "length" else FinishReason.STOP,
        prompt_tokens=_read_count(usage, "prompt_tokens"),
        completion_tokens=_read_count(usage, "completion_tokens"),
    )


def _parse_chunk(data: str) -> dict[str, Any]:
    try:
        chunk = json.loads(data)
        if isinstance(chunk, dict) and "error" not in chunk:
            return chunk
    except (ValueError, RecursionError):
        pass
    raise LanguageModelError("The language model's server sent what is no answer. Try again.")


def _read_count(usage: Mapping[str, Any], name: str) -> int:
    count = usage.get(name, 0)
    return count if isinstance(count, int) and 0 <= count < 1 << 32 else 0


def _judge(finished: GenerationFinished, *, is_valid: bool) -> GenerationFinished:
    if is_valid or finished.reason is not FinishReason.STOP:
        return finished
    return GenerationFinished(
        FinishReason.INVALID_JSON, finished.prompt_tokens, finished.completion_tokens
    )


def _read_retry_after(error: httpx2.HTTPError, *, default: float) -> float:
    if isinstance(error, httpx2.HTTPStatusError):
        sent = error.response.headers.get("retry-after", "")
        if sent.isascii() and sent.isdigit():
            return min(float(sent), _MAX_RETRY_AFTER_S)
    return default
