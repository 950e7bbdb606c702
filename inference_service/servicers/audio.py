"""The Audio service: translates requests, calls an engine in a thread, translates answers."""

import asyncio
import itertools
from typing import NoReturn

import grpc
import numpy as np

from inference_service.engines.diarization import Embedder, Turn, cluster_turns
from protos.stt.v1 import audio_pb2, audio_pb2_grpc, speech_pb2

MAX_TURNS = 100_000


class AudioServicer(audio_pb2_grpc.AudioServicer):
    """Stateless. `embedder` is the server's own: it clusters no other's embeddings."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def Diarize(  # noqa: N802 - the proto's name
        self,
        request: audio_pb2.DiarizeRequest,
        context: "grpc.aio.ServicerContext[audio_pb2.DiarizeRequest, audio_pb2.DiarizeResponse]",
    ) -> audio_pb2.DiarizeResponse:
        if request.embedder != self._embedder.name:
            await _refuse(
                context,
                f"The embeddings come from “{request.embedder}”; this server has "
                f"“{self._embedder.name}”.",
            )
        if len(request.turns) > MAX_TURNS:
            await _refuse(context, f"There are more than {MAX_TURNS} turns.")
        try:
            labels = await asyncio.to_thread(self._cluster, request)
        except ValueError as error:
            await _refuse(context, str(error))
        return audio_pb2.DiarizeResponse(
            speakers=labels,
            approximate=self._embedder.is_approximate,
            embedder=self._embedder.name,
        )

    def _cluster(self, request: audio_pb2.DiarizeRequest) -> list[int]:
        turns = [_turn(turn) for turn in request.turns]
        if any(one.start_s > other.start_s for one, other in itertools.pairwise(turns)):
            raise ValueError("The turns must be in time order.")
        return cluster_turns(
            turns,
            speakers=request.speakers,
            embedder_name=self._embedder.name,
        )


def _turn(turn: speech_pb2.SpeakerTurn) -> Turn:
    """Raises ValueError if the turn breaks a rule of the proto."""
    if not 0 <= turn.start_ms < turn.end_ms:
        raise ValueError("Every turn must end after it starts.")
    if len(turn.embedding) % 4:
        raise ValueError("Every embedding must be a row of 32-bit floats.")
    return Turn(turn.start_ms / 1000, turn.end_ms / 1000, np.frombuffer(turn.embedding, "<f4"))


async def _refuse(
    context: "grpc.aio.ServicerContext[audio_pb2.DiarizeRequest, audio_pb2.DiarizeResponse]",
    message: str,
) -> NoReturn:
    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
    raise AssertionError("abort raises")
