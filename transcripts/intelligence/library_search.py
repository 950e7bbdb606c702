"""Which passages of many transcripts are nearest to a question: by some minutes first, then
by the segments of the nearest transcripts, then by the words of the nearest of these.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from django.db.models import F

from transcripts.intelligence.models import SegmentVectors
from transcripts.intelligence.retrieval import (
    Found,
    Passage,
    Query,
    SegmentIndex,
    find_bar,
    multiply,
    search,
)
from transcripts.intelligence.source import is_in_language
from transcripts.intelligence.vector_cache import Halves, VectorCache, VectorsKey
from transcripts.models import Segment, Speaker, Transcript

_NEAR = 20  # transcripts whose segments are compared
_READ_CLOSELY = 6  # of these, whose words are compared too

_cache = VectorCache()


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
    embedders: frozenset[tuple[str, str]] = frozenset()  # of the stored vectors, with revisions


@dataclass(frozen=True)
class LibraryVectors:
    """What the engines made for a question: its vector, and the indexes that were missing.
    `earlier`: its vectors by earlier embedding models that are still installed, by model and
    revision.
    """

    query: Query
    model: str
    weights_revision: str
    earlier: dict[tuple[str, str], Query]
    made: tuple[tuple[Unindexed, SegmentIndex], ...]

    @property
    def queries(self) -> dict[tuple[str, str], Query]:
        """The question by embedding model and its weights' revision, the present one first."""
        return {(self.model, self.weights_revision): self.query, **self.earlier}


@dataclass(frozen=True)
class NearHit:
    transcript: Transcript
    passage: Passage
    score: float
    margin: float  # above the bar of its embedding model: what those of several compare by


def rank_transcripts(
    vectors: LibraryVectors, question: LibraryQuestion
) -> tuple[list[tuple[Query, list[VectorsKey]]], int]:
    """Return the nearest transcripts, best first, and how many were searched: a list for each
    embedding model, with the question as that one has it, since what they score can't be compared.
    """
    queries = vectors.queries
    rows = SegmentVectors.objects.filter(
        transcript__in=list(question.transcripts), revision=F("transcript__revision")
    ).values_list("model", "weights_revision", "transcript_id", "revision")
    keys: dict[tuple[str, str], list[VectorsKey]] = {embedder: [] for embedder in queries}
    for model, weights, transcript, revision in rows:
        if (model, weights) in keys:
            key = VectorsKey(transcript, revision, model, weights, "coarse")
            keys[model, weights].append(key)
    near: list[tuple[Query, list[VectorsKey]]] = []
    seen: set[UUID] = set()
    for embedder, query in queries.items():  # where there are vectors of two, the present one's
        own = [key for key in keys[embedder] if key.transcript not in seen]
        best = _find_best(_cache.get_all(own, _read_vectors), query)
        seen |= {key.transcript for key in best}
        near.append((query, sorted(best, key=lambda key: -best[key])[:_NEAR]))
    empty = sum(1 for each in question.unindexed if not each.passages)
    return near, len(seen) + empty


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


def read_closely(
    near: Sequence[tuple[Query, list[VectorsKey]]], question: LibraryQuestion
) -> tuple[list[NearHit], bool]:
    """Return the passages, best first, and whether one is near enough: of the transcripts whose
    segments are nearest, by vectors and words.
    """
    hits: list[NearHit] = []
    is_found = False
    for query, coarse in near:
        keys = [replace(key, part="segments") for key in coarse]
        several = _cache.get_all(keys, _read_vectors)
        best = _find_best(several, query)
        for key in sorted(best, key=lambda each: -best[each])[:_READ_CLOSELY]:
            passages = _read_passages(key.transcript)
            if len(passages) != len(several[key]):
                continue  # deleted or edited since
            found, own = _search_one(query, key, passages, several[key], question)
            is_found = is_found or found
            hits += own
    return sorted(hits, key=lambda hit: -hit.margin), is_found


def _search_one(
    query: Query,
    key: VectorsKey,
    passages: Sequence[Passage],
    vectors: Halves,
    question: LibraryQuestion,
) -> tuple[bool, list[NearHit]]:
    """Return whether a passage of one transcript is near enough, and the nearest ones."""
    transcript = question.transcripts[key.transcript]
    is_crossed = not is_in_language(question.searched, transcript.language)
    index = SegmentIndex(
        key.model, key.weights_revision, tuple(passage.key for passage in passages), vectors
    )
    found: Found = search(
        query, passages, index, language=transcript.language, is_crossed=is_crossed
    )
    bar = find_bar(key.model, transcript.language, is_crossed=is_crossed)
    hits = [
        NearHit(
            transcript,
            passages[hit.place],
            hit.score,
            max(0.0, hit.score - bar) if hit.is_verbatim else hit.score - bar,
        )
        for hit in found.hits
    ]
    return found.is_found, hits


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
