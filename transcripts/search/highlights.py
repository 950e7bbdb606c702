"""Where in transcripts that were found the words stand: what a search shows of each."""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from transcripts.models import Segment, Transcript
from transcripts.search.folding import IndexedWord, find_words, fold_text
from transcripts.search.index import BUCKET_MS
from transcripts.search.models import SearchChunk
from transcripts.search.query import Term, as_match, as_tsquery

_HIGHLIGHTS_EACH = 3
_CONTEXT_CHARACTERS = 90


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
        parts, last = [], 0
        for start, end in self.marks:
            before, marked = self.text[last:start], self.text[start:end]
            parts += [html.escape(before), "<mark>", html.escape(marked), "</mark>"]
            last = end
        return "".join([*parts, html.escape(self.text[last:])])


class _Place(NamedTuple):
    """What is read of a segment."""

    transcript_id: UUID
    key: str
    start_ms: int
    end_ms: int
    text: str


def find_highlights(
    transcripts: Sequence[Transcript], terms: Sequence[Term], *, owner_id: UUID
) -> dict[UUID, list[Highlight]]:
    """Return where the terms first stand in each of the owner's transcripts. Two queries."""
    if not transcripts or not terms:
        return {}
    found = {transcript.pk: _in_title(transcript, terms) for transcript in transcripts}
    buckets = _first_buckets(transcripts, terms, owner_id=owner_id)
    for segment in _segments_in(buckets):
        own = found[segment.transcript_id]
        if len(own) < _HIGHLIGHTS_EACH:
            own += _in_segment(segment, terms)
    return found


def _first_buckets(
    transcripts: Sequence[Transcript], terms: Sequence[Term], *, owner_id: UUID
) -> dict[UUID, int]:
    """Return for each transcript the first passage of its text that has one of the terms."""
    chunks = SearchChunk.objects.filter(transcript__in=transcripts, bucket__gte=0)
    if connection.vendor == "postgresql":
        query = as_tsquery(terms, owner_id=owner_id, joint=" | ")
        chunks = chunks.extra(where=["vector @@ %s::tsquery"], params=[query])
    else:
        query = " OR ".join(as_match(term) for term in terms)
        chunks = chunks.filter(
            pk__in=RawSQL(
                "SELECT rowid FROM transcripts_searchchunk_words WHERE words MATCH %s", [query]
            )
        )
    first: dict[UUID, int] = {}
    for transcript_id, bucket in chunks.values_list("transcript_id", "bucket"):
        first[transcript_id] = min(bucket, first.get(transcript_id, bucket))
    return first


def _segments_in(buckets: dict[UUID, int]) -> Iterator[_Place]:
    wanted = Q(pk__in=[])
    for transcript_id, bucket in buckets.items():
        start_ms = bucket * BUCKET_MS
        wanted |= Q(
            transcript_id=transcript_id, start_ms__gte=start_ms, start_ms__lt=start_ms + BUCKET_MS
        )
    rows = Segment.objects.filter(wanted).order_by("transcript_id", "position")
    # Not as models: of a page's 1,200 segments these would take half of the time.
    return map(_Place._make, rows.values_list(*_Place._fields))


def _in_title(transcript: Transcript, terms: Sequence[Term]) -> list[Highlight]:
    title = transcript.title or transcript.recording.file_name
    marks = _find(find_words(title), terms)
    return [Highlight(title, tuple(marks))] if marks else []


def _in_segment(place: _Place, terms: Sequence[Term]) -> list[Highlight]:
    if not _may_have(place.text, terms):
        return []
    marks = _find(find_words(place.text), terms)
    if not marks:
        return []
    text, shown = _around(place.text, marks)
    return [Highlight(text, shown, segment=place.key, start_ms=place.start_ms, end_ms=place.end_ms)]


def _may_have(text: str, terms: Sequence[Term]) -> bool:
    """Return False where no term can be, which is soon known: of most texts."""
    words = set(fold_text(text))
    return any(term.is_prefix or words.issuperset(term.words) for term in terms)


def _find(words: Sequence[IndexedWord], terms: Sequence[Term]) -> list[tuple[int, int]]:
    """Return where terms stand among the words, in order and without overlap."""
    intervals = sorted(
        (words[at].start, words[at + len(term.words) - 1].end)
        for term in terms
        for at in range(len(words) - len(term.words) + 1)
        if _stands_at(term, words, at)
    )
    merged: list[tuple[int, int]] = []
    for start, end in intervals:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _stands_at(term: Term, words: Sequence[IndexedWord], at: int) -> bool:
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
    shown = tuple((a + shift, b + shift) for a, b in marks if b <= end)
    return f"{lead}{text[start:end]}{tail}", shown
