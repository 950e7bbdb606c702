"""The weights on an inference server's disk: what is installed, what can be, and fetching it."""

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


@dataclass(frozen=True)
class WeightsFault:
    """A file that isn't what the catalogue pins. `problem`: size, hash, missing, unreadable."""

    model: str
    file: str
    problem: str


@dataclass(frozen=True)
class WeightsCheck:
    """`waiting_bytes`: of files that there was no time for. `sources`: each with what is wrong
    with it, or nothing; where they were tried."""

    faults: tuple[WeightsFault, ...]
    hashed_bytes: int
    waiting_bytes: int
    is_offline: bool
    sources: tuple[tuple[str, str], ...] = ()


def check_weights(server: Server, *, within_s: float, with_sources: bool = False) -> WeightsCheck:
    """Have installed files compared with the catalogue's hashes. Raises `InferenceError`.

    Blocks for about `within_s`; with `with_sources`, which uses the network, up to 8 s more.
    """
    stub = models_pb2_grpc.ModelsStub(get_channel(server))
    request = models_pb2.CheckWeightsRequest(
        within_ms=int(within_s * 1000), try_sources=with_sources
    )
    deadline_s = within_s + _DEADLINE_S
    try:
        answer = stub.CheckWeights(request, timeout=deadline_s, metadata=call_metadata(server))
    except grpc.RpcError as error:
        raise translate_rpc_error(error) from error
    return WeightsCheck(
        faults=tuple(
            WeightsFault(fault.model, fault.file, fault.problem) for fault in answer.faults
        ),
        hashed_bytes=answer.hashed_bytes,
        waiting_bytes=answer.waiting_bytes,
        is_offline=answer.offline,
        sources=tuple((source.name, source.problem) for source in answer.sources),
    )


def list_weights(server: Server) -> WeightsOnDisk:
    """Ask what is installed and what is being fetched. Raises `InferenceError`."""
    stub = models_pb2_grpc.ModelsStub(get_channel(server))
    request = models_pb2.ListWeightsRequest()
    try:
        answer = stub.ListWeights(request, timeout=_DEADLINE_S, metadata=call_metadata(server))
    except grpc.RpcError as error:
        raise translate_rpc_error(error) from error
    return WeightsOnDisk(
        models=[_read_model(message) for message in answer.models],
        free_bytes=answer.free_bytes,
        total_bytes=answer.total_bytes,
        is_offline=answer.offline,
    )


def pull_weights(server: Server, model_id: str) -> ModelWeights:
    """Have a model fetched; returns once it has begun. Raises `InferenceError`."""
    stub = models_pb2_grpc.ModelsStub(get_channel(server))
    request = models_pb2.PullWeightsRequest(id=model_id)
    try:
        answer = stub.PullWeights(request, timeout=_DEADLINE_S, metadata=call_metadata(server))
    except grpc.RpcError as error:
        raise translate_rpc_error(error) from error
    return _read_model(answer)


def _read_model(message: models_pb2.Weights) -> ModelWeights:
    return ModelWeights(
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
