"""Writing the search index: a transcript's words in chunks of some minutes, and its title's.

Chunks go by time, so that an edit writes one or two of them and not a ten-hour text; each goes on
for some words into the next, so that a phrase across the border is found. The words are folded and
cut by `search/folding` and stored as they are: PostgreSQL gets a finished tsvector, which holds
16,383 positions and 1 MB at most, FTS5 the words with spaces.

On PostgreSQL a transcript has one more row: each of its words once, without places. Most searches
are of words, and ask these only: a twelfth of the rows for recordings of an hour. Each of the two
kinds of row has an index of its own.
"""

import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, groupby
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, QuerySet

from transcripts.models import OPEN_STATUSES, Segment, Transcript
from transcripts.search.folding import fold_text
from transcripts.search.models import TITLE_BUCKET, WHOLE_BUCKET, SearchChunk
from transcripts.search.tsvector import as_set, as_vector

# Of what stands in the index. Raised when that changes: all is then indexed again in the
# background.
VERSION = 1
BUCKET_MS = 300_000
# People speak 750 words in five minutes; a pasted book is cut into parts. 60 characters a word at
# most, so a part stays below 1 MB with its pairs.
_WORDS_A_PART = 2000
OVERLAP_WORDS = 8
_OUTDATED_ROWS = 1000
# Of the row of the whole; a tsvector holds 1 MB. Ten hours of speech have 0.2 MB of distinct words.
_WHOLE_BYTES = 900_000

_INSERT_VECTOR = (
    "INSERT INTO transcripts_searchchunk (transcript_id, owner_id, bucket, part, vector)"
    " VALUES (%s, %s, %s, %s, %s::tsvector)"
)
_INSERT_WORDS = "INSERT INTO transcripts_searchchunk_words (rowid, words) VALUES (%s, %s)"


@dataclass(frozen=True)
class _Part:
    bucket: int
    number: int
    words: list[str]


def time_bucket(start_ms: int) -> int:
    return start_ms // BUCKET_MS


def index_transcript(transcript: Transcript) -> None:
    """Index all of it again. Four queries and a write of all its words; an anonymous one: nothing.

    Inside the transaction that completes it.
    """
    if transcript.owner_id is None:
        return
    SearchChunk.objects.filter(transcript=transcript).delete()
    title, text = _title_parts(transcript), _parts(_texts(transcript))
    _store(transcript, [*title, *text])
    _store_whole(transcript, [*title, *text])
    transcript.search_version = VERSION
    Transcript.objects.filter(pk=transcript.pk).update(search_version=VERSION)


def rebuild_index() -> int:
    """Index every transcript that is finished and has an owner; returns how many."""
    rows = _to_be_found()
    return sum(_index_again(rows, pk) for pk in rows.values_list("pk", flat=True).iterator())


def index_outdated(*, at_most_s: float) -> int:
    """Index, for so long, what isn't yet or was in another way, the newest first; returns how many.

    Without any: one query, on an index. Several may be at it: each transcript is done once.
    """
    ends_at = time.monotonic() + at_most_s
    rows = _to_be_found().filter(search_version__lt=VERSION)
    count = 0
    for pk in rows.order_by("-created_at").values_list("pk", flat=True)[:_OUTDATED_ROWS]:
        count += _index_again(rows, pk)
        if time.monotonic() >= ends_at:
            break
    return count


def _to_be_found() -> QuerySet[Transcript]:
    finished = Transcript.objects.exclude(status__in=OPEN_STATUSES)
    return finished.exclude(owner=None)


def _index_again(rows: QuerySet[Transcript], transcript_id: UUID) -> bool:
    """A transaction that takes the transcript's row first: an edit comes before or after, and a
    search finds the old rows or the new. False where it is not among `rows` any more."""
    with transaction.atomic():
        if not rows.filter(pk=transcript_id).update(language_note=F("language_note")):
            return False
        index_transcript(Transcript.objects.get(pk=transcript_id))
    return True


def index_title(transcript: Transcript) -> None:
    """Index its title and the name of its file. Inside the transaction that changes them."""
    _replace(transcript, {TITLE_BUCKET}, _title_parts(transcript))
    _replace_whole(transcript)


def index_buckets(transcript: Transcript, buckets: Collection[int]) -> None:
    """Index these intervals again, and those before, which reach into them."""
    if not buckets or transcript.owner_id is None:
        return
    wanted = {bucket for touched in buckets for bucket in (touched - 1, touched) if bucket >= 0}
    first, last = min(wanted), max(wanted)
    texts = _texts(transcript, start_ms=first * BUCKET_MS, end_ms=(last + 2) * BUCKET_MS)
    parts = [part for part in _parts(texts) if part.bucket in wanted]
    _replace(transcript, wanted, parts)
    _replace_whole(transcript)


def _texts(
    transcript: Transcript, *, start_ms: int = 0, end_ms: int | None = None
) -> Iterable[tuple[int, str]]:
    rows = Segment.objects.filter(transcript=transcript, start_ms__gte=start_ms)
    if end_ms is not None:
        rows = rows.filter(start_ms__lt=end_ms)
    return rows.order_by("start_ms", "position").values_list("start_ms", "text")


def _parts(texts: Iterable[tuple[int, str]]) -> list[_Part]:
    """Return the words of segments, which come in time order, by bucket."""
    buckets = [
        (bucket, [word for _, text in run for word in fold_text(text)])
        for bucket, run in groupby(texts, key=lambda pair: time_bucket(pair[0]))
    ]
    following = [words[:OVERLAP_WORDS] for _, words in [*buckets[1:], (0, [])]]
    return [
        part
        for (bucket, words), more in zip(buckets, following, strict=False)
        for part in _cut(bucket, [*words, *more])
    ]


def _title_parts(transcript: Transcript) -> list[_Part]:
    rows = Transcript.objects.filter(pk=transcript.pk)
    names = rows.values_list("title", "recording__file_name").first()
    words = fold_text(" ".join(names or ()))
    return list(_cut(TITLE_BUCKET, words))


def _cut(bucket: int, words: list[str]) -> Iterator[_Part]:
    for number, start in enumerate(range(0, len(words), _WORDS_A_PART)):
        yield _Part(bucket, number, words[start : start + _WORDS_A_PART + OVERLAP_WORDS])


def _replace(transcript: Transcript, buckets: Collection[int], parts: list[_Part]) -> None:
    if transcript.owner_id is None:
        return
    SearchChunk.objects.filter(transcript=transcript, bucket__in=buckets).delete()
    _store(transcript, parts)


def _store(transcript: Transcript, parts: list[_Part]) -> None:
    if not parts or transcript.owner_id is None:
        return
    if connection.vendor == "postgresql":
        _store_vectors(transcript, parts, owner_id=transcript.owner_id)
        return
    rows = SearchChunk.objects.bulk_create(
        SearchChunk(
            transcript=transcript,
            owner_id=transcript.owner_id,
            bucket=part.bucket,
            part=part.number,
        )
        for part in parts
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            _INSERT_WORDS,
            [(row.pk, " ".join(part.words)) for row, part in zip(rows, parts, strict=True)],
        )


def _store_vectors(transcript: Transcript, parts: list[_Part], *, owner_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            _INSERT_VECTOR,
            [
                (
                    transcript.pk,
                    owner_id,
                    part.bucket,
                    part.number,
                    as_vector(part.words, owner_id=owner_id),
                )
                for part in parts
            ],
        )


def _replace_whole(transcript: Transcript) -> None:
    """Write the row of the whole again; reads all of the text (10 hours: 0.1 s)."""
    if transcript.owner_id is None or connection.vendor != "postgresql":
        return
    SearchChunk.objects.filter(transcript=transcript, bucket=WHOLE_BUCKET).delete()
    _store_whole(transcript, [*_title_parts(transcript), *_parts(_texts(transcript))])


def _store_whole(transcript: Transcript, parts: list[_Part]) -> None:
    if not parts or transcript.owner_id is None or connection.vendor != "postgresql":
        return
    words = dict.fromkeys(word for part in parts for word in part.words)
    sizes = accumulate(len(word.encode()) + 4 for word in words)
    indexed = [word for word, size in zip(words, sizes, strict=True) if size <= _WHOLE_BYTES]
    vector = as_set(indexed, owner_id=transcript.owner_id)
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_VECTOR, (transcript.pk, transcript.owner_id, WHOLE_BUCKET, 0, vector)
        )
