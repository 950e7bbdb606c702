"""The options of an export, read from the query and checked. Every value that can't be used is a
400 that lists those that can."""

import re
from collections.abc import Mapping

from django.conf import settings
from django.utils.translation import get_language

from transcripts.exports.options import TIMESTAMPS, ExportOptions
from transcripts.exports.profiles import BOUNDS, PROFILES, Profile
from transcripts.exports.redaction import KINDS
from transcripts.option_kinds import InvalidOptionError

_TRUE = ("true", "1", "on", "yes")
_FALSE = ("false", "0", "off", "no")
_CUSTOM = "custom"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}")
_WHOLE_NUMBERS = ("line_characters", "lines")
_NAMES = (
    "speakers",
    "timestamps",
    "paragraphs",
    "include_gaps",
    "redact",
    "language",
    "bilingual",
    "profile",
    *BOUNDS,
)


def read_export_options(query: Mapping[str, str]) -> ExportOptions:
    """Return the checked options. Raises InvalidOptionError, for names that there aren't too: who
    asks for `redacted=all` must not take what comes for masked."""
    unknown = next((name for name in query if name not in _NAMES), None)
    if unknown is not None:
        raise InvalidOptionError(
            unknown[:40], f"There is no option {unknown[:40]!r}: there are {', '.join(_NAMES)}."
        )
    return ExportOptions(
        speakers=_read_boolean(query, "speakers", default=True),
        timestamps=_read_timestamps(query),
        paragraphs=_read_boolean(query, "paragraphs", default=True),
        include_gaps=_read_boolean(query, "include_gaps", default=False),
        profile=_read_profile(query),
        redact=_read_redact(query),
        **_read_languages(query),
        notice=settings.EXPORT_NOTICE,
        locale=get_language() or "en",
    )


def _read_boolean(query: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = query.get(name, "").strip().lower()
    if not value:
        return default
    if value in _FALSE:
        return False
    if value not in _TRUE:
        raise InvalidOptionError(name, f"{name} is {value[:40]!r}, but must be true or false.")
    return True


def _read_timestamps(query: Mapping[str, str]) -> str:
    value = query.get("timestamps", "").strip().lower()
    value = {"true": "inline", "1": "inline", "false": "none", "0": "none"}.get(value, value)
    if value and value not in TIMESTAMPS:
        raise InvalidOptionError(
            "timestamps",
            f"timestamps is {value[:40]!r}, but must be one of {', '.join(TIMESTAMPS)}.",
        )
    return value


def _read_redact(query: Mapping[str, str]) -> tuple[str, ...]:
    asked = [part.strip().lower() for part in query.get("redact", "").split(",") if part.strip()]
    if asked == ["all"]:
        return KINDS
    unknown = [kind for kind in asked if kind not in KINDS]
    if unknown:
        raise InvalidOptionError(
            "redact",
            f"redact has {unknown[0][:40]!r}, but may list {', '.join(KINDS)}, or be all.",
        )
    return tuple(kind for kind in KINDS if kind in asked)


def _read_languages(query: Mapping[str, str]) -> dict[str, str]:
    languages = {
        name: query.get(name, "").strip().replace("_", "-") for name in ("language", "bilingual")
    }
    for name, value in languages.items():
        if value and not _LANGUAGE.fullmatch(value):
            raise InvalidOptionError(
                name, f"{name} is {value[:40]!r}, but must be a language code such as cs or pt-BR."
            )
    if all(languages.values()):
        raise InvalidOptionError(
            "bilingual", "language is for a translation alone, bilingual for both: send one."
        )
    return languages


def _read_profile(query: Mapping[str, str]) -> Profile:
    numbers = {name: _read_number(query, name) for name in BOUNDS if query.get(name)}
    name = query.get("profile", "").strip().lower() or (_CUSTOM if numbers else "default")
    if name in PROFILES and not numbers:
        return PROFILES[name]
    if name != _CUSTOM:
        allowed = ", ".join((*PROFILES, _CUSTOM))
        raise InvalidOptionError(
            "profile",
            f"profile is {name[:40]!r}, but must be one of {allowed}; {', '.join(BOUNDS)} go with"
            " custom alone.",
        )
    return _custom_profile(numbers)


def _custom_profile(numbers: dict[str, float]) -> Profile:
    default = PROFILES["default"]
    speed = numbers.get("characters_a_second", default.characters_a_second)
    profile = Profile(
        name=_CUSTOM,
        line_characters=int(numbers.get("line_characters", default.line_characters)),
        lines=int(numbers.get("lines", default.lines)),
        characters_a_second=speed,
        warning_a_second=speed * 1.2,
        min_duration_ms=round(1000 * numbers.get("min_duration", default.min_duration_ms / 1000)),
        max_duration_ms=round(1000 * numbers.get("max_duration", default.max_duration_ms / 1000)),
        gap_ms=round(1000 * numbers.get("gap", default.gap_ms / 1000)),
        is_literal="line_characters" in numbers or "characters_a_second" in numbers,
    )
    if profile.min_duration_ms >= profile.max_duration_ms:
        raise InvalidOptionError("min_duration", "min_duration must be below max_duration.")
    return profile


def _read_number(query: Mapping[str, str], name: str) -> float:
    least, most = BOUNDS[name]
    try:
        value = float(query[name])
    except ValueError:
        value = most + 1
    is_in_range = least <= value <= most  # never of nan; inf and 1e400 are above
    if not is_in_range or (name in _WHOLE_NUMBERS and not value.is_integer()):
        raise InvalidOptionError(
            name, f"{name} is {query[name][:40]!r}, but must be from {least:g} to {most:g}."
        )
    return value
