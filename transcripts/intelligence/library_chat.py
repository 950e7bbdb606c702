"""Questions about all of an account's transcripts, or some: by owner first, then by what was
chosen, then by meaning (`library_search`).

A transcript without vectors of its present text is indexed by the first question that would search
it, newest first and so many segments a question; until then it isn't searched, and `coverage` says
so. Vectors of an earlier embedding model serve while it is installed, and are made again in the
background.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

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
from transcripts.intelligence.library_search import (
    LibraryQuestion,
    LibraryVectors,
    NearHit,
    Unindexed,
    rank_transcripts,
    read_closely,
)
from transcripts.intelligence.models import ChatSession, ChatTurn, SegmentVectors
from transcripts.intelligence.operations import EXTRACTIVE
from transcripts.intelligence.retrieval import (
    Found,
    Hit,
    SegmentIndex,
    embed_query,
    list_passages,
)
from transcripts.intelligence.writing import warn
from transcripts.locks import lock_transcript
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.services.text_jobs import order_index
from transcripts.text.clock import format_clock

MOST_TRANSCRIPTS = 5_000
_INDEXED_SEGMENTS = 5_000  # by one question
_INDEXED_TRANSCRIPTS = 50
_SOURCES = 8
_NEAREST = {
    "en": "The passages nearest to the question:",
    "cs": "Místa, která jsou otázce nejblíž:",
}
_NOTHING = {
    "en": "Nothing in these transcripts is about the question.",
    "cs": "V těchto přepisech není o otázce nic.",
}


@dataclass(frozen=True)
class LibraryScope:
    """Which of the owner's transcripts are asked. Empty: all."""

    ids: tuple[UUID, ...] = ()
    tag: str = ""
    speaker: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True)
class LibraryFound:
    """`hits`: what the answer is made of, best first; none: nothing is about the question."""

    hits: tuple[NearHit, ...]
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
    embedders = frozenset(current.values_list("model", "weights_revision").distinct())
    unindexed: list[Unindexed] = []
    segments = 0
    for transcript in chosen.values():
        if len(unindexed) == _INDEXED_TRANSCRIPTS or segments >= _INDEXED_SEGMENTS:
            break
        if transcript.pk not in indexed:
            passages = tuple(list_passages(load_document(transcript, has_words=False)))
            unindexed.append(Unindexed(transcript, passages))
            segments += len(passages)
    return LibraryQuestion(text, searched, chosen, tuple(unindexed), model, embedders)


def embed_library_question(question: LibraryQuestion, engines: TextEngines) -> LibraryVectors:
    """Runs in a thread of the texts': no query."""
    server = engines.server.target
    query = embed_query(question.searched, engines.embed_queries, server=server)
    model, revision = engines.embedder, engines.revision
    earlier = {}
    for each in engines.list_embedders():
        key = (each.id, each.revision)
        if key in question.embedders and key != (model, revision):
            embed = partial(engines.embed_queries, model=each.id)
            earlier[key] = embed_query(question.searched, embed, server=server)
    made = tuple(
        (each, make_index(each.passages, engines)) for each in question.unindexed if each.passages
    )
    return LibraryVectors(query, model, revision, earlier, made)


def find_in_library(vectors: LibraryVectors, question: LibraryQuestion) -> LibraryFound:
    """Search, by owner first; what the question had indexed is stored."""
    for unindexed, index in vectors.made:
        _store_made(unindexed, index)
    _renew_outdated(vectors, question)
    near, searched = rank_transcripts(vectors, question)
    hits, is_found = read_closely(near, question)
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
    written, remark = write_answer(
        question.text,
        passages,
        Found(hits, True, found.hits[0].score),
        language=phrase_language(question.text),
        model=writer,
        engines=engines,
        emit=emit,
    )
    if written is None:
        quoted = quote_from_library(found, question)
        warnings = tuple(warn(remark, model=writer.id))
        return replace(quoted, answer=replace(quoted.answer, warnings=warnings))
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


def _renew_outdated(vectors: LibraryVectors, question: LibraryQuestion) -> None:
    """Have what another embedding model indexed indexed again; its vectors serve until then."""
    rows = SegmentVectors.objects.filter(transcript__in=list(question.transcripts))
    current = rows.filter(model=vectors.model, weights_revision=vectors.weights_revision)
    outdated = rows.exclude(transcript__in=current.values("transcript"))
    ids = outdated.values_list("transcript_id", flat=True).distinct()[:_INDEXED_TRANSCRIPTS]
    for transcript_id in ids:
        order_index(question.transcripts[transcript_id], is_urgent=True)


def _describe_hit(hit: NearHit) -> dict[str, Any]:
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


def _write(hits: Sequence[NearHit], language: str) -> str:
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
