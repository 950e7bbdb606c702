"""The Audio service: translates requests, calls an engine in a thread, translates answers."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Mapping
from typing import NoReturn

import grpc
import numpy as np

from inference_service.engines.diarization import Description, VoiceTurn, cluster_turns
from inference_service.runtime import Runtime
from inference_service.servicers.status_codes import reporting_failures
from inference_service.servicers.turns import find_turns
from protos.stt.v1 import audio_pb2, audio_pb2_grpc, speech_pb2

MAX_TURNS = 100_000


class AudioServicer(audio_pb2_grpc.AudioServicer):
    """Stateless. What is clustered, and by whose rules, comes with the request.

    Clustering needs no model, only its description; so embeddings made by another server, or before
    a model was replaced, are clustered wherever their model is known.
    """

    def __init__(self, models: Mapping[str, Description], runtime: Runtime) -> None:
        """models: whose embeddings can be clustered, by the name of their embedder."""
        self._models = models
        self._runtime = runtime

    async def FindTurns(  # noqa: N802 - the proto's name
        self,
        request_iterator: AsyncIterator[audio_pb2.FindTurnsRequest],
        context: "grpc.aio.ServicerContext[audio_pb2.FindTurnsRequest, audio_pb2.FindTurnsEvent]",
    ) -> AsyncIterator[audio_pb2.FindTurnsEvent]:
        has_deadline = context.time_remaining() is not None
        found = find_turns(self._runtime, request_iterator, has_deadline=has_deadline)
        async with reporting_failures(context), contextlib.aclosing(found) as events:
            async for event in events:
                yield event

    async def Diarize(  # noqa: N802 - the proto's name
        self,
        request: audio_pb2.DiarizeRequest,
        context: "grpc.aio.ServicerContext[audio_pb2.DiarizeRequest, audio_pb2.DiarizeResponse]",
    ) -> audio_pb2.DiarizeResponse:
        model = self._models.get(request.embedder)
        if model is None:
            known = ", ".join(sorted(self._models))
            await _refuse(
                context,
                f"The embedder “{request.embedder}” is unknown to this server; it can cluster "
                f"embeddings of {known}.",
            )
        if len(request.turns) > MAX_TURNS:
            await _refuse(context, f"There are more than {MAX_TURNS} turns.")
        try:
            labels = await asyncio.to_thread(_cluster, request, model)
        except ValueError as error:
            await _refuse(context, str(error))
        return audio_pb2.DiarizeResponse(speakers=labels, embedder=model.name)


def _cluster(request: audio_pb2.DiarizeRequest, model: Description) -> list[int]:
    turns = [_turn(turn) for turn in request.turns]
    if any(one.start_s > other.start_s for one, other in itertools.pairwise(turns)):
        raise ValueError("The turns must be in time order.")
    return cluster_turns(turns, speakers=request.speakers, model=model)


def _turn(turn: speech_pb2.SpeakerTurn) -> VoiceTurn:
    """Raises ValueError if the turn breaks a rule of the proto."""
    if not 0 <= turn.start_ms < turn.end_ms:
        raise ValueError("Every turn must end after it starts.")
    if len(turn.embedding) % 4:
        raise ValueError("Every embedding must be a row of 32-bit floats.")
    if not 0 <= turn.overlap <= 1:
        raise ValueError("Every share of overlap must be from 0 to 1.")
    embedding = np.frombuffer(turn.embedding, "<f4")
    return VoiceTurn(turn.start_ms / 1000, turn.end_ms / 1000, embedding, turn.overlap)


async def _refuse(
    context: "grpc.aio.ServicerContext[audio_pb2.DiarizeRequest, audio_pb2.DiarizeResponse]",
    message: str,
) -> NoReturn:
    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
    raise AssertionError("abort raises")
