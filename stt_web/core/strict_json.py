"""Untrusted JSON: what JSON can hold and we can't is refused here, once, before a view runs.

Refused are lone surrogates (not UTF-8, so neither a database nor an answer can hold them), U+0000
(PostgreSQL), numbers beyond a 64-bit integer or a double, NaN and Infinity (not JSON), and more
than `MAX_DEPTH` levels.
"""

import json
import math
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 64
_LARGEST: Final = 2**63 - 1
_MOST_DIGITS: Final = 19


class StrictJsonError(ValueError):
    """The text is not JSON that we take; the message states why, without its first words."""


def parse_json(text: str) -> Any:
    """Return what the text holds. Raises StrictJsonError."""
    try:
        value = json.loads(
            text, parse_int=_read_int, parse_float=_read_float, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise StrictJsonError(str(error)) from None
    # Only these can have made what is searched for: most texts have neither.
    may_be_deep = text.count("[") + text.count("{") > MAX_DEPTH
    if may_be_deep or "\\u" in text or find_unstorable(text):
        _check_values(value)
    return value


def find_unstorable(text: str) -> str:
    """Return what the text holds that can't be stored, in words; empty: nothing."""
    if "\x00" in text:
        return "a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half a character (a lone surrogate)"
    return ""


def _check_values(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for outer in level for inner in _open(outer)]
        if not level:
            return
    raise _too_deep()


def _open(value: Any) -> list[Any]:
    """Return what is directly in a list or an object; of an object, its names too."""
    if isinstance(value, str):
        problem = find_unstorable(value)
        if problem:
            raise StrictJsonError(f"it holds {problem}")
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _read_int(digits: str) -> int:
    if len(digits.lstrip("-")) > _MOST_DIGITS or abs(int(digits)) > _LARGEST:
        raise StrictJsonError("it holds a number that is too large")
    return int(digits)


def _read_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise StrictJsonError("it holds a number that is too large")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise StrictJsonError(f"{name} is not JSON")


def _too_deep() -> StrictJsonError:
    return StrictJsonError(f"it is nested more than {MAX_DEPTH} levels deep")
