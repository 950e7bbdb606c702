"""The kinds of options that clients send as text: how each is parsed, and written as text again.

Every value that can't be used is a 400 that lists those that can. Empty text is the default.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from stt_web.core.errors import ApiError

T = TypeVar("T")

MAX_WORD_CHARACTERS = 100
NONE = "none"
_RESPOND_ASYNC = re.compile(r"(^|[,;\s])respond-async($|[,;\s])", re.IGNORECASE)
_BOOLEANS = {"true": True, "1": True, "on": True, "yes": True}
_BOOLEANS |= {"false": False, "0": False, "off": False, "no": False}


class InvalidOptionError(ApiError):
    """An option with a value that can't be used; `field` names it."""

    status = 400
    code = "invalid_value"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, extra={"field": field})


class UnknownModelNameError(InvalidOptionError):
    """There is no such model."""

    code = "unknown_model"


def prefers_async(prefer: str) -> bool:
    """Whether the header `Prefer` (RFC 7240) asks for an answer at once."""
    return _RESPOND_ASYNC.search(prefer) is not None


def read_async(sent: Mapping[str, str], *, prefer: str) -> bool:
    """Whether the client doesn't wait: by the field `async`, else by `prefer`."""
    return FlagOption(default=prefers_async(prefer)).parse("async", sent.get("async", ""))


class OptionKind(ABC, Generic[T]):
    """`default`: the value where nothing is sent."""

    default: T

    @abstractmethod
    def parse(self, name: str, sent: str) -> T:
        """Return the checked value of the option `name`. Raises InvalidOptionError."""

    def write(self, value: T) -> str:
        """Return the value as a client would send it."""
        return str(value)


@dataclass(frozen=True)
class TextOption(OptionKind[str]):
    most_characters: int
    default: str = ""

    def parse(self, name: str, sent: str) -> str:
        text = sent.replace("\x00", "").strip() or self.default
        if len(text) > self.most_characters:
            raise InvalidOptionError(
                name, f"{name} may have at most {self.most_characters} characters."
            )
        return text


@dataclass(frozen=True)
class ModelOption(OptionKind[str]):
    """The name of a model; whether there is one is known where it would run."""

    default: str
    most_characters: ClassVar[int] = 100

    def parse(self, name: str, sent: str) -> str:
        model = sent.strip() or self.default
        if len(model) > self.most_characters or not model.isprintable():
            raise UnknownModelNameError(name, "There is no such model.")
        return model


@dataclass(frozen=True)
class ChoiceOption(OptionKind[str]):
    """One of `choices`; the first is the default."""

    choices: tuple[str, ...]

    @property
    def default(self) -> str:  # type: ignore[override]
        return self.choices[0]

    def parse(self, name: str, sent: str) -> str:
        value = sent.strip().lower() or self.default
        if value not in self.choices:
            allowed = ", ".join(self.choices)
            raise InvalidOptionError(
                name, f"{name} is {show_value(value)}, but must be one of {allowed}."
            )
        return value


@dataclass(frozen=True)
class FlagOption(OptionKind[bool]):
    default: bool = False

    def parse(self, name: str, sent: str) -> bool:
        value = sent.strip().lower()
        if not value:
            return self.default
        if value not in _BOOLEANS:
            raise InvalidOptionError(
                name, f"{name} is {show_value(value)}, but must be true or false."
            )
        return _BOOLEANS[value]


@dataclass(frozen=True)
class CountOption(OptionKind[int]):
    """From 1 to `most`; 0: to be found."""

    most: int
    default: int = 0

    def parse(self, name: str, sent: str) -> int:
        value = sent.strip() or str(self.default)
        if not _is_number(value) or int(value) > self.most:
            raise InvalidOptionError(
                name,
                f"{name} is {show_value(value)}, but must be a whole number from 1 to {self.most},"
                " or 0 to find the number.",
            )
        return int(value)


@dataclass(frozen=True)
class NumberOption(OptionKind[str]):
    """One of `words`, or a number from 1 to `most` as text."""

    words: tuple[str, ...]
    most: int
    default: str = ""

    def parse(self, name: str, sent: str) -> str:
        value = sent.strip().lower() or self.default
        if not value or value in self.words:
            return value
        if not _is_number(value) or not 1 <= int(value) <= self.most:
            raise InvalidOptionError(
                name,
                f"{name} is {show_value(value)}, but must be {' or '.join(self.words)},"
                f" or a whole number from 1 to {self.most}.",
            )
        return str(int(value))


@dataclass(frozen=True)
class WordsOption(OptionKind[tuple[str, ...]]):
    """At most `most` words, separated by commas."""

    most: int
    default: tuple[str, ...] = ()
    most_characters: ClassVar[int] = MAX_WORD_CHARACTERS  # of a word

    def parse(self, name: str, sent: str) -> tuple[str, ...]:
        listed = sent.replace("\x00", "").split(",")
        words = tuple(word.strip() for word in listed if word.strip())
        if len(words) > self.most or any(len(word) > MAX_WORD_CHARACTERS for word in words):
            message = f"{name} is a list of at most {self.most} words, separated by commas."
            raise InvalidOptionError(name, message)
        return words or self.default

    def write(self, value: tuple[str, ...]) -> str:
        return ",".join(value)


@dataclass(frozen=True)
class ChoicesOption(OptionKind[tuple[str, ...]]):
    """Any of `choices`, separated by commas; or `none`, by itself."""

    choices: tuple[str, ...]
    default: tuple[str, ...] = ()

    def parse(self, name: str, sent: str) -> tuple[str, ...]:
        listed = [each.strip().lower() for each in sent.split(",") if each.strip()]
        chosen = tuple(dict.fromkeys(listed))
        unknown = [each for each in chosen if each not in self.choices]
        if unknown and chosen != (NONE,):
            raise InvalidOptionError(
                name,
                f"{name} has {show_value(unknown[0])}, but may list {', '.join(self.choices)};"
                f" or be {NONE}.",
            )
        return chosen or self.default

    def write(self, value: tuple[str, ...]) -> str:
        return ",".join(value)


def show_value(value: str) -> str:
    """Return a client's value for a sentence, bounded and printable."""
    return repr(value[:40])


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 4
