"""Questions about all of an account's transcripts, or some: by owner first, then by what was
chosen, then by meaning: some minutes at a time first, then the segments of the nearest ones.

A transcript without vectors of its present text is indexed by the first question that would search
it, newest first and so many segments a question; until then it isn't searched, and `coverage` says
so. Vectors of another model than the server's are discarded, and made again in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import F

from accounts.models import User
from transcripts.exports.document import load_document
from transcripts.intelligence.chat import make_index, read_index, store_index
from transcripts.intelligence.documents import escape
from transcripts.intelligence.engines import TextEngines
from transcripts.intelligence.models import ChatSession, ChatTurn, SegmentVectors
from transcripts.intelligence.operations import EXTRACTIVE
from transcripts.intelligence.retrieval import (
    Found,
    Passage,
    Query,
    SegmentIndex,
    embed_query,
    list_passages,
    search,
)
from transcripts.intelligence.source import is_in_language
from transcripts.locks import lock_transcript
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.text.clock import format_clock

MOST_TRANSCRIPTS = 5_000
_INDEXED_SEGMENTS = 5_000  # by one question
_INDEXED_TRANSCRIPTS = 50
_READ_CLOSELY = 20
_SOURCES = 8
_NEAREST = "The passages nearest to the question:"
_NOTHING = "Nothing in these transcripts is about the question."


@dataclass(frozen=True)
class LibraryScope:
    """Which of the owner's transcripts are asked. Empty: all."""

    ids: tuple[UUID, ...] = ()
    tag: str = ""
    speaker: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True)
class Unindexed:
    transcript: Transcript
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class LibraryQuestion:
    text: str
    searched: str
    transcripts: dict[UUID, Transcript]
    unindexed: tuple[Unindexed, ...]


@dataclass(frozen=True)
class LibraryVectors:
    """What the engines made for a question: its vector, and the indexes that were missing."""

    query: Query
    model: str
    weights_revision: str
    made: tuple[tuple[Unindexed, SegmentIndex], ...]


@dataclass(frozen=True)
class _NearHit:
    transcript: Transcript
    passage: Passage
    score: float


def prepare_library_question(
    user: User, text: str, *, searched: str, scope: LibraryScope
) -> LibraryQuestion:
    """Return the question with what it may search: nothing of another owner's."""
    chosen = {each.pk: each for each in _list_transcripts(user, scope)}
    current = SegmentVectors.objects.filter(
        transcript__owner=user, revision=F("transcript__revision")
    )
    indexed = set(current.values_list("transcript_id", flat=True))
    unindexed: list[Unindexed] = []
    segments = 0
    for transcript in chosen.values():
        if len(unindexed) == _INDEXED_TRANSCRIPTS or segments >= _INDEXED_SEGMENTS:
            break
        if transcript.pk not in indexed:
            passages = tuple(list_passages(load_document(transcript, has_words=False)))
            unindexed.append(Unindexed(transcript, passages))
            segments += len(passages)
    return LibraryQuestion(text, searched, chosen, tuple(unindexed))


def embed_library_question(question: LibraryQuestion, engines: TextEngines) -> LibraryVectors:
    """Runs in a thread of the texts': no query."""
    query = embed_query(question.searched, engines.embed_queries, server=engines.server.target)
    made = tuple(
        (each, make_index(each.passages, engines)) for each in question.unindexed if each.passages
    )
    return LibraryVectors(query, engines.embedder, engines.revision, made)


def answer_library_question(
    vectors: LibraryVectors, question: LibraryQuestion, *, user: User, session: ChatSession | None
) -> dict[str, Any]:
    """Search, store the turn, and return the answer's body."""
    for unindexed, index in vectors.made:
        _store_made(unindexed, index)
    stored = SegmentVectors.objects.filter(transcript__in=list(question.transcripts))
    stored.exclude(model=vectors.model, weights_revision=vectors.weights_revision).delete()
    near, searched = _rank_transcripts(vectors, question)
    hits, best_found = _read_closely(near, vectors, question)
    is_found = bool(hits) and best_found
    sources = [_describe_hit(hit) for hit in hits[:_SOURCES]] if is_found else []
    text = _write(hits[:_SOURCES]) if is_found else _NOTHING
    model = f"{EXTRACTIVE}/{vectors.model}"
    with transaction.atomic():
        session = session or ChatSession.objects.create(owner=user, transcript=None)
        turn = ChatTurn.objects.create(
            session=session,
            question=question.text,
            answer=text,
            is_found=is_found,
            sources=sources,
            model=model,
        )
        quoted = {hit.transcript.pk for hit in hits[:_SOURCES]} if is_found else set()
        still_there = Transcript.objects.filter(pk__in=quoted, owner=user)
        turn.mentioned.set(still_there)
        session.save(update_fields=["updated_at"])
    return {
        "answer": text,
        "found": is_found,
        "sources": sources,
        "session_id": str(session.pk),
        "model": model,
        "approximate": True,
        "coverage": {
            "transcripts": len(question.transcripts),
            "searched": searched,
            "complete": searched == len(question.transcripts),
        },
    }


def _list_transcripts(user: User, scope: LibraryScope) -> Sequence[Transcript]:
    rows = Transcript.objects.filter(owner=user, status__in=READABLE_STATUSES)
    if scope.ids:
        rows = rows.filter(pk__in=scope.ids)
    if scope.tag:
        rows = rows.filter(tags__name=scope.tag)
    if scope.speaker:
        rows = rows.filter(speakers__display_name=scope.speaker)
    if scope.created_after is not None:
        rows = rows.filter(created_at__gte=scope.created_after)
    if scope.created_before is not None:
        rows = rows.filter(created_at__lt=scope.created_before)
    return list(rows.order_by("-created_at").distinct()[:MOST_TRANSCRIPTS])


def _store_made(unindexed: Unindexed, index: SegmentIndex) -> None:
    """The race: the transcript's deletion. Its lock puts this wholly before, or finds nothing."""
    with transaction.atomic():
        if lock_transcript(unindexed.transcript.pk):
            store_index(index, unindexed.transcript, revision=unindexed.transcript.revision)


def _rank_transcripts(vectors: LibraryVectors, question: LibraryQuestion) -> tuple[list[UUID], int]:
    """Return the nearest transcripts, best first, and how many were searched."""
    rows = SegmentVectors.objects.filter(
        transcript__in=list(question.transcripts),
        revision=F("transcript__revision"),
        model=vectors.model,
        weights_revision=vectors.weights_revision,
    ).values_list("transcript_id", "dimensions", "coarse")
    ranked: list[tuple[float, UUID]] = []
    for transcript_id, dimensions, coarse in rows.iterator(chunk_size=200):
        means = np.frombuffer(bytes(coarse), np.float16).reshape(-1, dimensions)
        nearest = (means.astype(np.float32) @ vectors.query.unusual).max()
        ranked.append((float(nearest), transcript_id))
    ranked.sort(key=lambda each: -each[0])
    empty = sum(1 for each in question.unindexed if not each.passages)
    return [each for _, each in ranked[:_READ_CLOSELY]], len(ranked) + empty


def _read_closely(
    near: Sequence[UUID], vectors: LibraryVectors, question: LibraryQuestion
) -> tuple[list[_NearHit], bool]:
    hits: list[_NearHit] = []
    is_found = False
    for row in SegmentVectors.objects.filter(transcript__in=near, model=vectors.model):
        transcript = question.transcripts[row.transcript_id]
        passages = list_passages(load_document(transcript, has_words=False))
        index = read_index(row)
        if index.keys != tuple(passage.key for passage in passages):
            continue
        is_crossed = not is_in_language(question.searched, transcript.language)
        found: Found = search(
            vectors.query,
            passages,
            index,
            language=transcript.language,
            is_crossed=is_crossed,
        )
        is_found = is_found or found.is_found
        hits += [_NearHit(transcript, passages[hit.place], hit.score) for hit in found.hits]
    return sorted(hits, key=lambda hit: -hit.score), is_found


def _describe_hit(hit: _NearHit) -> dict[str, Any]:
    return {
        "transcript": str(hit.transcript.pk),
        "title": hit.transcript.title,
        "segment_order": hit.passage.order,
        "segment": hit.passage.key,
        "text": hit.passage.text,
        "score": hit.score,
        "start": hit.passage.start_ms / 1000,
        "end": hit.passage.end_ms / 1000,
        "speaker": hit.passage.speaker,
    }


def _write(hits: Sequence[_NearHit]) -> str:
    """Return the passages, those of one transcript together, the best transcript first."""
    parts = [_NEAREST]
    for transcript in dict.fromkeys(hit.transcript for hit in hits):
        lines = [
            f"> {format_clock(hit.passage.start_ms)} "
            + (f"{escape(hit.passage.speaker)}: " if hit.passage.speaker else "")
            + escape(hit.passage.text)
            for hit in hits
            if hit.transcript == transcript
        ]
        title = escape(transcript.title) or f"{transcript.created_at:%Y-%m-%d}"
        parts.append(f"**{title}**\n\n" + "\n>\n".join(lines))
    return "\n\n".join(parts)
