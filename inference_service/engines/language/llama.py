"""GGUF models on llama.cpp: two processes, one for questions, one for bulk work.

Prompts are read in order of arrival, and one that is being read can't be interrupted: in one
process a question waited 15 s behind a summary, in two 0.3 s (measured, SmolLM2, two cores). The
weights are shared, since both map the same file. In each process a long prompt is read in parts of
half a second, so that cancelling it ends it soon, and a second question comes in between.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from inference_service.catalog import ModelEntry
from inference_service.catalog.entries import LLAMA_ENGINE
from inference_service.engines.language.answers import check_answer, parse_schema
from inference_service.engines.language.control_tokens import ControlTokens
from inference_service.engines.language.gguf import GgufModel, read_gguf
from inference_service.engines.language.llama_process import (
    LlamaConnection,
    LlamaProcess,
    LlamaSettings,
)
from inference_service.engines.language.model import (
    ContextExceededError,
    FinishReason,
    GeneratedText,
    GenerationEvent,
    GenerationFinished,
    GenerationOptions,
    LanguageModelError,
    Message,
    ModelFullError,
    PromptRead,
    TokenCounts,
)
from inference_service.engines.settings import EngineSettings, count_threads

logger = logging.getLogger(__name__)

_PART_S = 0.5  # how long a part of a prompt may take to read
_FIRST_PART, _LEAST_PART, _MOST_PART = 64, 32, 2_048
_MOST_WAITING = 24
_OVERHEAD_BYTES = 150_000_000  # of a process: the interpreter, and what it computes in
_NICENESS = {True: 5, False: 10}  # recognition goes first, then questions
_CHUNK_CHARACTERS = 50_000
# Of the grammar's own (LLGuidance): without it a weak model fills the answer with white space.
_COMPACT_JSON = {"x-guidance": {"whitespace_flexible": False}}
_PROBE = Message("user", "x")


@dataclass(slots=True)
class _Permit:
    """A place in a process, and what its cache holds; nothing, once that process has ended."""

    number: int
    pid: int = 0
    tokens: list[int] = field(default_factory=list)

    def count_cached(self, tokens: Sequence[int], *, pid: int) -> int:
        return _count_common(self.tokens, tokens) if pid == self.pid else 0

    def note(self, tokens: list[int], *, pid: int) -> None:
        self.tokens, self.pid = tokens, pid


class LlamaModel:
    """A `LanguageModel` on two processes."""

    engine = LLAMA_ENGINE

    def __init__(self, path: Path, *, model_id: str, settings: EngineSettings) -> None:
        """Start both processes; seconds. Raises RuntimeError, ValueError or OSError."""
        gguf = read_gguf(path)
        self.model_id = model_id
        self.context_tokens = choose_context(gguf, settings)
        self._control_tokens = ControlTokens(gguf.control_tokens)
        self.memory_bytes = estimate_bytes(path, gguf, settings)
        self._overhead: int | None = None
        interactive, bulk = count_parallel(settings)
        usual = LlamaSettings(
            path=path,
            context_tokens=self.context_tokens,
            parallel=interactive,
            threads=settings.llm_threads or max(1, count_threads(settings) // 2),
            niceness=_NICENESS[True],
            uses_gpu=settings.device != "cpu",
            stall_s=settings.llm_stall_s,
        )
        self._workers = {
            True: _Worker(LlamaProcess(usual)),
            False: _Worker(LlamaProcess(replace(usual, parallel=bulk, niceness=_NICENESS[False]))),
        }
        try:
            with ThreadPoolExecutor() as threads:
                list(threads.map(lambda worker: worker.process.start(), self._workers.values()))
        except BaseException:
            self.close()
            raise

    def process(self, *, is_interactive: bool) -> LlamaProcess:
        """Return the process of a class: for tests, which end it."""
        return self._workers[is_interactive].process

    async def generate(self, options: GenerationOptions) -> AsyncGenerator[GenerationEvent, None]:
        schema = parse_schema(options.json_schema)
        worker = self._workers[options.is_interactive]
        messages = self.break_control_tokens(options.messages)
        async with worker.process.connect() as connection:
            tokens = await connection.tokenize_messages(messages)
            self._check_context(len(tokens), options.max_tokens)
            async with worker.hold_permit(tokens, pid=connection.pid) as permit:
                cached = permit.count_cached(tokens, pid=connection.pid)
                async for progress in worker.read_prompt(connection, tokens, permit):
                    yield progress
                written = _write_options(options, schema)
                async for event in _answer(connection, tokens, permit, written):
                    if isinstance(event, GeneratedText):
                        yield event
                    else:
                        yield event.finish(schema, cached_tokens=cached)
                        return
        raise LanguageModelError("The language model ended without an answer. Try again.")

    async def count_tokens(self, texts: Sequence[str]) -> TokenCounts:
        broken = [self._control_tokens.break_in(text) for text in texts]
        counts: list[int] = []
        async with self._workers[True].process.connect() as connection:
            for chunk in _cut_into_chunks(broken):
                counts += _count_parts(await connection.tokenize_plain("\n".join(chunk)), chunk)
            if self._overhead is None:
                # A template may add a message of its own to a prompt without one of the system.
                self._overhead = len(await connection.tokenize_messages([_PROBE]))
        return TokenCounts(tuple(counts), self._overhead)

    def close(self) -> None:
        for worker in self._workers.values():
            worker.process.close()

    def break_control_tokens(self, messages: Sequence[Message]) -> list[Message]:
        return [
            Message(message.role, self._control_tokens.break_in(message.content))
            for message in messages
        ]

    def _check_context(self, prompt_tokens: int, max_tokens: int) -> None:
        if prompt_tokens + max_tokens > self.context_tokens:
            raise ContextExceededError(
                f"The prompt has {prompt_tokens} tokens and the answer may have {max_tokens}; "
                f"{self.model_id} takes {self.context_tokens} together here (STT_LLM_CONTEXT)."
            )


class _Worker:
    """A process, the requests that it may work on at once, and how fast it reads."""

    def __init__(self, process: LlamaProcess) -> None:
        self.process = process
        self._free = [_Permit(number) for number in range(process.settings.parallel)]
        self._permits = asyncio.Semaphore(len(self._free))
        self._waiting = 0
        self._part = _FIRST_PART

    @contextlib.asynccontextmanager
    async def hold_permit(self, tokens: Sequence[int], *, pid: int) -> AsyncIterator[_Permit]:
        """Wait for a permit, and take the one whose cache has most of the prompt.

        Raises ModelFullError.
        """
        if self._waiting >= _MOST_WAITING:
            raise ModelFullError("Too many requests wait for the language model. Try again later.")
        self._waiting += 1
        try:
            await self._permits.acquire()
        finally:
            self._waiting -= 1
        permit = max(self._free, key=lambda each: each.count_cached(tokens, pid=pid))
        self._free.remove(permit)
        try:
            yield permit
        finally:
            self._free.append(permit)
            self._permits.release()

    async def read_prompt(
        self, connection: LlamaConnection, tokens: list[int], permit: _Permit
    ) -> AsyncIterator[PromptRead]:
        """Read the prompt in parts, all but the last one; the first event has what was cached."""
        at = permit.count_cached(tokens, pid=connection.pid)
        permit.note(tokens[:at], pid=connection.pid)
        yield PromptRead(at, len(tokens))
        while len(tokens) - at > self._part:
            end = at + self._part
            started = time.monotonic()
            await connection.read_prompt(tokens[:end], permit=permit.number)
            self._adapt(end - at, time.monotonic() - started)
            at = end
            permit.note(tokens[:at], pid=connection.pid)
            yield PromptRead(at, len(tokens))

    def _adapt(self, count: int, elapsed_s: float) -> None:
        wanted = count * _PART_S / max(elapsed_s, 1e-3)
        self._part = round(min(_MOST_PART, 2 * count, max(_LEAST_PART, wanted)))


@dataclass(frozen=True, slots=True)
class _Ended:
    """The server's last event, and the whole answer."""

    event: Mapping[str, Any]
    answer: str

    def finish(self, schema: dict[str, Any] | None, *, cached_tokens: int) -> GenerationFinished:
        reason = FinishReason.STOP
        if self.event["stop_type"] == "limit":
            reason = FinishReason.LENGTH
        elif schema is not None and not check_answer(self.answer, schema):
            reason = FinishReason.INVALID_JSON
        return GenerationFinished(
            reason,
            prompt_tokens=int(self.event["tokens_evaluated"]),
            completion_tokens=int(self.event["tokens_predicted"]),
            cached_tokens=cached_tokens,
        )


async def _answer(
    connection: LlamaConnection, tokens: list[int], permit: _Permit, options: Mapping[str, Any]
) -> AsyncGenerator[GeneratedText | _Ended, None]:
    answer = ""
    events = connection.complete(tokens, permit=permit.number, options=options)
    async with contextlib.aclosing(events) as stream:
        async for event in stream:
            permit.note(tokens, pid=connection.pid)
            if text := event["content"]:
                answer += text
                yield GeneratedText(text)
            if event["stop"]:
                yield _Ended(event, answer)


def load_llama(entry: ModelEntry, settings: EngineSettings) -> LlamaModel:
    """Raises RuntimeError, ValueError or OSError for bad weights."""
    return LlamaModel(find_gguf(entry), model_id=entry.id, settings=settings)


def estimate_llama_bytes(entry: ModelEntry, settings: EngineSettings) -> int:
    """Raises OSError, ValueError."""
    path = find_gguf(entry)
    return estimate_bytes(path, read_gguf(path), settings)


def find_gguf(entry: ModelEntry) -> Path:
    """Return the file of the weights: the first part where there are several. Raises OSError."""
    files = sorted(entry.path.glob("*.gguf")) if entry.path else []
    if not files:
        raise FileNotFoundError(f"The weights of {entry.id} are not here.")
    return files[0]


def choose_context(gguf: GgufModel, settings: EngineSettings) -> int:
    return min(gguf.context_tokens, settings.llm_context)


def count_parallel(settings: EngineSettings) -> tuple[int, int]:
    """Return how many questions, and how much bulk work, go on at once.

    On a CPU nothing is gained by more than one (1.04 ×), but a second question should not wait.
    """
    if settings.llm_parallel:
        return settings.llm_parallel, settings.llm_parallel
    return (2, 1) if settings.device == "cpu" else (4, 4)


def estimate_bytes(path: Path, gguf: GgufModel, settings: EngineSettings) -> int:
    weights = sum(part.stat().st_size for part in path.parent.glob("*.gguf"))
    tokens = choose_context(gguf, settings) * sum(count_parallel(settings))
    return weights + tokens * gguf.cache_bytes_per_token + 2 * _OVERHEAD_BYTES


def _write_options(options: GenerationOptions, schema: dict[str, Any] | None) -> dict[str, Any]:
    written: dict[str, Any] = {
        "n_predict": options.max_tokens,
        "temperature": options.temperature,
        "stop": list(options.stop),
    }
    if options.seed:
        written["seed"] = options.seed % (1 << 32)
    if schema is not None:
        written["json_schema"] = {**schema, **_COMPACT_JSON}
    return written


def _count_common(first: Sequence[int], second: Sequence[int]) -> int:
    pairs = zip(first, second, strict=False)
    return next(
        (at for at, (one, other) in enumerate(pairs) if one != other), min(len(first), len(second))
    )


def _cut_into_chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for text in texts:
        if chunk and size + len(text) > _CHUNK_CHARACTERS:
            yield chunk
            chunk, size = [], 0
        chunk.append(text)
        size += len(text) + 1
    if chunk:
        yield chunk


def _count_parts(parts: Sequence[bytes], texts: Sequence[str]) -> list[int]:
    """Count the tokens that hold something of each text, where the texts were joined by newlines.

    A token across a border counts for both, so that a sum is never too small.
    """
    counts = []
    at = number = 0  # bytes of the tokens before, and which token is next
    start = 0
    for text in texts:
        end = start + len(text.encode()) + 1  # with its newline
        first = number - 1 if number and at > start else number
        while number < len(parts) and at < end:
            at += len(parts[number])
            number += 1
        counts.append(number - first)
        start = end
    return counts
