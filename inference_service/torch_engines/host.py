"""The voices of this process: which are installed, loaded when one is needed, and the watermark."""

import asyncio
import contextlib
import importlib.util
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from inference_service.catalog import Catalog, ModelEntry, NotInstalledError, UnknownModelError
from inference_service.catalog.entries import F5_ENGINE, POCKET_ENGINE, Kind, VoiceFacts
from inference_service.config import Config
from inference_service.engines.voice.engine import EngineFailedError, Samples
from inference_service.engines.voice.host import EngineDescription
from inference_service.torch_engines import watermark
from inference_service.torch_engines.cloning import Cloner, CloningEngine
from inference_service.torch_engines.watermark import PerthWatermark

T = TypeVar("T")

_F5_HINT = "F5-TTS needs packages of its own: make torch-f5"
_IN_MONEY_HINT = "Its licence forbids commercial use, and this server takes payments."


class TorchVoices:
    """A `VoiceHost`. One engine is loaded at a time: the last used one."""

    def __init__(self, config: Config, catalog: Catalog, *, device: str) -> None:
        self._takes_payments = config.takes_payments
        self._catalog = catalog
        self._device = device
        self._loaded: CloningEngine | None = None
        self._loading = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="load-voice")
        self.watermarker = ThreadedWatermark(PerthWatermark(device=device))

    async def describe(self) -> list[EngineDescription]:
        return [self._describe(entry, facts) for entry, facts in self._entries()]

    @contextlib.asynccontextmanager
    async def lease(self, engine_id: str) -> AsyncIterator[CloningEngine]:
        """Raises UnknownModelError, NotInstalledError, EngineFailedError."""
        yield await self._load(engine_id)

    def _entries(self) -> list[tuple[ModelEntry, VoiceFacts]]:
        entries = self._catalog.entries(Kind.VOICE)
        return [(each, each.voice) for each in entries if each.voice and each.voice.needs_torch]

    def _describe(self, entry: ModelEntry, facts: VoiceFacts) -> EngineDescription:
        hint = entry.install_hint
        if entry.terms and entry.terms.forbids_payments and self._takes_payments:
            hint = _IN_MONEY_HINT
        elif entry.engine == F5_ENGINE and not importlib.util.find_spec("f5_tts"):
            hint = _F5_HINT
        return EngineDescription(
            id=entry.id,
            name=entry.name,
            is_available=entry.is_available and not hint,
            install_hint=hint,
            languages=facts.languages,
            can_clone=facts.can_clone,
            licence=entry.licence,
            is_non_commercial=bool(entry.terms and entry.terms.forbids_payments),
            sample_rate_hz=facts.sample_rate_hz,
        )

    async def _load(self, engine_id: str) -> CloningEngine:
        entries = {entry.id: (entry, facts) for entry, facts in self._entries()}
        if engine_id not in entries:
            raise UnknownModelError(f"There is no voice engine {engine_id!r} here.")
        entry, facts = entries[engine_id]
        description = self._describe(entry, facts)
        if not description.is_available:
            raise NotInstalledError(description.install_hint)
        async with self._loading:
            if self._loaded is None or self._loaded.model_id != engine_id:
                self._loaded = None  # its memory first, as soon as its calls have ended
                make = partial(_make_cloner, entry, facts.languages, self._device)
                loop = asyncio.get_running_loop()
                try:
                    cloner = await loop.run_in_executor(self._thread, make)
                except Exception as error:
                    sentence = f"The voice engine {engine_id} can't be loaded: {error}"
                    raise EngineFailedError(sentence) from error
                self._loaded = CloningEngine(cloner)
            return self._loaded


def _make_cloner(entry: ModelEntry, languages: tuple[str, ...], device: str) -> Cloner:
    """Load an engine of an installed model. Blocks for seconds."""
    if entry.path is None:
        raise OSError(f"{entry.id} has no folder.")
    if entry.engine == POCKET_ENGINE:
        from inference_service.torch_engines.pocket import PocketCloner

        return PocketCloner(
            entry.path, model_id=entry.id, revision=entry.revision, languages=languages
        )
    from inference_service.torch_engines.f5 import F5Cloner

    return F5Cloner(
        entry.path,
        model_id=entry.id,
        revision=entry.revision,
        languages=languages,
        device=device,
    )


class ThreadedWatermark:
    """A `Watermarker` whose work is done in a thread of its own, in turn."""

    name = watermark.NAME

    def __init__(self, perth: PerthWatermark) -> None:
        self._perth = perth
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="watermark")

    async def add(self, samples: Samples, *, sample_rate_hz: int) -> Samples:
        return await self._run(partial(self._perth.add, samples, sample_rate_hz=sample_rate_hz))

    async def detect(self, samples: Samples, *, sample_rate_hz: int) -> float:
        return await self._run(partial(self._perth.detect, samples, sample_rate_hz=sample_rate_hz))

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except Exception as error:
            raise EngineFailedError("The watermark's network failed.") from error
