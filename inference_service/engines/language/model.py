"""What a language model is: messages in, stretches of text out.

LanguageModelError            the model's process or server ended, stalled or refused: try again
├── ModelFullError            too many wait already: try later
PromptError                   the request can't be answered as it is
├── ContextExceededError      prompt and answer don't fit the context
└── SchemaRefusedError        the JSON schema can't be turned into a grammar
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias


class LanguageModelError(Exception):
    """The sentence may be shown; the same request may succeed later."""


class ModelFullError(LanguageModelError):
    pass


class PromptError(Exception):
    """The sentence may be shown; the same request can't succeed."""


class ContextExceededError(PromptError):
    pass


class SchemaRefusedError(PromptError):
    pass


class FinishReason(StrEnum):
    STOP = "stop"
    LENGTH = "length"
    INVALID_JSON = "invalid_json"


@dataclass(frozen=True, slots=True)
class Message:
    role: str  # "system", "user", "assistant"
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationOptions:
    """json_schema: what the answer must fit; empty for free text. seed: 0 for any."""

    messages: tuple[Message, ...]
    json_schema: str = ""
    max_tokens: int = 512
    is_interactive: bool = False
    seed: int = 0
    temperature: float = 0.0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptRead:
    """How much of the prompt has been read."""

    read_tokens: int
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class GeneratedText:
    text: str


@dataclass(frozen=True, slots=True)
class GenerationFinished:
    reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


GenerationEvent: TypeAlias = PromptRead | GeneratedText | GenerationFinished


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """overhead: what the chat template adds to a message, at most."""

    counts: tuple[int, ...]
    overhead: int
    is_approximate: bool = False


class LanguageModel(Protocol):
    """A loaded model. Its methods belong to the event loop; `close` may be called in a thread."""

    model_id: str
    engine: str
    context_tokens: int  # of one request, prompt and answer together; 0: unknown

    def generate(self, options: GenerationOptions) -> AsyncGenerator[GenerationEvent, None]:
        """Yield the answer as it is made, and GenerationFinished last.

        Closing the generator ends the work. Raises LanguageModelError, PromptError.
        """
        ...

    async def count_tokens(self, texts: Sequence[str]) -> TokenCounts:
        """Raises LanguageModelError."""
        ...

    @property
    def memory_bytes(self) -> int: ...

    def close(self) -> None: ...
