"""Options that clients send as text, for every endpoint: how one is refused, and languages."""

from collections.abc import Mapping

from stt_web.core.errors import ApiError
from transcripts.text.languages import MULTI, find_language

RESPONSE_FORMATS = ("json", "verbose_json", "txt", "text", "srt", "vtt")
TASKS = ("transcribe", "translate")


class InvalidOptionError(ApiError):
    """An option with a value that can't be used; `field` names it."""

    status = 400
    code = "invalid_value"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, extra={"field": field})


class UnknownLanguageError(InvalidOptionError):
    """A language that isn't one of those that `GET /v1/languages` lists."""

    code = "unknown_language"


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


def show_value(value: str) -> str:
    """Return a client's value for a sentence, bounded and printable."""
    return repr(value[:40])
