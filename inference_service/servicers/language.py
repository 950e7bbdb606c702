"""stt.v1.Language: translates calls, and failures into statuses."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeAlias, TypeVar

import grpc

from inference_service.runtime import Runtime
from inference_service.servicers.embed import embed
from inference_service.servicers.generate import count_tokens, generate
from inference_service.servicers.status_codes import reporting_failures
from inference_service.servicers.translate import list_languages, translate
from protos.stt.v1 import language_pb2, language_pb2_grpc

Answer = TypeVar("Answer")
# In quotes: gRPC's class takes parameters in its stubs only.
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class LanguageServicer(language_pb2_grpc.LanguageServicer):
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def Generate(  # noqa: N802  # gRPC's name
        self, request: language_pb2.GenerateRequest, context: Context
    ) -> AsyncIterator[language_pb2.GenerateEvent]:
        call = generate(self._runtime, request, has_deadline=_has_deadline(context))
        async with reporting_failures(context), contextlib.aclosing(call) as events:
            async for event in events:
                yield event

    async def CountTokens(  # noqa: N802  # gRPC's name
        self, request: language_pb2.CountTokensRequest, context: Context
    ) -> language_pb2.CountTokensResponse:
        return await _answer(
            context, count_tokens(self._runtime, request, has_deadline=_has_deadline(context))
        )

    async def Embed(  # noqa: N802  # gRPC's name
        self, request: language_pb2.EmbedRequest, context: Context
    ) -> language_pb2.EmbedResponse:
        return await _answer(
            context, embed(self._runtime, request, has_deadline=_has_deadline(context))
        )

    async def Translate(  # noqa: N802  # gRPC's name
        self, request: language_pb2.TranslateTextRequest, context: Context
    ) -> language_pb2.TranslateTextResponse:
        return await _answer(
            context, translate(self._runtime, request, has_deadline=_has_deadline(context))
        )

    async def ListTranslationLanguages(  # noqa: N802  # gRPC's name
        self, request: language_pb2.ListTranslationLanguagesRequest, context: Context
    ) -> language_pb2.ListTranslationLanguagesResponse:
        # In a thread: the tokenizer of a model for many languages is read for its list.
        return await _answer(context, asyncio.to_thread(list_languages, self._runtime.catalog))


def _has_deadline(context: Context) -> bool:
    return context.time_remaining() is not None


async def _answer(context: Context, call: Awaitable[Answer]) -> Answer:
    async with reporting_failures(context):
        return await call
