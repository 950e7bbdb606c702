"""The input of a live session: how to begin, audio, and requests of its caller."""

from dataclasses import dataclass

from inference_service.engines.asr import NO_CONTEXT, DecodeContext
from inference_service.sessions.events import OutputWord


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    language: str = ""  # empty: to be detected
    languages: tuple[str, ...] = ()  # that may occur, where it is to be detected; none: any
    is_multilingual: bool = False  # each utterance may be in another
    context: DecodeContext = NO_CONTEXT
    offset_ms: int = 0  # where in the session the first sample lies
    committed: tuple[OutputWord, ...] = ()  # of the utterance that begins there
    endpointing_ms: int = 0  # the pause that ends an utterance; 0: see `endpoints`


@dataclass(frozen=True, slots=True)
class LanguageRequest:
    """From the next utterance on; empty: detect it."""

    language: str


@dataclass(frozen=True, slots=True)
class FlushRequest:
    """End the utterance under way here."""


LiveMessage = bytes | LanguageRequest | FlushRequest
