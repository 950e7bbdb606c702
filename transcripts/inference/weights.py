"""The weights on an inference server's disk: what is installed, what can be, and fetching it."""

from collections.abc import Iterable
from dataclasses import dataclass

import grpc

from protos.stt.v1 import models_pb2, models_pb2_grpc
from transcripts.inference.channel import get_channel
from transcripts.inference.client import call_metadata
from transcripts.inference.errors import translate_rpc_error
from transcripts.inference.servers import Server

_DEADLINE_S = 10.0  # a disk with many models is asked for the size of each file


@dataclass(frozen=True)
class ModelWeights:
    """`size_bytes`: to be fetched, 0 where that is unknown; `disk_bytes`: of what is installed.

    `pull_line`, `pull_error`: the last ones of the last pull; empty where there was none.
    """

    id: str
    name: str
    kind: str
    engine: str
    licence: str
    size_bytes: int
    disk_bytes: int
    is_installed: bool
    is_pulling: bool
    pulled_bytes: int
    pull_line: str
    pull_error: str

    @property
    def pulled_share(self) -> float | None:
        """From 0 to 1; None where the size is unknown."""
        return min(1.0, self.pulled_bytes / self.size_bytes) if self.size_bytes else None


@dataclass(frozen=True)
class WeightsOnDisk:
    models: list[ModelWeights]
    free_bytes: int
    total_bytes: int
    is_offline: bool

    @property
    def is_pulling(self) -> bool:
        return any(model.is_pulling for model in self.models)


def list_weights(server: Server) -> WeightsOnDisk:
    """Ask what is installed and what is being fetched. Raises `InferenceError`."""
    stub = models_pb2_grpc.ModelsStub(get_channel(server))
    request = models_pb2.ListWeightsRequest()
    try:
        answer = stub.ListWeights(request, timeout=_DEADLINE_S, metadata=call_metadata(server))
    except grpc.RpcError as error:
        raise translate_rpc_error(error) from error
    return WeightsOnDisk(
        models=list(_read_models(answer.models)),
        free_bytes=answer.free_bytes,
        total_bytes=answer.total_bytes,
        is_offline=answer.offline,
    )


def pull_weights(server: Server, model_id: str) -> None:
    """Have a model fetched; returns once it has begun. Raises `InferenceError`."""
    stub = models_pb2_grpc.ModelsStub(get_channel(server))
    request = models_pb2.PullWeightsRequest(id=model_id)
    try:
        stub.PullWeights(request, timeout=_DEADLINE_S, metadata=call_metadata(server))
    except grpc.RpcError as error:
        raise translate_rpc_error(error) from error


def _read_models(messages: Iterable[models_pb2.Weights]) -> Iterable[ModelWeights]:
    for message in messages:
        yield ModelWeights(
            id=message.id,
            name=message.name,
            kind=message.kind,
            engine=message.engine,
            licence=message.licence,
            size_bytes=message.size_bytes,
            disk_bytes=message.disk_bytes,
            is_installed=message.installed,
            is_pulling=message.pull.running,
            pulled_bytes=message.pull.done_bytes,
            pull_line=message.pull.line,
            pull_error=message.pull.error,
        )
