"""What a client may ask of a transcription, read from the fields of a form and checked.

Every value that can't be used is a 400 that lists those that can. Fields that we don't know are
left alone: clients of other servers send some.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from transcripts.jobs.source_plan import ALL, MIX, SPLIT
from transcripts.jobs.submit import TranscriptionOptions
from transcripts.options import (
    RESPONSE_FORMATS,
    TASKS,
    InvalidOptionError,
    UnknownLanguageError,
    parse_language,
    read_language,
    show_value,
)
from transcripts.text.languages import MULTI

DEFAULT_MODEL = "large-v3-turbo"
MAX_SPEAKERS = 50
MAX_PROMPT_CHARACTERS = 1000
MAX_HOT_WORDS = 100
MAX_LANGUAGES = 10  # that are expected; who expects more expects any
MAX_TRACK = 100
MAX_CHANNEL = 64  # more has no recording (media.limits)

_BOOLEANS = {"true": True, "1": True, "on": True, "yes": True}
_BOOLEANS |= {"false": False, "0": False, "off": False, "no": False}
_RESPOND_ASYNC = re.compile(r"(^|[,;\s])respond-async($|[,;\s])", re.IGNORECASE)


@dataclass(frozen=True)
class TranscriptionRequest:
    """The options of the job, and how it is to be answered."""

    options: TranscriptionOptions
    response_format: str
    is_async: bool


@dataclass(frozen=True)
class SpokenLanguages:
    """`language` empty: detected, among `languages` if there are any. With `is_multilingual` it may
    change inside the recording."""

    language: str = ""
    languages: tuple[str, ...] = ()
    is_multilingual: bool = False


def read_request(fields: Mapping[str, str], *, prefer: str = "") -> TranscriptionRequest:
    """Return the checked request. `prefer`: the header (RFC 7240). Raises InvalidOptionError."""
    spoken = read_spoken(fields)
    options = TranscriptionOptions(
        model=read_model(fields),
        language=spoken.language,
        languages=spoken.languages,
        is_multilingual=spoken.is_multilingual,
        task=_read_choice(fields, "task", TASKS),
        diarize=_read_boolean(fields, "diarize", default=True),
        speakers=_read_speakers(fields),
        prompt=_read_prompt(fields),
        hot_words=_read_hot_words(fields),
        track=_read_number_or(fields, "track", (ALL,), most=MAX_TRACK),
        channels=_read_number_or(fields, "channels", (SPLIT, MIX), most=MAX_CHANNEL) or MIX,
    )
    is_async = _read_boolean(fields, "async", default=bool(_RESPOND_ASYNC.search(prefer)))
    return TranscriptionRequest(
        options=options,
        response_format=_read_choice(fields, "response_format", RESPONSE_FORMATS),
        is_async=is_async,
    )


class UnknownModelNameError(InvalidOptionError):
    """There is no such model."""

    code = "unknown_model"


# What reading options raises, for `stt_web.core.documentation.raises`.
OPTION_ERRORS = (InvalidOptionError, UnknownLanguageError, UnknownModelNameError)


def read_model(fields: Mapping[str, str]) -> str:
    model = fields.get("model", "").strip() or DEFAULT_MODEL
    if len(model) > 100 or not model.isprintable():
        raise UnknownModelNameError("model", "There is no such model.")
    return model


def read_spoken(fields: Mapping[str, str]) -> SpokenLanguages:
    """Parse `language` and `languages`. Raises InvalidOptionError."""
    wanted = fields.get("language", "").strip()
    languages = _read_expected(fields.get("languages", ""))
    if wanted.lower() == MULTI:
        return SpokenLanguages(languages=languages, is_multilingual=True)
    language = read_language(fields)
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


def _read_expected(value: str) -> tuple[str, ...]:
    named = [name.strip() for name in value[:1000].split(",") if name.strip()]
    found = dict.fromkeys(parse_language(name, field="languages") for name in named)
    if len(found) > MAX_LANGUAGES:
        raise InvalidOptionError(
            "languages", f"languages is a list of at most {MAX_LANGUAGES} codes."
        )
    return tuple(found)


def _read_choice(fields: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """Return one of `choices`; the first is the default."""
    value = fields.get(name, "").strip().lower() or choices[0]
    if value not in choices:
        allowed = ", ".join(choices)
        raise InvalidOptionError(
            name, f"{name} is {show_value(value)}, but must be one of {allowed}."
        )
    return value


def _read_boolean(fields: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = fields.get(name, "").strip().lower()
    if not value:
        return default
    if value not in _BOOLEANS:
        raise InvalidOptionError(name, f"{name} is {show_value(value)}, but must be true or false.")
    return _BOOLEANS[value]


def _read_speakers(fields: Mapping[str, str]) -> int:
    value = fields.get("speakers", "").strip() or "0"
    if not (value.isascii() and value.isdigit() and len(value) <= 4 and int(value) <= MAX_SPEAKERS):
        raise InvalidOptionError(
            "speakers",
            f"speakers is {show_value(value)}, but must be a whole number from 1 to {MAX_SPEAKERS},"
            " or 0 to find the number.",
        )
    return int(value)


def _read_number_or(
    fields: Mapping[str, str], name: str, words: tuple[str, ...], *, most: int
) -> str:
    """Return one of `words`, a number from 1 to `most` as text, or "" where nothing was sent."""
    value = fields.get(name, "").strip().lower()
    if not value or value in words:
        return value
    if not (value.isascii() and value.isdigit() and len(value) <= 4 and 1 <= int(value) <= most):
        raise InvalidOptionError(
            name,
            f"{name} is {show_value(value)}, but must be {' or '.join(words)}, or a whole number"
            " from 1"
            f" to {most}.",
        )
    return str(int(value))


def _read_prompt(fields: Mapping[str, str]) -> str:
    prompt = fields.get("prompt", "").replace("\x00", "").strip()
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        message = f"prompt may have at most {MAX_PROMPT_CHARACTERS} characters."
        raise InvalidOptionError("prompt", message)
    return prompt


def _read_hot_words(fields: Mapping[str, str]) -> tuple[str, ...]:
    sent = fields.get("hot_words", "").replace("\x00", "").split(",")
    words = tuple(word.strip() for word in sent if word.strip())
    if len(words) > MAX_HOT_WORDS or any(len(word) > 100 for word in words):
        message = f"hot_words is a list of at most {MAX_HOT_WORDS} words, separated by commas."
        raise InvalidOptionError("hot_words", message)
    return words
