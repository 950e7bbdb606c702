"""The language service as a test wants it: vectors of words, "translations", scripted answers.

A vector counts the beginnings of the words, hashed to 384 places: texts that share words are near
each other, and the same text has the same vector. Nothing of it knows what a word means; what real
models make of texts is tested in `tests/real`.
"""

import re
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import grpc
import numpy as np
import numpy.typing as npt

from protos.stt.v1 import language_pb2, language_pb2_grpc

DIMENSIONS = 384
EMBEDDER = "multilingual-e5-small"
MINILM = "all-minilm-l6-v2"
WRITER = "qwen2.5-1.5b-instruct"


@dataclass
class FakeLanguage:
    """`models`: installed. `status`: instead of every answer. `answer`: of the language model."""

    models: set[str] = field(default_factory=lambda: {EMBEDDER, MINILM, "translator"})
    embedder: str = EMBEDDER  # the default one
    weights: str = "1"
    status: grpc.StatusCode | None = None
    answer: Callable[[str], str] = lambda prompt: "- A note."
    context_tokens: int = 4096
    untranslatable: str = "¤"  # a sentence with it comes back as it was
    before: Callable[[], object] = lambda: None
    after_word: Callable[[], object] = lambda: None  # of the language model, once it is sent
    hangs: threading.Event | None = None  # answers wait for it, or for their callers to leave
    embedded: list[language_pb2.EmbedRequest] = field(default_factory=list)
    generated: list[language_pb2.GenerateRequest] = field(default_factory=list)
    left: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def reset(self) -> None:
        self.__dict__.update(FakeLanguage().__dict__)


def vectors_of(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    vectors = np.full((len(texts), DIMENSIONS), 0.01, np.float32)
    for row, text in enumerate(texts):
        for word in re.findall(r"\w{3,}", text.lower()):
            vectors[row, zlib.crc32(word[:5].encode()) % DIMENSIONS] += 1.0
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


class LanguageServicer(language_pb2_grpc.LanguageServicer):
    def __init__(self, fake: FakeLanguage) -> None:
        self._fake = fake

    def Embed(  # noqa: N802  # named by the proto
        self, request: language_pb2.EmbedRequest, context: grpc.ServicerContext
    ) -> language_pb2.EmbedResponse:
        model = request.model or self._fake.embedder
        self._enter(model, context)
        self._fake.embedded.append(request)
        return language_pb2.EmbedResponse(
            model=model,
            dimensions=DIMENSIONS,
            vectors=vectors_of(request.texts).astype("<f4").tobytes(),
            truncated=[len(text.split()) > 256 for text in request.texts],
            max_tokens=256,
            revision=self._fake.weights,
        )

    def CountTokens(  # noqa: N802  # named by the proto
        self, request: language_pb2.CountTokensRequest, context: grpc.ServicerContext
    ) -> language_pb2.CountTokensResponse:
        self._enter(request.model or WRITER, context)
        return language_pb2.CountTokensResponse(
            counts=[len(text.split()) for text in request.texts],
            context_tokens=self._fake.context_tokens,
            model=request.model or WRITER,
        )

    def Generate(  # noqa: N802  # named by the proto
        self, request: language_pb2.GenerateRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.GenerateEvent]:
        model = request.model or WRITER
        self._enter(model, context)
        self._fake.generated.append(request)
        accepted = language_pb2.GenerateAccepted(model=model, context_tokens=4096)
        yield language_pb2.GenerateEvent(accepted=accepted)
        text = self._fake.answer(request.messages[-1].content)
        for word in re.findall(r"\S+\s*|\s+", text):
            yield language_pb2.GenerateEvent(delta=language_pb2.TextDelta(text=word))
            self._fake.after_word()
        finished = language_pb2.GenerateFinished(
            finish_reason=language_pb2.GenerateFinished.REASON_STOP, model=model
        )
        yield language_pb2.GenerateEvent(finished=finished)

    def Translate(  # noqa: N802  # named by the proto
        self, request: language_pb2.TranslateTextRequest, context: grpc.ServicerContext
    ) -> language_pb2.TranslateTextResponse:
        self._enter("translator", context)
        answer = language_pb2.TranslateTextResponse(model="en-cs", engine="firefox-translations")
        for sentence in request.sentences:
            if self._fake.untranslatable in sentence:
                answer.translations.add(text=sentence, untranslated=True, reason="length")
            else:
                answer.translations.add(text=f"{request.target}:{sentence}")
        return answer

    def ListTranslationLanguages(  # noqa: N802  # named by the proto
        self,
        request: language_pb2.ListTranslationLanguagesRequest,
        context: grpc.ServicerContext,
    ) -> language_pb2.ListTranslationLanguagesResponse:
        self._enter("", context)
        answer = language_pb2.ListTranslationLanguagesResponse()
        czech = answer.languages.add(code="cs", name="Czech", model="en-cs", installed=True)
        czech.engine = "firefox-translations"
        getattr(czech, "from").append("en")
        answer.languages.add(code="de", name="German", model="en-de", install_hint="Pull en-de.")
        return answer

    def _enter(self, model: str, context: grpc.ServicerContext) -> None:
        self._fake.before()
        if self._fake.hangs is not None:
            left = self._fake.hangs
            context.add_callback(self._fake.left.release)
            context.add_callback(left.set)
            left.wait(20)
        if self._fake.status is not None:
            context.abort(self._fake.status, "As the script says.")
        if model and model not in self._fake.models:
            context.abort(
                grpc.StatusCode.NOT_FOUND, f"{model} is not installed. Run `pull {model}`."
            )
