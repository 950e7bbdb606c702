"""stt.v1.Models: the weights on this server's disk, for the people who run it."""

import asyncio

import grpc

from inference_service.catalog import Catalog, Kind, ModelEntry, UnknownModelError
from inference_service.catalog.check import CheckedWeights, WeightsChecker, try_sources
from inference_service.catalog.pulls import Pulls, PullState, folder_bytes
from inference_service.servicers.status_codes import describe_failure
from protos.stt.v1 import models_pb2, models_pb2_grpc

ListContext = grpc.aio.ServicerContext[models_pb2.ListWeightsRequest, models_pb2.WeightsList]
CheckContext = grpc.aio.ServicerContext[models_pb2.CheckWeightsRequest, models_pb2.WeightsCheck]
PullContext = grpc.aio.ServicerContext[models_pb2.PullWeightsRequest, models_pb2.Weights]

_LONGEST_CHECK_S = 60.0


class ModelsServicer(models_pb2_grpc.ModelsServicer):
    def __init__(self, catalog: Catalog, pulls: Pulls) -> None:
        self._catalog = catalog
        self._pulls = pulls
        self._checker = WeightsChecker()

    async def ListWeights(  # noqa: N802  # gRPC's name
        self, request: models_pb2.ListWeightsRequest, context: ListContext
    ) -> models_pb2.WeightsList:
        return await asyncio.to_thread(self._list)

    async def PullWeights(  # noqa: N802  # gRPC's name
        self, request: models_pb2.PullWeightsRequest, context: PullContext
    ) -> models_pb2.Weights:
        entries = await asyncio.to_thread(_list_entries, self._catalog)
        entry = next((each for each in entries if each.id == request.id), None)
        if entry is None:
            error = UnknownModelError(f"The catalogue has no model named {request.id!r}.")
            await context.abort(*describe_failure(error))
        if not entry.is_available:
            self._pulls.start(entry.id)
        return await asyncio.to_thread(self._write, entry)

    async def CheckWeights(  # noqa: N802  # gRPC's name
        self, request: models_pb2.CheckWeightsRequest, context: CheckContext
    ) -> models_pb2.WeightsCheck:
        checked, sources = await asyncio.gather(
            asyncio.to_thread(self._check_files, min(request.within_ms / 1000, _LONGEST_CHECK_S)),
            asyncio.to_thread(self._try_sources, request),
        )
        return models_pb2.WeightsCheck(
            faults=[
                models_pb2.WeightsFault(model=each.model, file=each.file, problem=each.problem)
                for each in checked.faults
            ],
            hashed_bytes=checked.hashed_bytes,
            waiting_bytes=checked.waiting_bytes,
            offline=self._pulls.is_offline,
            sources=[
                models_pb2.WeightsSource(name=name, problem=problem) for name, problem in sources
            ],
        )

    def _check_files(self, within_s: float) -> CheckedWeights:
        entries, catalogue = _list_entries(self._catalog), self._catalog.read_models()
        return self._checker.check(entries, catalogue, within_s=within_s)

    def _try_sources(self, request: models_pb2.CheckWeightsRequest) -> list[tuple[str, str]]:
        return try_sources(self._pulls.settings) if request.try_sources else []

    def _list(self) -> models_pb2.WeightsList:
        free_bytes, total_bytes = self._pulls.read_disk()
        return models_pb2.WeightsList(
            models=[self._write(entry) for entry in _list_entries(self._catalog)],
            free_bytes=free_bytes,
            total_bytes=total_bytes,
            offline=self._pulls.is_offline,
        )

    def _write(self, entry: ModelEntry) -> models_pb2.Weights:
        state = self._pulls.state_of(entry.id)
        return models_pb2.Weights(
            id=entry.id,
            name=entry.name,
            kind=entry.kind,
            engine=entry.engine,
            licence=entry.licence,
            size_bytes=entry.size_bytes,
            disk_bytes=folder_bytes(entry.path) if entry.path is not None else 0,
            installed=entry.is_available,
            pull=self._write_pull(entry.id, state) if state is not None else None,
        )

    def _write_pull(self, model_id: str, state: PullState) -> models_pb2.Pull:
        return models_pb2.Pull(
            running=state.is_running,
            done_bytes=self._pulls.count_fetched_bytes(model_id),
            line=state.lines[-1] if state.lines else "",
            error=state.error,
        )


def _list_entries(catalog: Catalog) -> list[ModelEntry]:
    others = [kind for kind in Kind if kind is not Kind.RECOGNISER]
    return [*catalog.models(), *(entry for kind in others for entry in catalog.entries(kind))]
