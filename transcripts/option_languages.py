"""The languages that a client names: one, several that may occur, or `multi`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from transcripts.option_kinds import InvalidOptionError, OptionKind, show_value
from transcripts.text.languages import MULTI, find_language


class UnknownLanguageError(InvalidOptionError):
    """A language that isn't one of those that `GET /v1/languages` lists."""

    code = "unknown_language"


@dataclass(frozen=True)
class LanguageOption(OptionKind[str]):
    """The code of a language, MULTI, or empty: it is to be detected."""

    default: str = ""
    most_characters: ClassVar[int] = 40

    def parse(self, name: str, sent: str) -> str:
        return MULTI if sent.strip().lower() == MULTI else read_language({name: sent})

    def write(self, value: str) -> str:
        return value or "auto"


@dataclass(frozen=True)
class LanguagesOption(OptionKind[tuple[str, ...]]):
    """The codes of those that may occur. A client that expects more than `most` expects any."""

    most: int = 10
    default: tuple[str, ...] = ()
    most_characters: ClassVar[int] = 40  # of one of them

    def parse(self, name: str, sent: str) -> tuple[str, ...]:
        named = [part.strip() for part in sent[:1000].split(",") if part.strip()]
        found = dict.fromkeys(parse_language(part, field=name) for part in named)
        if len(found) > self.most:
            raise InvalidOptionError(name, f"{name} is a list of at most {self.most} codes.")
        return tuple(found)

    def write(self, value: tuple[str, ...]) -> str:
        return ",".join(value)


@dataclass(frozen=True)
class SpokenLanguages:
    """`language` empty: detected, among `languages` if there are any. With `is_multilingual` it may
    change inside the recording."""

    language: str = ""
    languages: tuple[str, ...] = ()
    is_multilingual: bool = False


def join_languages(language: str, languages: tuple[str, ...]) -> SpokenLanguages:
    """Return what the two mean together. Raises InvalidOptionError where they contradict."""
    if language == MULTI:
        return SpokenLanguages(languages=languages, is_multilingual=True)
    if language and languages and language not in languages:
        raise InvalidOptionError(
            "languages",
            f"language is {show_value(language)}, which languages doesn't list."
            f" Send language={MULTI}"
            " for a recording in several languages, or leave language out.",
        )
    if language or len(languages) == 1:
        return SpokenLanguages(language=language or languages[0])
    return SpokenLanguages(languages=languages)


def read_language(fields: Mapping[str, str]) -> str:
    """Return the code of the one language that is named; empty: none is. Raises
    InvalidOptionError."""
    wanted = fields.get("language", "").strip()
    return "" if wanted.lower() in ("", "auto") else parse_language(wanted, field="language")


def parse_language(wanted: str, *, field: str) -> str:
    """Return the code of a language as a client names it. Raises InvalidOptionError."""
    code = find_language(wanted)
    if code is not None:
        return code
    what = f"auto, {MULTI}" if field == "language" else "codes with commas between"
    raise UnknownLanguageError(
        field,
        f"{field} is {show_value(wanted)}, but must be {what} or one of the languages that"
        " GET /v1/languages lists, such as en or en-US.",
    )
