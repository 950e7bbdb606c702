"""Loaded models of every kind, each once, leased and counted.

A model is loaded when it is first leased, in a thread; concurrent callers wait for the same load.
After its last lease it stays for its time to live, then its memory is freed; earlier if another
model needs the room. A load that fails raises in all that waited; the next lease tries again.

    PoolError
    ├── ModelLoadError          the weights can't be loaded: not retryable
    └── ModelMemoryError        the budget is taken by models at work (retryable), or too small
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

from inference_service.catalog import Catalog, ModelEntry
from inference_service.engines.asr import Recogniser
from inference_service.engines.loading import LoadedModel, estimate_memory_bytes, load_model
from inference_service.engines.settings import EngineSettings

logger = logging.getLogger(__name__)


class PoolSettings(EngineSettings, Protocol):
    """What the pool reads of the service's configuration."""

    @property
    def model_ttl_s(self) -> float:
        """How long an idle model stays loaded; 0: for ever."""
        ...

    @property
    def model_memory_mb(self) -> int | None:
        """What all loaded models may take together; 0 or None: no bound."""
        ...


class PoolError(Exception):
    def __init__(self, message: str, *, is_retryable: bool = False) -> None:
        super().__init__(message)
        self.is_retryable = is_retryable


class ModelLoadError(PoolError):
    pass


class ModelMemoryError(PoolError):
    pass


@dataclass(slots=True, eq=False)
class _Entry:
    loading: asyncio.Task[LoadedModel]
    memory_bytes: int  # an estimate until the model is loaded
    leases: int = 0
    idle_since: float = field(default_factory=time.monotonic)
    unload_timer: asyncio.TimerHandle | None = None


class ModelPool:
    """The loaded models of one process. All methods belong to one event loop."""

    def __init__(
        self,
        catalog: Catalog,
        settings: PoolSettings,
        *,
        load: Callable[[ModelEntry, EngineSettings], LoadedModel] = load_model,
        estimate: Callable[[ModelEntry, EngineSettings], int] = estimate_memory_bytes,
    ) -> None:
        self._catalog = catalog
        self._settings = settings
        self._load = load
        self._estimate = estimate
        self._entries: dict[str, _Entry] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def lease(self, model_id: str) -> AsyncIterator[Recogniser]:
        """Lease the recogniser that answers to `model_id`, loading it if need be.

        Raises UnknownModelError, NotInstalledError, ModelLoadError, ModelMemoryError.
        """
        async with self.lease_entry(self._catalog.resolve(model_id)) as model:
            yield cast("Recogniser", model)  # its engine is a recogniser's

    @contextlib.asynccontextmanager
    async def lease_entry(self, entry: ModelEntry) -> AsyncIterator[LoadedModel]:
        """Lease the model of an installed entry, of any kind, loading it if need be.

        Raises ModelLoadError, ModelMemoryError.
        """
        held = self._entries.get(entry.id) or self._start_loading(entry)
        held.leases += 1
        if held.unload_timer:
            held.unload_timer.cancel()
        try:
            # Shielded: others may wait for the same load when this one gives up.
            yield await asyncio.shield(held.loading)
        finally:
            held.leases -= 1
            if not held.leases:
                self._start_idle_timer(entry.id, held)

    def loaded(self) -> dict[str, int]:
        """Return the ids of the loaded models with the memory that each takes, in bytes."""
        return {
            model_id: held.memory_bytes
            for model_id, held in self._entries.items()
            if held.loading.done()
        }

    async def close(self) -> None:
        """Free every model, leased or not; to be called when nothing uses them any more."""
        for model_id in list(self._entries):
            self._unload(model_id)
        while self._closing:
            await asyncio.wait(self._closing)

    def _start_loading(self, entry: ModelEntry) -> _Entry:
        try:
            needed_bytes = self._estimate(entry, self._settings)
        except (
            OSError,
            KeyError,
            ValueError,
        ) as error:  # its files went, or no engine here loads it
            raise _could_not_load(entry) from error
        self._make_room(entry, needed_bytes)
        loading = asyncio.create_task(self._load_in_thread(entry), name=f"load {entry.id}")
        held = self._entries[entry.id] = _Entry(loading, needed_bytes)
        loading.add_done_callback(lambda _: self._on_loaded(entry.id, held))
        return held

    async def _load_in_thread(self, entry: ModelEntry) -> LoadedModel:
        if self._closing:  # the room that was made is free only when these are closed
            await asyncio.wait(self._closing)
        started = time.monotonic()
        try:
            model = await asyncio.to_thread(self._load, entry, self._settings)
        except (RuntimeError, ValueError, OSError, MemoryError, KeyError) as error:
            logger.exception("event=model_load_failed model=%s", entry.id)
            raise _could_not_load(entry) from error
        duration_ms = round(1000 * (time.monotonic() - started))
        logger.info("event=model_loaded model=%s duration_ms=%d", entry.id, duration_ms)
        return model

    def _on_loaded(self, model_id: str, held: _Entry) -> None:
        failed = held.loading.cancelled() or held.loading.exception() is not None
        if failed and self._entries.get(model_id) is held:
            del self._entries[model_id]
        elif not failed:
            held.memory_bytes = held.loading.result().memory_bytes

    def _make_room(self, entry: ModelEntry, needed_bytes: int) -> None:
        """Unload idle models, least recently used first, until the budget holds one more."""
        budget_bytes = (self._settings.model_memory_mb or 0) * 1_000_000
        if not budget_bytes:
            return
        if needed_bytes > budget_bytes:
            raise ModelMemoryError(
                f"The model {entry.id} needs about {needed_bytes // 1_000_000} MB, more than this "
                "server may use for models (STT_MODEL_MEMORY_MB)."
            )
        idle = sorted(
            (held.idle_since, model_id)
            for model_id, held in self._entries.items()
            if not held.leases
        )
        while (
            sum(held.memory_bytes for held in self._entries.values()) + needed_bytes > budget_bytes
        ):
            if not idle:
                raise ModelMemoryError(
                    f"There is no memory for the model {entry.id} while other models are at work. "
                    "Try again later.",
                    is_retryable=True,
                )
            self._unload(idle.pop(0)[1])

    def _start_idle_timer(self, model_id: str, held: _Entry) -> None:
        if self._entries.get(model_id) is not held:
            return
        held.idle_since = time.monotonic()
        if self._settings.model_ttl_s:
            held.unload_timer = asyncio.get_running_loop().call_later(
                self._settings.model_ttl_s, self._unload, model_id
            )

    def _unload(self, model_id: str) -> None:
        held = self._entries.pop(model_id)
        if held.unload_timer:
            held.unload_timer.cancel()
        closing = asyncio.create_task(_close_when_loaded(model_id, held))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


def _could_not_load(entry: ModelEntry) -> ModelLoadError:
    return ModelLoadError(
        f"The model {entry.id} could not be loaded: its weights are damaged or do not fit "
        "this machine. Install it again, or ask for another model."
    )


async def _close_when_loaded(model_id: str, held: _Entry) -> None:
    await asyncio.wait([held.loading])
    if held.loading.exception() is None:
        await asyncio.to_thread(held.loading.result().close)
        logger.info("event=model_unloaded model=%s", model_id)
