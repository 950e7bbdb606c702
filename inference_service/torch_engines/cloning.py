"""An engine that speaks in the voice of a reference, on a thread of its own.

Like the engines with fixed voices (`engines/voice/threaded`): a call has one sentence in the queue
at a time, so that calls share the engine, and one that is cancelled frees it behind the sentence at
hand. What was computed of the last references stays in memory for a while, never on disk.
"""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from inference_service.engines.voice.engine import (
    EngineFailedError,
    EngineFullError,
    FixedVoice,
    LanguageRefusedError,
    NothingToSpeakError,
    Samples,
    SynthesisRequest,
    SynthesisStarted,
    SynthesizedChunk,
    UnknownVoiceError,
    VoiceError,
    VoiceReference,
)
from inference_service.engines.voice.pauses import join_parts
from inference_service.sentence_ends import ends_sentence

logger = logging.getLogger(__name__)

_MAX_CALLS = 8
_MAX_REFERENCES = 4


class Cloner(Protocol):
    """A model in memory. Its methods block, and run in one thread."""

    model_id: str
    revision: str
    sample_rate_hz: int
    languages: tuple[str, ...]

    def split(self, text: str) -> list[str]:
        """Return what is spoken at once, in order: sentences, or parts of a long one."""
        ...

    def prepare(self, reference: VoiceReference) -> Any:
        """Return what `speak` takes of a reference. Raises VoiceError."""
        ...

    def speak(self, text: str, prepared: Any, *, seed: int) -> Samples:
        """Return a sentence's speech. The same seed, text and reference: the same samples."""
        ...


class CloningEngine:
    """A `VoiceEngine` without voices of its own."""

    can_clone = True
    watermark = ""
    voices: tuple[FixedVoice, ...] = ()

    def __init__(self, cloner: Cloner) -> None:
        self._cloner = cloner
        self._calls = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"voice-{cloner.model_id}")
        self._prepared: OrderedDict[bytes, Any] = OrderedDict()
        self.model_id = cloner.model_id
        self.revision = cloner.revision
        self.sample_rate_hz = cloner.sample_rate_hz
        self.languages = cloner.languages

    async def synthesize(
        self, request: SynthesisRequest
    ) -> AsyncIterator[SynthesisStarted | SynthesizedChunk]:
        """As `VoiceEngine` has it. Raises VoiceError."""
        if request.reference is None:
            raise UnknownVoiceError(f"{self.model_id} has no voices of its own: send a reference.")
        language = request.language or self.languages[0]
        if language.split("-")[0].lower() not in self.languages:
            known = ", ".join(self.languages)
            raise LanguageRefusedError(
                f"{self.model_id} doesn't speak {request.language!r}; it speaks {known}."
            )
        if self._calls >= _MAX_CALLS:
            raise EngineFullError(
                f"{_MAX_CALLS} texts are being spoken already. Try again shortly."
            )
        self._calls += 1
        try:
            texts = await self._run(self._cloner.split, request.text)
            if not texts:
                raise NothingToSpeakError("The text holds nothing that can be spoken.")
            prepared = await self._run(self._prepare, request.reference)
            yield SynthesisStarted(voice="", language=language, sentences=len(texts))
            for number, text in enumerate(texts):
                seed, is_last = request.seed + number, number + 1 == len(texts)
                samples, generation_ms = await self._run(self._speak, text, prepared, seed, is_last)
                yield SynthesizedChunk(samples, number, generation_ms)
        finally:
            self._calls -= 1

    async def _run(self, work: Any, *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, work, *arguments)
        except VoiceError:
            raise
        except Exception as error:
            logger.exception("event=voice_engine_failed engine=%s", self.model_id)
            raise EngineFailedError(f"The voice engine {self.model_id} failed.") from error

    def _prepare(self, reference: VoiceReference) -> Any:
        key = hashlib.sha256(
            b"%d\0%s\0" % (reference.sample_rate_hz, reference.text.encode())
            + reference.samples.tobytes()
        ).digest()
        if key not in self._prepared:
            self._prepared[key] = self._cloner.prepare(reference)
        self._prepared.move_to_end(key)
        while len(self._prepared) > _MAX_REFERENCES:
            self._prepared.popitem(last=False)
        return self._prepared[key]

    def _speak(self, text: str, prepared: Any, seed: int, is_last: bool) -> tuple[Samples, int]:
        """Return a sentence, with the pause behind it, and how long it took."""
        began_at = time.monotonic()
        samples = self._cloner.speak(text, prepared, seed=seed)
        has_pause = not is_last and ends_sentence(text)  # parts of a long sentence follow at once
        sentence = join_parts([samples], sample_rate_hz=self.sample_rate_hz, is_last=not has_pause)
        return sentence, round(1000 * (time.monotonic() - began_at))
