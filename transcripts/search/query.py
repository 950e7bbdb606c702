"""Finding transcripts by their words: every word of the query is in the title or in the text.

A query is words, `"phrases in quotes"`, and beginnings of words with a star (`prah*`). Accents and
case don't matter. What matched is shown by `search/highlights`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, QuerySet, Window
from django.db.models.expressions import RawSQL

from stt_web.core.errors import InvalidValueError
from transcripts.models import Transcript
from transcripts.search.folding import fold_text
from transcripts.search.index import OVERLAP_WORDS
from transcripts.search.models import TITLE_BUCKET, WHOLE_BUCKET
from transcripts.search.tsvector import ask

MAX_QUERY_CHARACTERS = 200
_TERM = re.compile(r'"([^"]*)"?|(\S+)')

_WHOLES = f"bucket = {WHOLE_BUCKET} AND vector @@ %s::tsquery"
_MATCHING_CHUNKS = f"bucket >= {TITLE_BUCKET} AND vector @@ %s::tsquery"
# Materialised, so that it is the index that is asked: joined in, a vector is read for each row.
_AMONG = (
    "WITH found AS MATERIALIZED (SELECT transcript_id FROM transcripts_searchchunk WHERE {})"
    " SELECT transcript_id FROM found"
)
# CROSS: SQLite then asks FTS5 first, once. Left to choose, it asks FTS5 for each of the owner's
# chunks, which takes thirty times as long and as much for a word that stands nowhere.
_BY_WORDS = (
    "SELECT chunk.transcript_id FROM transcripts_searchchunk_words AS words"
    " CROSS JOIN transcripts_searchchunk AS chunk ON chunk.id = words.rowid"
    " WHERE words.words MATCH %s AND chunk.owner_id = %s"
)
# Best first: where the title has it all, then where the most chunks of text do.
_MOST_RELEVANT = (
    "WITH found (id, created_at) AS ({rows}), near AS ("
    "  SELECT transcript_id, count(*) AS stretches,"
    "   max(CASE WHEN bucket < 0 THEN 1 ELSE 0 END) AS in_title"
    "  FROM transcripts_searchchunk WHERE {near} GROUP BY transcript_id)"
    " SELECT found.id, count(*) OVER () FROM found"
    " LEFT JOIN near ON near.transcript_id = found.id"
    " ORDER BY coalesce(in_title, 0) DESC, coalesce(stretches, 0) DESC, created_at DESC, id DESC"
    " LIMIT %s OFFSET %s"
)
_MATCHING_CHUNKS_BY_WORDS = (
    "owner_id = %s AND id IN (SELECT rowid FROM transcripts_searchchunk_words WHERE words MATCH %s)"
)


@dataclass(frozen=True)
class Term:
    """Words that stand together; of the last one perhaps only the beginning."""

    words: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True)
class FoundPage:
    """The transcripts of one page, in order, and how many there are on all of them."""

    ids: list[UUID]
    count: int


def read_terms(query: str) -> list[Term]:
    """Return what is asked for; nothing where the query has no word. Raises ApiError 400."""
    if len(query) > MAX_QUERY_CHARACTERS:
        raise InvalidValueError(f"search may have at most {MAX_QUERY_CHARACTERS} characters.")
    terms = []
    for match in _TERM.finditer(query):
        words = tuple(fold_text(match.group()))
        if words:
            terms.append(Term(words, is_prefix=match.group().endswith("*")))
    return list(dict.fromkeys(terms))


def search_transcripts(
    rows: QuerySet[Transcript], terms: Sequence[Term], *, owner_id: UUID
) -> QuerySet[Transcript]:
    """Return those of the owner's `rows` that have every term. No query of its own."""
    if not terms:
        return rows.none()
    if connection.vendor != "postgresql":
        for chunk in _chunks(terms):
            rows = rows.filter(pk__in=RawSQL(_BY_WORDS, [as_match(chunk), owner_id.hex]))  # noqa: S611
        return rows
    if words := [term for term in terms if len(term.words) == 1]:
        query = as_tsquery(words, owner_id=owner_id)
        rows = rows.filter(pk__in=RawSQL(_AMONG.format(_WHOLES), [query]))  # noqa: S611
    for chunk in _chunks(term for term in terms if len(term.words) > 1):
        query = as_tsquery([chunk], owner_id=owner_id)
        rows = rows.filter(pk__in=RawSQL(_AMONG.format(_MATCHING_CHUNKS), [query]))  # noqa: S611
    return rows


def read_page(rows: QuerySet[Transcript], *, start: int, size: int) -> FoundPage:
    """Return a page of what `search_transcripts` found, in the order of `rows`. One query: to
    search once more only to count takes as long again.
    """
    pairs = rows.annotate(on_all_pages=Window(Count("*"))).values_list("pk", "on_all_pages")
    return _as_page(list(pairs[start : start + size]))


def read_relevant_page(
    rows: QuerySet[Transcript], terms: Sequence[Term], *, owner_id: UUID, start: int, size: int
) -> FoundPage:
    """The same, ordered by relevance: first those whose title has all the terms, then those that
    have them together in the most chunks of five minutes, then the newest.
    """
    found, values = rows.order_by().values_list("pk", "created_at").query.sql_with_params()
    if connection.vendor == "postgresql":
        near = _MATCHING_CHUNKS
        asked = [as_tsquery(_chunks(terms), owner_id=owner_id)]
    else:
        near = _MATCHING_CHUNKS_BY_WORDS
        asked = [owner_id.hex, " AND ".join(as_match(chunk) for chunk in _chunks(terms))]
    with connection.cursor() as cursor:
        cursor.execute(_MOST_RELEVANT.format(rows=found, near=near), [*values, *asked, size, start])
        return _as_page(cursor.fetchall())


@contextmanager
def searching() -> Iterator[None]:
    """Run a search's queries within this: PostgreSQL is to use its index.

    Its planner doesn't know what it costs to read a vector: for a common word it would read them
    all (10,000 hours: 1.5 s, where the index takes 0.05 s).
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        # Without a table scan a plan may look dear enough to be compiled, for 0.6 s.
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL jit = off; SET LOCAL work_mem = '16MB'"
        )
        yield


def as_match(term: Term) -> str:
    """Return the term as SQLite's FTS5 reads it."""
    return f'"{" ".join(term.words)}"' + " *" * term.is_prefix


def as_tsquery(terms: Iterable[Term], *, owner_id: UUID, joint: str = " & ") -> str:
    """Return the terms as PostgreSQL reads them."""
    return joint.join(
        ask(term.words, is_prefix=term.is_prefix, owner_id=owner_id) for term in terms
    )


def _chunks(terms: Iterable[Term]) -> Iterator[Term]:
    """Cut phrases to what chunks overlap by: a longer one may lie over a border of theirs.

    Each piece begins with the last word of the one before.
    """
    for term in terms:
        last = max(len(term.words) - 1, 1)
        for start in range(0, last, OVERLAP_WORDS):
            words = term.words[start : start + OVERLAP_WORDS + 1]
            is_last = start + OVERLAP_WORDS >= last
            yield Term(words, is_prefix=term.is_prefix and is_last)


def _as_page(pairs: Sequence[tuple[UUID | str, int]]) -> FoundPage:
    ids = [each if isinstance(each, UUID) else UUID(each) for each, _ in pairs]
    return FoundPage(ids, pairs[0][1] if pairs else 0)
