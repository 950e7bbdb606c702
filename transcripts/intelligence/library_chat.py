"""Questions about all of an account's transcripts, or some: by owner first, then by what was
chosen, then by meaning: some minutes at a time first, then the segments of the nearest ones.

A transcript without vectors of its present text is indexed by the first question that would search
it, newest first and so many segments a question; until then it isn't searched, and `coverage` says
so. Vectors of another model than the server's are discarded, and made again in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import F

from accounts.models import User
from transcripts.exports.document import load_document
from transcripts.intelligence.answers import ChatAnswer, Emit, write_answer
from transcripts.intelligence.chat import (
    choose_writer,
    go_on_with,
    make_index,
    store_index,
)
from transcripts.intelligence.documents import escape
from transcripts.intelligence.engines import TextEngines
from transcripts.intelligence.library_routes import LibraryAnswer, phrase_language, title_of
from transcripts.intelligence.models import ChatSession, ChatTurn, SegmentVectors
from transcripts.intelligence.operations import EXTRACTIVE
from transcripts.intelligence.retrieval import (
    Found,
    Hit,
    Passage,
    Query,
    SegmentIndex,
    embed_query,
    list_passages,
    multiply,
    search,
)
from transcripts.intelligence.source import is_in_language
from transcripts.intelligence.vector_cache import Halves, VectorCache, VectorsKey
from transcripts.locks import lock_transcript
from transcripts.models import READABLE_STATUSES, Segment, Speaker, Transcript
from transcripts.text.clock import format_clock

MOST_TRANSCRIPTS = 5_000
_INDEXED_SEGMENTS = 5_000  # by one question
_INDEXED_TRANSCRIPTS = 50
_NEAR = 20  # transcripts whose segments are compared
_READ_CLOSELY = 6  # of these, whose words are compared too
_SOURCES = 8
_NEAREST = {
    "en": "The passages nearest to the question:",
    "cs": "Místa, která jsou otázce nejblíž:",
}
_NOTHING = {
    "en": "Nothing in these transcripts is about the question.",
    "cs": "V těchto přepisech není o otázce nic.",
}

_cache = VectorCache()


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
    model: str


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


@dataclass(frozen=True)
class LibraryFound:
    """`hits`: what the answer is made of, best first; none: nothing is about the question."""

    hits: tuple[_NearHit, ...]
    searched: int
    model: str

    @property
    def mentioned(self) -> frozenset[UUID]:
        return frozenset(hit.transcript.pk for hit in self.hits)

    def list_sources(self) -> tuple[dict[str, Any], ...]:
        """Return them as the answer has them; `number` is the mark of a written answer."""
        return tuple({**_describe_hit(hit), "number": n} for n, hit in enumerate(self.hits, 1))


def prepare_library_question(
    user: User,
    text: str,
    *,
    searched: str,
    transcripts: Sequence[Transcript],
    model: str = "",
) -> LibraryQuestion:
    """Return the question with what it may search. transcripts: of the user's own."""
    chosen = {each.pk: each for each in transcripts}
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
    return LibraryQuestion(text, searched, chosen, tuple(unindexed), model)


def embed_library_question(question: LibraryQuestion, engines: TextEngines) -> LibraryVectors:
    """Runs in a thread of the texts': no query."""
    query = embed_query(question.searched, engines.embed_queries, server=engines.server.target)
    made = tuple(
        (each, make_index(each.passages, engines)) for each in question.unindexed if each.passages
    )
    return LibraryVectors(query, engines.embedder, engines.revision, made)


def find_in_library(vectors: LibraryVectors, question: LibraryQuestion) -> LibraryFound:
    """Search, by owner first; what the question had indexed is stored."""
    for unindexed, index in vectors.made:
        _store_made(unindexed, index)
    stored = SegmentVectors.objects.filter(transcript__in=list(question.transcripts))
    stored.exclude(model=vectors.model, weights_revision=vectors.weights_revision).delete()
    near, searched = _rank_transcripts(vectors, question)
    hits, is_found = _read_closely(near, vectors, question)
    shown = tuple(hits[:_SOURCES]) if is_found else ()
    return LibraryFound(shown, searched, f"{EXTRACTIVE}/{vectors.model}")


def quote_from_library(found: LibraryFound, question: LibraryQuestion) -> LibraryAnswer:
    """Return the nearest passages as the answer."""
    language = phrase_language(question.text)
    text = _write(found.hits, language) if found.hits else _NOTHING[language]
    answer = ChatAnswer(text, bool(found.hits), found.list_sources(), found.model, True)
    return LibraryAnswer(answer, found.mentioned, found.searched)


def write_from_library(
    found: LibraryFound, question: LibraryQuestion, engines: TextEngines, emit: Emit
) -> LibraryAnswer:
    """Have the language model answer from the passages that were found, with marks such as [3];
    quote them where there is none, or nothing of its answer is borne out. Without queries.
    """
    sources = found.list_sources()
    emit("sources", {"sources": list(sources)})
    writer = choose_writer(question.model, engines)
    if writer is None:
        return quote_from_library(found, question)
    passages = [replace(hit.passage, order=n) for n, hit in enumerate(found.hits, 1)]
    hits = tuple(Hit(place, hit.score) for place, hit in enumerate(found.hits))
    written = write_answer(
        question.text,
        passages,
        Found(hits, True, found.hits[0].score),
        language=phrase_language(question.text),
        model=writer,
        engines=engines,
        emit=emit,
    )
    if written is None:
        return quote_from_library(found, question)
    cited = {source["segment_order"] for source in written.sources}
    chosen = tuple(source for source in sources if source["number"] in cited)
    return LibraryAnswer(replace(written, sources=chosen), found.mentioned, found.searched)


def store_library_turn(
    answered: LibraryAnswer,
    question: str,
    *,
    user: User,
    session: ChatSession | None,
    count: int,
) -> dict[str, Any]:
    """Store the turn, and return the answer's body. count: of the transcripts asked about."""
    answer = answered.answer
    with transaction.atomic():
        session = go_on_with(session, user=user, transcript=None)
        turn = ChatTurn.objects.create(
            session=session,
            question=question,
            answer=answer.text,
            is_found=answer.is_found,
            sources=list(answer.sources),
            model=answer.model,
        )
        turn.mentioned.set(Transcript.objects.filter(pk__in=answered.mentioned, owner=user))
    return {
        **answer.as_body(),
        "session_id": str(session.pk),
        "coverage": {
            "transcripts": count,
            "searched": answered.searched,
            "complete": answered.searched == count,
        },
    }


def list_transcripts(user: User, scope: LibraryScope) -> Sequence[Transcript]:
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


def _rank_transcripts(
    vectors: LibraryVectors, question: LibraryQuestion
) -> tuple[list[VectorsKey], int]:
    """Return the nearest transcripts, best first, and how many were searched."""
    rows = SegmentVectors.objects.filter(
        transcript__in=list(question.transcripts),
        revision=F("transcript__revision"),
        model=vectors.model,
        weights_revision=vectors.weights_revision,
    ).values_list("transcript_id", "revision")
    keys = [
        VectorsKey(pk, revision, vectors.model, vectors.weights_revision, "coarse")
        for pk, revision in rows
    ]
    best = _find_best(_cache.get_all(keys, _read_vectors), vectors.query)
    ranked = sorted(best, key=lambda key: -best[key])
    empty = sum(1 for each in question.unindexed if not each.passages)
    return ranked[:_NEAR], len(ranked) + empty


def _find_best(several: dict[VectorsKey, Halves], query: Query) -> dict[VectorsKey, float]:
    """Return how near the nearest vector of each is."""
    if not several:
        return {}
    rows = [each.reshape(-1, each.shape[-1]) for each in several.values()]
    starts = np.cumsum([0, *map(len, rows)])[:-1]
    products = multiply(np.concatenate(rows), query.unusual[:, None])[:, 0]
    return dict(zip(several, np.maximum.reduceat(products, starts).tolist(), strict=True))


def _read_vectors(keys: list[VectorsKey]) -> dict[VectorsKey, Halves]:
    by_transcript = {key.transcript: key for key in keys}
    blob = "coarse" if keys[0].part == "coarse" else "vectors"
    shape = (-1,) if blob == "coarse" else (-1, 2)
    rows = SegmentVectors.objects.filter(transcript__in=list(by_transcript), model=keys[0].model)
    found: dict[VectorsKey, Halves] = {}
    for pk, revision, weights, dimensions, stored in rows.values_list(
        "transcript_id", "revision", "weights_revision", "dimensions", blob
    ).iterator(chunk_size=200):
        key = by_transcript[pk]
        if (key.revision, key.weights_revision) == (revision, weights) and len(stored):
            vectors = np.frombuffer(bytes(stored), np.float16).reshape(*shape, dimensions)
            found[key] = vectors
    return found


def _read_closely(
    near: Sequence[VectorsKey], vectors: LibraryVectors, question: LibraryQuestion
) -> tuple[list[_NearHit], bool]:
    """Return the passages, best first, and whether one is near enough: of the transcripts whose
    segments are nearest, by vectors and words.
    """
    keys = [replace(key, part="segments") for key in near]
    several = _cache.get_all(keys, _read_vectors)
    best = _find_best(several, vectors.query)
    hits: list[_NearHit] = []
    is_found = False
    nearest = sorted(best, key=lambda each: -best[each])[:_READ_CLOSELY]
    transcripts = Transcript.objects.in_bulk([key.transcript for key in nearest])
    for key in nearest:
        transcript = transcripts.get(key.transcript)
        passages = _read_passages(key.transcript)
        if transcript is None or len(passages) != len(several[key]):
            continue  # deleted or edited since
        keys_of = tuple(passage.key for passage in passages)
        found: Found = search(
            vectors.query,
            passages,
            SegmentIndex(key.model, key.weights_revision, keys_of, several[key]),
            language=transcript.language,
            is_crossed=not is_in_language(question.searched, transcript.language),
        )
        is_found = is_found or found.is_found
        hits += [_NearHit(transcript, passages[hit.place], hit.score) for hit in found.hits]
    return sorted(hits, key=lambda hit: -hit.score), is_found


def _read_passages(transcript: UUID) -> list[Passage]:
    """Return what `list_passages` does, in two queries."""
    names = {each.pk: str(each) for each in Speaker.objects.filter(transcript=transcript)}
    rows = Segment.objects.filter(transcript=transcript).order_by("position")
    # Without the transcript's id: on SQLite that of each row costs more than all else of it.
    read = rows.values_list("key", "text", "start_ms", "end_ms", "speaker_id")
    return [
        Passage(order, key, text, start_ms, end_ms, names.get(speaker or 0))
        for order, (key, text, start_ms, end_ms, speaker) in enumerate(read)
    ]


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


def _write(hits: Sequence[_NearHit], language: str) -> str:
    """Return the passages, those of one transcript together, the best transcript first."""
    parts = [_NEAREST[language]]
    for transcript in dict.fromkeys(hit.transcript for hit in hits):
        lines = [
            f"> {format_clock(hit.passage.start_ms)} "
            + (f"{escape(hit.passage.speaker)}: " if hit.passage.speaker else "")
            + escape(hit.passage.text)
            for hit in sorted(hits, key=lambda hit: hit.passage.start_ms)
            if hit.transcript == transcript
        ]
        parts.append(f"**{title_of(transcript)}**\n\n" + "\n>\n".join(lines))
    return "\n\n".join(parts)
