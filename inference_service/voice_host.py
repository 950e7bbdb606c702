"""The voice engines of the main service: those that run in it, and another process's.

What needs torch is listed here from the catalogue as not available; where that process answers, its
own description of an engine takes the place of ours.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import cast

from inference_service.catalog import Catalog, Kind, ModelEntry
from inference_service.catalog.entries import F5_ENGINE, HIBARI_ENGINE, KOKORO_ENGINE
from inference_service.engines.voice.engine import FixedVoice, VoiceEngine, Watermarker
from inference_service.engines.voice.host import EngineDescription, VoiceHost
from inference_service.pool import ModelPool

_START_TORCH = "Then start the torch engines: `make run-torch` (docs/voices.md)."
_START_F5 = "Then install and start its engine: `make torch-f5 run` (docs/voices.md)."


class ServiceVoices:
    """A `VoiceHost`. `remote`: the process of the torch engines; None: there is none."""

    def __init__(
        self, catalog: Catalog, pool: ModelPool, *, remote: VoiceHost | None = None
    ) -> None:
        self._catalog = catalog
        self._pool = pool
        self._remote = remote

    async def describe(self) -> list[EngineDescription]:
        """Those that clone after those with fixed voices. Costs a few `stat` calls each."""
        there = {each.id: each for each in await self._remote.describe()} if self._remote else {}
        own = [_describe(entry) for entry in self._catalog.entries(Kind.VOICE)]
        described = [there.pop(each.id, each) for each in own]
        return [*described, *there.values()]

    @contextlib.asynccontextmanager
    async def lease(self, engine_id: str) -> AsyncIterator[VoiceEngine]:
        entry = self._catalog.resolve_kind(Kind.VOICE, engine_id)
        if entry.voice is not None and entry.voice.needs_torch and self._remote is not None:
            async with self._remote.lease(engine_id) as engine:
                yield engine
            return
        async with self._pool.lease_entry(entry) as model:
            yield cast("VoiceEngine", model)  # its engine is a voice's

    @property
    def watermarker(self) -> Watermarker | None:
        return self._remote.watermarker if self._remote else None


def _describe(entry: ModelEntry) -> EngineDescription:
    facts = entry.voice
    needs_torch = facts is not None and facts.needs_torch
    hint = entry.install_hint
    if needs_torch:
        start = _START_F5 if entry.engine == F5_ENGINE else _START_TORCH
        hint = f"{hint} {start}".strip()
    return EngineDescription(
        id=entry.id,
        name=entry.name,
        is_available=entry.is_available and not needs_torch,
        install_hint=hint,
        languages=facts.languages if facts else (),
        voices=_list_voices(entry),
        can_clone=facts is not None and facts.can_clone,
        licence=entry.licence,
        is_non_commercial=entry.terms is not None and entry.terms.forbids_payments,
        sample_rate_hz=facts.sample_rate_hz if facts else 24_000,
    )


def _list_voices(entry: ModelEntry) -> tuple[FixedVoice, ...]:
    # Here: the engines import onnxruntime.
    if entry.engine == HIBARI_ENGINE:
        from inference_service.engines.voice.hibari import VOICES as OF_HIBARI

        return OF_HIBARI
    if entry.engine == KOKORO_ENGINE:
        from inference_service.engines.voice.kokoro import VOICES as OF_KOKORO

        return OF_KOKORO
    return ()
