"""Language.*: texts to an inference server, vectors, translations and generated text back.

Each call may be ended from another thread (`CancelToken`), has a deadline, and raises
`InferenceError`; `CancelledCallError` where its token ended it.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import grpc
import numpy as np
import numpy.typing as npt

from protos.stt.v1 import language_pb2, language_pb2_grpc
from transcripts.inference.channel import get_channel
from transcripts.inference.client import call_metadata
from transcripts.inference.errors import (
    BrokenAnswerError,
    InferenceError,
    ModelNotInstalledError,
    translate_rpc_error,
)
from transcripts.inference.servers import Server

Vectors = npt.NDArray[np.float32]
EmbedKind = Literal["plain", "query", "passage"]

_EMBED_TEXTS = 512  # of one call: a cancelled request is noticed behind each
_EMBED_CHARACTERS = 500_000
_TRANSLATE_SENTENCES = 128
_KINDS = {
    "plain": language_pb2.EmbedRequest.KIND_PLAIN,
    "query": language_pb2.EmbedRequest.KIND_QUERY,
    "passage": language_pb2.EmbedRequest.KIND_PASSAGE,
}
ROLES = {
    "system": language_pb2.ChatMessage.ROLE_SYSTEM,
    "user": language_pb2.ChatMessage.ROLE_USER,
    "assistant": language_pb2.ChatMessage.ROLE_ASSISTANT,
}


class CancelledCallError(InferenceError):
    """Whoever asked has left."""

    code = "cancelled"


class _Call(Protocol):
    def cancel(self) -> object: ...


class CancelToken:
    """Ends the calls that are made under it, now and later. Thread-safe. `ends_at`: monotonic."""

    def __init__(self, *, within_s: float) -> None:
        self._lock = threading.Lock()
        self._calls: list[_Call] = []
        self._is_cancelled = False
        self._ends_at = time.monotonic() + within_s

    def cancel(self) -> None:
        with self._lock:
            self._is_cancelled = True
            calls = list(self._calls)
        for call in calls:
            call.cancel()

    def check(self) -> None:
        """Raise CancelledCallError once it is cancelled."""
        if self._is_cancelled:
            raise CancelledCallError("The request was cancelled.")

    def left_s(self) -> float:
        """Return the seconds until the deadline, at least a moment."""
        return max(0.001, self._ends_at - time.monotonic())

    @contextmanager
    def holding(self, call: _Call) -> Iterator[None]:
        """Let the call be cancelled meanwhile, and translate what it raises."""
        with self._lock:
            self._calls.append(call)
            is_late = self._is_cancelled
        if is_late:
            call.cancel()
        try:
            yield
        except grpc.RpcError as error:
            self.check()
            raise _translate(error) from error
        finally:
            with self._lock:
                self._calls.remove(call)


@dataclass(frozen=True)
class Embedded:
    """`vectors`: float32 (texts, dimensions), each of unit length. `truncated`: places of texts of
    which the model read only the first `max_tokens`.
    """

    vectors: Vectors
    model: str
    revision: str
    truncated: tuple[int, ...]
    max_tokens: int


@dataclass(frozen=True)
class TranslatedSentence:
    """`reason`: why it is the source; empty where it is translated."""

    text: str
    is_translated: bool
    reason: str


@dataclass(frozen=True)
class Translated:
    sentences: tuple[TranslatedSentence, ...]
    model: str
    engine: str
    pivot: str


@dataclass(frozen=True)
class TranslationLanguage:
    code: str
    name: str
    model: str
    engine: str
    installed: bool
    sources: tuple[str, ...]  # empty: any
    install_hint: str


def embed(
    texts: Sequence[str],
    *,
    kind: EmbedKind,
    server: Server,
    token: CancelToken,
    model: str = "",
    is_interactive: bool = False,
    note_progress: Callable[[], None] = lambda: None,
) -> Embedded:
    """Return the texts' vectors, in their order. `model` empty: the server's default embedder.

    note_progress: called behind each batch.
    """
    stub = language_pb2_grpc.LanguageStub(get_channel(server))
    parts: list[Vectors] = []
    truncated: list[int] = []
    answer = language_pb2.EmbedResponse()
    offset = 0
    for batch in _batches(texts):
        token.check()
        request = language_pb2.EmbedRequest(
            model=answer.model or model,
            kind=_KINDS[kind],
            texts=batch,
            text_class=_text_class(is_interactive=is_interactive),
        )
        call = stub.Embed.future(request, timeout=token.left_s(), metadata=call_metadata(server))
        with token.holding(call):
            answer = call.result()
        note_progress()
        parts.append(_read_vectors(answer, count=len(batch)))
        truncated += [offset + place for place, is_cut in enumerate(answer.truncated) if is_cut]
        offset += len(batch)
    vectors = np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)
    return Embedded(vectors, answer.model, answer.revision, tuple(truncated), answer.max_tokens)


def translate(
    sentences: Sequence[str],
    *,
    source: str,
    target: str,
    server: Server,
    token: CancelToken,
    model: str = "",
    is_interactive: bool = False,
    note_parts: Callable[[int, int], None] = lambda done, total: None,
) -> Translated:
    """Return the sentences in the target language, each by itself and in their order.

    note_parts: called with the sentences that are done and all of them, behind each batch.
    """
    stub = language_pb2_grpc.LanguageStub(get_channel(server))
    translated: list[TranslatedSentence] = []
    answer = language_pb2.TranslateTextResponse()
    for start in range(0, len(sentences), _TRANSLATE_SENTENCES):
        token.check()
        batch = sentences[start : start + _TRANSLATE_SENTENCES]
        request = language_pb2.TranslateTextRequest(
            model=model,
            sentences=batch,
            source=source,
            target=target,
            text_class=_text_class(is_interactive=is_interactive),
        )
        call = stub.Translate.future(
            request, timeout=token.left_s(), metadata=call_metadata(server)
        )
        with token.holding(call):
            answer = call.result()
        if len(answer.translations) != len(batch):
            raise BrokenAnswerError("The inference service sent another number of sentences.")
        translated += [
            TranslatedSentence(each.text, not each.untranslated, each.reason)
            for each in answer.translations
        ]
        note_parts(len(translated), len(sentences))
    return Translated(tuple(translated), answer.model, answer.engine, answer.pivot)


def list_translation_languages(
    *, server: Server, token: CancelToken
) -> tuple[TranslationLanguage, ...]:
    stub = language_pb2_grpc.LanguageStub(get_channel(server))
    request = language_pb2.ListTranslationLanguagesRequest()
    call = stub.ListTranslationLanguages.future(
        request, timeout=token.left_s(), metadata=call_metadata(server)
    )
    with token.holding(call):
        answer = call.result()
    return tuple(
        TranslationLanguage(
            each.code,
            each.name,
            each.model,
            each.engine,
            each.installed,
            tuple(getattr(each, "from")),
            each.install_hint,
        )
        for each in answer.languages
    )


@dataclass(frozen=True)
class WritingOptions:
    model: str = ""
    json_schema: str = ""
    max_tokens: int = 512
    is_interactive: bool = False
    is_local_only: bool = False


@dataclass(frozen=True)
class Generated:
    """`finish_reason`: stop, length or invalid_json."""

    text: str
    model: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


_REASONS = {
    language_pb2.GenerateFinished.REASON_STOP: "stop",
    language_pb2.GenerateFinished.REASON_LENGTH: "length",
    language_pb2.GenerateFinished.REASON_INVALID_JSON: "invalid_json",
}


def generate(
    messages: Sequence[tuple[str, str]],
    options: WritingOptions,
    *,
    server: Server,
    token: CancelToken,
) -> Iterator[str | Generated]:
    """Yield the answer as it is made, a stretch of text at a time, and `Generated` last.

    messages: (role, content), roles as in `ROLES`.
    """
    stub = language_pb2_grpc.LanguageStub(get_channel(server))
    request = language_pb2.GenerateRequest(
        model=options.model,
        messages=[
            language_pb2.ChatMessage(role=ROLES[role], content=content)
            for role, content in messages
        ],
        json_schema=options.json_schema,
        max_tokens=options.max_tokens,
        text_class=_text_class(is_interactive=options.is_interactive),
        local_only=options.is_local_only,
    )
    token.check()
    call = stub.Generate(request, timeout=token.left_s(), metadata=call_metadata(server))
    text: list[str] = []
    with token.holding(call):
        for event in call:
            if event.HasField("delta"):
                text.append(event.delta.text)
                yield event.delta.text
            elif event.HasField("finished"):
                yield _read_finished("".join(text), event.finished)
                return
    raise BrokenAnswerError("The inference service ended an answer before its end.")


def count_tokens(
    texts: Sequence[str], *, server: Server, token: CancelToken, model: str = ""
) -> tuple[list[int], int]:
    """Return the tokens of each text, and the context of one request (0: unknown)."""
    stub = language_pb2_grpc.LanguageStub(get_channel(server))
    request = language_pb2.CountTokensRequest(model=model, texts=texts)
    token.check()
    call = stub.CountTokens.future(request, timeout=token.left_s(), metadata=call_metadata(server))
    with token.holding(call):
        answer = call.result()
    if len(answer.counts) != len(texts):
        raise BrokenAnswerError("The inference service sent another number of counts.")
    return list(answer.counts), answer.context_tokens


def _read_finished(text: str, finished: language_pb2.GenerateFinished) -> Generated:
    return Generated(
        text,
        finished.model,
        _REASONS.get(finished.finish_reason, "stop"),
        finished.usage.prompt_tokens,
        finished.usage.completion_tokens,
    )


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        is_full = len(batch) == _EMBED_TEXTS or characters + len(text) > _EMBED_CHARACTERS
        if batch and is_full:
            yield batch
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    if batch:
        yield batch


def _read_vectors(answer: language_pb2.EmbedResponse, *, count: int) -> Vectors:
    if not answer.dimensions or len(answer.vectors) != 4 * count * answer.dimensions:
        raise BrokenAnswerError("The inference service sent another number of vectors.")
    vectors = np.frombuffer(answer.vectors, "<f4").reshape(count, answer.dimensions)
    return np.asarray(vectors, np.float32)


def _text_class(*, is_interactive: bool) -> "language_pb2.TextClass.ValueType":
    return language_pb2.TEXT_CLASS_INTERACTIVE if is_interactive else language_pb2.TEXT_CLASS_BULK


def _translate(error: grpc.RpcError) -> InferenceError:
    """A server from before these calls has none of their models."""
    code: Any = getattr(error, "code", lambda: None)()
    if code == grpc.StatusCode.UNIMPLEMENTED:
        message = "This inference server knows no calls for texts: update it, then pull a model."
        return ModelNotInstalledError(message)
    return translate_rpc_error(error)
