"""Finding transcripts by their words: every word of the query is in the title or in the text.

A query is words, `"phrases in quotes"`, and beginnings of words with a star (`prah*`). Accents and
case don't matter. What matched is shown by `find_highlights`.
"""

import html
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from stt_web.errors import ApiError
from transcripts.models import SearchChunk, Segment, Transcript
from transcripts.services.folding import FoundWord, find_words, fold_text
from transcripts.services.search_index import BUCKET_MS, owner_mark, whole_mark

MAX_QUERY_CHARACTERS = 200
_TERM = re.compile(r'"([^"]*)"?|(\S+)')
_HIGHLIGHTS_EACH = 3
_CONTEXT_CHARACTERS = 90

# Materialised, so that it is the index that is asked: joined in, a vector is read for each row.
_BY_VECTOR = (
    "WITH found AS MATERIALIZED"
    " (SELECT transcript_id FROM transcripts_searchchunk WHERE vector @@ %s::tsquery)"
    " SELECT transcript_id FROM found"
)
_BY_WORDS = (
    "SELECT chunk.transcript_id FROM transcripts_searchchunk_words AS words"
    " JOIN transcripts_searchchunk AS chunk ON chunk.id = words.rowid"
    " WHERE words.words MATCH %s AND chunk.owner_id = %s"
)


@dataclass(frozen=True)
class Term:
    """Words that stand together; of the last one perhaps only the beginning."""

    words: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True)
class Highlight:
    """A place that matched: `text` around it, `marks` where in that (characters, end exclusive).

    Of the title: no segment and no times.
    """

    text: str
    marks: tuple[tuple[int, int], ...]
    segment: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None

    @property
    def html(self) -> str:
        """The text, escaped, with `<mark>` around what matched."""
        pieces, last = [], 0
        for start, end in self.marks:
            before, marked = self.text[last:start], self.text[start:end]
            pieces += [html.escape(before), "<mark>", html.escape(marked), "</mark>"]
            last = end
        return "".join([*pieces, html.escape(self.text[last:])])


def read_terms(query: str) -> list[Term]:
    """Return what is asked for; nothing where the query has no word. Raises ApiError 400."""
    if len(query) > MAX_QUERY_CHARACTERS:
        raise ApiError(
            f"search may have at most {MAX_QUERY_CHARACTERS} characters.", code="invalid_value"
        )
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
        for term in terms:
            rows = rows.filter(pk__in=RawSQL(_BY_WORDS, [_as_match(term), owner_id.hex]))  # noqa: S611
        return rows
    # Each word of each term is somewhere; then, of phrases, that they stand together.
    words = [
        _as_tsquery(Term((word,), is_prefix=term.is_prefix and word is term.words[-1]))
        for term in terms
        for word in term.words
    ]
    queries = [" & ".join([f"'{whole_mark(owner_id)}'", *words])]
    queries += [
        f"'{owner_mark(owner_id)}' & {_as_tsquery(term)}" for term in terms if len(term.words) > 1
    ]
    for query in queries:
        rows = rows.filter(pk__in=RawSQL(_BY_VECTOR, [query]))  # noqa: S611
    return rows


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


def find_highlights(
    transcripts: Sequence[Transcript], terms: Sequence[Term]
) -> dict[UUID, list[Highlight]]:
    """Return for each transcript where the terms stand, the first places. Two queries."""
    if not transcripts or not terms:
        return {}
    found = {transcript.pk: _in_title(transcript, terms) for transcript in transcripts}
    buckets = _first_buckets([transcript.pk for transcript in transcripts], terms)
    for row in _segments_in(buckets):
        own = found[row.transcript_id]
        if len(own) < _HIGHLIGHTS_EACH:
            own += _in_segment(row, terms)
    return found


def _as_tsquery(term: Term) -> str:
    words = [f"'{word}'" for word in term.words]
    if term.is_prefix:
        words[-1] += ":*"
    return f"({' <-> '.join(words)})"


def _as_match(term: Term) -> str:
    return f'"{" ".join(term.words)}"' + " *" * term.is_prefix


def _first_buckets(ids: Sequence[UUID], terms: Sequence[Term]) -> dict[UUID, int]:
    """Return for each transcript the first stretch of its text that has one of the terms."""
    chunks = SearchChunk.objects.filter(transcript_id__in=ids, bucket__gte=0)
    if connection.vendor == "postgresql":
        query = " | ".join(_as_tsquery(term) for term in terms)
        chunks = chunks.extra(where=["vector @@ %s::tsquery"], params=[query])
    else:
        query = " OR ".join(_as_match(term) for term in terms)
        chunks = chunks.filter(
            pk__in=RawSQL(
                "SELECT rowid FROM transcripts_searchchunk_words WHERE words MATCH %s", [query]
            )
        )
    first: dict[UUID, int] = {}
    for transcript_id, bucket in chunks.values_list("transcript_id", "bucket"):
        first[transcript_id] = min(bucket, first.get(transcript_id, bucket))
    return first


def _segments_in(buckets: dict[UUID, int]) -> QuerySet[Segment]:
    wanted = Q(pk__in=[])
    for transcript_id, bucket in buckets.items():
        start_ms = bucket * BUCKET_MS
        wanted |= Q(
            transcript_id=transcript_id, start_ms__gte=start_ms, start_ms__lt=start_ms + BUCKET_MS
        )
    rows = Segment.objects.filter(wanted).order_by("transcript_id", "position")
    return rows.only("transcript_id", "key", "start_ms", "end_ms", "text")


def _in_title(transcript: Transcript, terms: Sequence[Term]) -> list[Highlight]:
    title = transcript.title or transcript.file_name
    marks = _find(find_words(title), terms)
    return [Highlight(title, tuple(marks))] if marks else []


def _in_segment(row: Segment, terms: Sequence[Term]) -> list[Highlight]:
    marks = _find(find_words(row.text), terms)
    if not marks:
        return []
    text, kept = _around(row.text, marks)
    return [Highlight(text, kept, segment=row.key, start_ms=row.start_ms, end_ms=row.end_ms)]


def _find(words: Sequence[FoundWord], terms: Sequence[Term]) -> list[tuple[int, int]]:
    """Return where terms stand among the words, in order and without overlap."""
    spans = sorted(
        (words[at].start, words[at + len(term.words) - 1].end)
        for term in terms
        for at in range(len(words) - len(term.words) + 1)
        if _stands_at(term, words, at)
    )
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _stands_at(term: Term, words: Sequence[FoundWord], at: int) -> bool:
    *exact, last = term.words
    if any(words[at + offset].folded != word for offset, word in enumerate(exact)):
        return False
    found = words[at + len(exact)].folded
    return found.startswith(last) if term.is_prefix else found == last


def _around(text: str, marks: Sequence[tuple[int, int]]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return the text around the first mark, cut at spaces, and the marks that lie in it."""
    first_start, first_end = marks[0]
    start = max(0, first_start - _CONTEXT_CHARACTERS)
    end = min(len(text), first_end + _CONTEXT_CHARACTERS)
    if start:
        space = text.find(" ", start, first_start)
        start = start if space < 0 else space + 1
    if end < len(text):
        space = text.rfind(" ", first_end, end)
        end = end if space < 0 else space
    lead, tail = "…" if start else "", "…" if end < len(text) else ""
    shift = len(lead) - start
    kept = tuple((a + shift, b + shift) for a, b in marks if b <= end)
    return f"{lead}{text[start:end]}{tail}", kept
