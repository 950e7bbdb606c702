"""What a list of transcripts may be narrowed to and sorted by, read from the query and checked."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.utils import OpenApiParameter

from stt_web.core.errors import InvalidValueError
from transcripts.models import Source, Status, Transcript
from transcripts.option_languages import UnknownLanguageError
from transcripts.text.languages import find_language

_ORDERINGS = {
    "created_at": "created_at",
    "finished_at": "finished_at",
    "title": "title",
    "duration": "job__audio_duration_ms",
}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
RELEVANCE = "-relevance"  # of a search; its own query's matter (`search/pagination`)
_ORDERING_NAMES = [*(sign + name for name in _ORDERINGS for sign in ("", "-")), RELEVANCE]

# What `filter_transcripts` raises beside InvalidValueError.
FILTER_ERRORS = (UnknownLanguageError,)
FILTERS = ("status", "language", "source", "tag")  # of the page; the API has more
FILTER_PARAMETERS = [
    OpenApiParameter("status", str, enum=Status.values),
    OpenApiParameter("language", str, description="A code of GET /v1/languages."),
    OpenApiParameter("created_after", str, description="A date, or a date and time (ISO 8601)."),
    OpenApiParameter("created_before", str, description="The same; not included."),
    OpenApiParameter("model", str, description="That ran, or was asked for and hasn't yet."),
    OpenApiParameter("source", str, enum=Source.values),
    OpenApiParameter("tag", str),
    OpenApiParameter("has_warnings", bool),
    OpenApiParameter(
        "ordering",
        str,
        enum=_ORDERING_NAMES,
        description="Else `-created_at`. `-relevance` with `search` only: first those that have it "
        "all in the title, then those that have it in the most places.",
    ),
    OpenApiParameter(
        "search",
        str,
        description="Words in title and text, all of them; case and accents don't matter. "
        'A phrase in quotes, `"like this"`; the beginning of a word with a star, `li*`.',
    ),
]


def filter_transcripts(
    rows: QuerySet[Transcript], query: Mapping[str, str]
) -> QuerySet[Transcript]:
    """Return the rows that are asked for, in order. Raises ApiError 400. No query of its own."""
    if status := _read_choice(query, "status", Status.values):
        rows = rows.filter(status=status)
    if language := _read_language(query):
        rows = rows.filter(language=language)
    if source := _read_choice(query, "source", Source.values):
        rows = rows.filter(source=source)
    if model := _read_text(query, "model"):
        rows = rows.filter(
            Q(job__model_used=model) | Q(job__model_used="", job__model_requested=model)
        )
    if tag := _read_text(query, "tag"):
        rows = rows.filter(tags__name=tag)
    rows = _filter_by_time(rows, query)
    if flag := _read_choice(query, "has_warnings", list(_BOOLEANS)):
        rows = rows.exclude(job__warnings=[]) if _BOOLEANS[flag] else rows.filter(job__warnings=[])
    return rows.order_by(*_read_ordering(query))


def _filter_by_time(rows: QuerySet[Transcript], query: Mapping[str, str]) -> QuerySet[Transcript]:
    if after := _read_time(query, "created_after"):
        rows = rows.filter(created_at__gte=after)
    if before := _read_time(query, "created_before"):
        rows = rows.filter(created_at__lt=before)
    return rows


def _read_text(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if "\x00" in value or len(value) > 100:
        raise InvalidValueError(f"{name} has a value that can't be.")
    return value


def _read_choice(query: Mapping[str, str], name: str, choices: list[str]) -> str:
    value = query.get(name, "")
    if value and value not in choices:
        raise InvalidValueError(f"{name} must be one of {', '.join(choices)}.")
    return value


def _read_language(query: Mapping[str, str]) -> str:
    wanted = query.get("language", "")
    language = find_language(wanted) if wanted else ""
    if language is None:
        raise InvalidValueError(
            "language must be one of the codes that GET /v1/languages lists.",
            code=UnknownLanguageError.code,
        )
    return language


def _read_time(query: Mapping[str, str], name: str) -> datetime | None:
    value = query.get(name, "")
    if not value:
        return None
    try:
        parsed = parse_datetime(value) or _at_midnight(parse_date(value))
        if parsed is not None:
            aware = parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
            return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # well formed, but there is no such day
    raise InvalidValueError(
        f"{name} must be a date such as 2026-01-31, or a time such as 2026-01-31T08:30:00Z."
    )


def _at_midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), tzinfo=UTC)


def _read_ordering(query: Mapping[str, str]) -> list[str]:
    """Return the columns; the id last, so that no page repeats what another had."""
    name = _read_choice(query, "ordering", _ORDERING_NAMES) or "-created_at"
    if name == RELEVANCE:
        if not query.get("search"):
            raise InvalidValueError(f"ordering={RELEVANCE} needs a search.")
        name = "-created_at"
    sign = "-" if name.startswith("-") else ""
    return [sign + _ORDERINGS[name.removeprefix("-")], f"{sign}pk"]
