"""What the Voice service asks of the process that it runs in: its engines and its watermark.

The main service has Kokoro and passes other engines' calls on to the process of the torch engines,
which serves the same protos with engines of its own.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from inference_service.engines.voice.engine import FixedVoice, VoiceEngine, Watermarker


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineDescription:
    """An engine, before it is loaded, whether it is installed or not."""

    id: str
    name: str
    is_available: bool
    install_hint: str  # a sentence; empty where it is available
    languages: tuple[str, ...]  # ISO 639-1
    voices: tuple[FixedVoice, ...] = ()
    can_clone: bool = False
    licence: str = ""  # SPDX
    is_non_commercial: bool = False
    sample_rate_hz: int = 24_000


class VoiceHost(Protocol):
    async def describe(self) -> list[EngineDescription]:
        """Return every engine, best first; those not installed as well."""
        ...

    def lease(self, engine_id: str) -> AbstractAsyncContextManager[VoiceEngine]:
        """Lease an available engine, loading it if need be; it stays loaded for the block.

        Raises UnknownModelError, NotInstalledError, PoolError, VoiceError.
        """
        ...

    @property
    def watermarker(self) -> Watermarker | None:
        """None where nothing is installed that could mark speech inaudibly."""
        ...
