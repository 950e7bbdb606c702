"""stt.v1.Server: what this server is and what it can do."""

from collections.abc import Mapping

import grpc

from inference_service import VERSION
from inference_service.catalog import Kind, ModelEntry
from inference_service.catalog.entries import TextFacts
from inference_service.device import Device
from inference_service.priority import Priority
from inference_service.runtime import Runtime
from inference_service.torch_link.link import NOT_INSTALLED
from protos.stt.v1 import server_pb2, server_pb2_grpc

_TEXT_KINDS = (Kind.LANGUAGE_MODEL, Kind.EMBEDDER, Kind.TRANSLATOR)

Context = grpc.aio.ServicerContext[server_pb2.GetInfoRequest, server_pb2.ServerInfo]


class ServerServicer(server_pb2_grpc.ServerServicer):
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def GetInfo(  # noqa: N802  # gRPC's name
        self, request: server_pb2.GetInfoRequest, context: Context
    ) -> server_pb2.ServerInfo:
        runtime = self._runtime
        loaded = runtime.pool.loaded()
        return server_pb2.ServerInfo(
            models=[
                _write_model(
                    entry,
                    served_by=runtime.catalog.served_by(entry.id),
                    memory_bytes=loaded.get(entry.id),
                )
                for entry in runtime.catalog.models()
            ],
            default_model=runtime.catalog.default_id(),
            device=_write_device(runtime.device),
            queues=[self._write_queue(priority) for priority in Priority],
            embedder=runtime.embedder.description.name if runtime.embedder else "",
            draining=runtime.admission.is_draining,
            version=VERSION,
            text_models=[*self._write_remote_model(), *self._write_text_models(loaded)],
            optional_engines=await self._list_optional_engines(),
            torch_state=runtime.torch.state.state if runtime.torch else NOT_INSTALLED,
        )

    async def _list_optional_engines(self) -> list[server_pb2.OptionalEngine]:
        runtime = self._runtime
        enhancers = [
            server_pb2.OptionalEngine(
                id=entry.id,
                name=entry.name,
                kind=Kind.ENHANCER,
                available=entry.is_available,
                install_hint=entry.install_hint,
                licence=entry.licence,
            )
            for entry in runtime.catalog.entries(Kind.ENHANCER)
        ]
        voices = [
            server_pb2.OptionalEngine(
                id=engine.id,
                name=engine.name,
                kind=Kind.VOICE,
                available=engine.is_available,
                install_hint=engine.install_hint,
                languages=engine.languages,
                licence=engine.licence,
            )
            for engine in await runtime.voices.describe()
        ]
        return [*(runtime.torch.state.engines if runtime.torch else ()), *enhancers, *voices]

    def _write_text_models(self, loaded: Mapping[str, int]) -> list[server_pb2.TextModel]:
        catalog = self._runtime.catalog
        defaults = {catalog.default_of(kind) for kind in _TEXT_KINDS}
        if any(model.is_default for model in self._write_remote_model()):
            defaults.discard(catalog.default_of(Kind.LANGUAGE_MODEL))
        return [
            self._write_text_model(entry, defaults=defaults, memory_bytes=loaded.get(entry.id))
            for kind in _TEXT_KINDS
            for entry in catalog.entries(kind)
        ]

    def _write_text_model(
        self, entry: ModelEntry, *, defaults: set[str], memory_bytes: int | None
    ) -> server_pb2.TextModel:
        facts = entry.text or TextFacts()
        return server_pb2.TextModel(
            id=entry.id,
            name=entry.name,
            kind=entry.kind,
            engine=entry.engine,
            available=entry.is_available,
            install_hint=entry.install_hint,
            context_tokens=self._bound_context(entry.kind, facts.max_tokens),
            dimensions=facts.dimensions,
            languages=facts.languages,
            licence=entry.licence,
            size_bytes=entry.size_bytes,
            loaded=memory_bytes is not None,
            memory_bytes=memory_bytes or 0,
            revision=entry.revision,
            is_default=entry.id in defaults,
        )

    def _bound_context(self, kind: Kind, max_tokens: int) -> int:
        return (
            min(max_tokens, self._runtime.llm_context)
            if kind is Kind.LANGUAGE_MODEL
            else max_tokens
        )

    def _write_remote_model(self) -> list[server_pb2.TextModel]:
        """The language model of another server, where there is one."""
        remote = self._runtime.remote_model
        if remote is None:
            return []
        chosen = self._runtime.catalog.default_name(Kind.LANGUAGE_MODEL)
        return [
            server_pb2.TextModel(
                id=remote.model_id,
                name=remote.model_id,
                kind=Kind.LANGUAGE_MODEL,
                engine=remote.engine,
                available=True,
                remote=True,
                context_tokens=remote.context_tokens,
                is_default=chosen in ("", remote.model_id),
            )
        ]

    def _write_queue(self, priority: Priority) -> server_pb2.QueueDepth:
        schedulers = self._runtime.schedulers
        return server_pb2.QueueDepth(
            priority=priority.name.lower(),
            windows=schedulers.count_waiting(priority),
            sessions=schedulers.count_sessions(priority),
        )


def _write_model(
    entry: ModelEntry, *, served_by: str, memory_bytes: int | None
) -> server_pb2.Model:
    """memory_bytes: None if the model is not loaded."""
    return server_pb2.Model(
        id=entry.id,
        name=entry.name,
        engine=entry.engine,
        speed=entry.speed,
        languages=sorted(entry.languages),
        available=entry.is_available,
        served_by=served_by,
        can_translate=entry.can_translate,
        detects_language=entry.detects_language,
        install_hint=entry.install_hint,
        loaded=memory_bytes is not None,
        memory_bytes=memory_bytes or 0,
    )


def _write_device(device: Device) -> server_pb2.Device:
    return server_pb2.Device(
        kind=device.kind,
        name=device.name,
        memory_bytes=device.memory_bytes,
        compute_type=device.compute_type,
        gpu_available=device.is_gpu_available,
        gpu_failure=device.gpu_failure,
        setting=device.setting,
        driver=device.driver,
    )
