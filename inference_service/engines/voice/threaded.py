"""A voice engine on a thread of its own: sentence after sentence, in turn for all calls.

A call has one sentence in the queue at a time, so that several calls share the engine sentence by
sentence, and one that is cancelled frees it behind the sentence at hand. How many calls may wait is
bounded.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from inference_service.engines.voice.engine import (
    CloningRefusedError,
    EngineFullError,
    FixedVoice,
    LanguageRefusedError,
    Samples,
    SynthesisRequest,
    SynthesisStarted,
    SynthesizedChunk,
    UnknownVoiceError,
)

MAX_CALLS = 16


@dataclass(frozen=True, slots=True)
class SpokenSentence:
    """What is spoken at once. `ends_paragraph`: a longer pause follows."""

    text: str
    voice: str
    language: str  # BCP 47, as it was asked for
    seed: int
    is_last: bool


class Synthesizer(Protocol):
    """A model in memory. Its methods block, and run in one thread."""

    model_id: str
    revision: str
    sample_rate_hz: int
    languages: tuple[str, ...]
    voices: tuple[FixedVoice, ...]
    memory_bytes: int

    def split(self, text: str) -> list[str]:
        """Return the sentences of a text. Raises VoiceError."""
        ...

    def synthesize(self, sentence: SpokenSentence) -> Samples:
        """Return a sentence's speech, with the pause behind it. Deterministic."""
        ...

    def close(self) -> None: ...


class ThreadedEngine:
    """A `VoiceEngine` with fixed voices, and a `LoadedModel` of the pool."""

    can_clone = False
    watermark = ""

    def __init__(self, synthesizer: Synthesizer, *, max_calls: int = MAX_CALLS) -> None:
        self._synthesizer = synthesizer
        self._max_calls = max_calls
        self._calls = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"voice-{synthesizer.model_id}")
        self.model_id = synthesizer.model_id
        self.revision = synthesizer.revision
        self.sample_rate_hz = synthesizer.sample_rate_hz
        self.languages = synthesizer.languages
        self.voices = synthesizer.voices
        self.memory_bytes = synthesizer.memory_bytes

    @property
    def calls(self) -> int:
        """How many calls are under way."""
        return self._calls

    async def synthesize(
        self, request: SynthesisRequest
    ) -> AsyncIterator[SynthesisStarted | SynthesizedChunk]:
        """As `VoiceEngine` has it. Raises VoiceError."""
        voice = self._find_voice(request)
        language = request.language or voice.language
        if language.split("-")[0].lower() not in self.languages:
            known = ", ".join(self.languages)
            raise LanguageRefusedError(
                f"The voice {voice.name} doesn't speak {request.language!r}; it speaks {known}."
            )
        if self._calls >= self._max_calls:
            raise EngineFullError(
                f"{self._max_calls} texts are being spoken already. Try again shortly."
            )
        self._calls += 1
        try:
            loop = asyncio.get_running_loop()
            split = self._synthesizer.split
            texts = await loop.run_in_executor(self._thread, split, request.text)
            yield SynthesisStarted(voice=voice.id, language=language, sentences=len(texts))
            for number, text in enumerate(texts):
                is_last = number + 1 == len(texts)
                sentence = SpokenSentence(text, voice.id, language, request.seed, is_last)
                yield await loop.run_in_executor(self._thread, self._speak, sentence, number)
        finally:
            self._calls -= 1

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._synthesizer.close()

    def _find_voice(self, request: SynthesisRequest) -> FixedVoice:
        if request.reference is not None:
            raise CloningRefusedError(
                f"{self.model_id} speaks in voices of its own only, not in that of a reference."
            )
        for voice in self.voices:
            if voice.id == request.voice:
                return voice
        known = ", ".join(voice.id for voice in self.voices)
        raise UnknownVoiceError(f"There is no voice {request.voice!r} here; there are {known}.")

    def _speak(self, sentence: SpokenSentence, number: int) -> SynthesizedChunk:
        began_at = time.monotonic()
        samples = self._synthesizer.synthesize(sentence)
        return SynthesizedChunk(samples, number, round(1000 * (time.monotonic() - began_at)))
