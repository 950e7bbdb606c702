"""A library of recordings of an hour, as rich in words as a real one, made within PostgreSQL.

An hour is 12 stretches of 720 words, drawn from a pool of stretches. The words' frequencies follow
Zipf's law as Mandelbrot corrected it; frequent words are short. Each transcript has a word of its
own too. The rows are those that the services write.
"""
# ruff: noqa: S311, S608

import itertools
import random
from typing import TYPE_CHECKING

from psycopg import Cursor

if TYPE_CHECKING:  # models need Django's settings, which need the database
    from accounts.models import User

CHUNKS, SEGMENTS_A_CHUNK, WORDS_A_SEGMENT = 12, 60, 12
VOCABULARY, MANDELBROT = 40_000, 2.7
_SYLLABLES = [a + b for a in "bdfghklmnprstvz" for b in ("a", "e", "i", "o", "u")]
_STEP = 7919  # a prime: transcripts get different stretches of the pool

Passage = list[str]  # the texts of its segments


def make_words() -> list[str]:
    """Return the vocabulary, the most frequent first: of one syllable, then two, then three."""
    lengths = (itertools.product(_SYLLABLES, repeat=count) for count in (1, 2, 3))
    words = ("".join(parts) for parts in itertools.chain.from_iterable(lengths))
    return list(itertools.islice(words, VOCABULARY))


def make_pool(size: int) -> list[Passage]:
    words = make_words()
    weights = list(itertools.accumulate(1 / (rank + MANDELBROT) for rank in range(len(words))))
    drawn = random.choices(words, cum_weights=weights, k=size * SEGMENTS_A_CHUNK * WORDS_A_SEGMENT)
    texts = [
        " ".join(drawn[at : at + WORDS_A_SEGMENT]) for at in range(0, len(drawn), WORDS_A_SEGMENT)
    ]
    return [texts[at : at + SEGMENTS_A_CHUNK] for at in range(0, len(texts), SEGMENTS_A_CHUNK)]


def fill(owner: "User", pool: list[Passage], *, transcripts: int, with_segments: int) -> None:
    """Give the owner so many transcripts; the newest `with_segments` have their segments too."""
    from django.db import connection

    _make_transcripts(owner, transcripts)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE numbered AS SELECT id,"
            " row_number() OVER (ORDER BY created_at DESC, id DESC) - 1 AS n"
            " FROM transcripts_transcript WHERE owner_id = %s",
            [owner.pk],
        )
        cursor.execute("CREATE TEMP TABLE pool (number int, vector tsvector)")
        cursor.execute("CREATE TEMP TABLE wholes (n int, vector tsvector)")
        cursor.execute("CREATE TEMP TABLE pool_text (number int, place int, text text)")
        _copy_words(cursor.cursor, owner, pool, transcripts)
        _make_rows(cursor.cursor, owner, size=len(pool), with_segments=with_segments)
        cursor.execute("DROP TABLE numbered, pool, wholes, pool_text")


def without_indexes() -> list[str]:
    """Drop the indexes of words; returns what makes them again, which is quicker at the end."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE transcripts_searchchunk SET UNLOGGED")
        cursor.execute("SET maintenance_work_mem = '1GB'; SET max_parallel_workers_per_gather = 0")
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes"
            " WHERE tablename = 'transcripts_searchchunk' AND indexdef LIKE '%USING gin%'"
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
    return [definition for _, definition in indexes]


def _make_transcripts(owner: "User", count: int) -> None:
    from django.db import transaction

    from transcripts.jobs.models import TranscriptionJob
    from transcripts.models import Recording, Transcript

    recordings = Recording.objects.bulk_create(
        (Recording(owner=owner) for _ in range(count)), batch_size=1000
    )
    transcripts = [
        Transcript(
            owner=owner,
            title=f"Meeting {number}",
            language="en",
            status="completed",
            recording=recording,
        )
        for number, recording in enumerate(recordings)
    ]
    for number, transcript in enumerate(transcripts):
        transcript.job = TranscriptionJob(
            transcript=transcript,
            model_requested="small",
            model_used="small",
            status="completed",
            audio_duration_ms=3_600_000,
            warnings=[{"code": "x", "message": "y"}] if number % 10 == 0 else [],
        )
    with transaction.atomic():
        Transcript.objects.bulk_create(transcripts, batch_size=1000)
        jobs = [transcript.job for transcript in transcripts]
        TranscriptionJob.objects.bulk_create(jobs, batch_size=500)


def _copy_words(
    cursor: Cursor[object], owner: "User", pool: list[Passage], transcripts: int
) -> None:
    from transcripts.search.tsvector import as_set, as_vector

    words = [" ".join(passage).split() for passage in pool]
    distinct = [set(each) for each in words]
    with cursor.copy("COPY pool FROM STDIN") as copy:
        for number, each in enumerate(words):
            copy.write_row((number, as_vector(each, owner_id=owner.pk)))
    with cursor.copy("COPY pool_text FROM STDIN") as copy:
        for number, passage in enumerate(pool):
            for place, text in enumerate(passage):
                copy.write_row((number, place, text))
    with cursor.copy("COPY wholes FROM STDIN") as copy:
        for n in range(transcripts):
            own = [distinct[(n * CHUNKS + b) * _STEP % len(pool)] for b in range(CHUNKS)]
            whole = sorted({"meeting", f"own{n}"}.union(*own))
            copy.write_row((n, as_set(whole, owner_id=owner.pk)))


def _make_rows(cursor: Cursor[object], owner: "User", *, size: int, with_segments: int) -> None:
    from transcripts.search.index import BUCKET_MS
    from transcripts.search.models import WHOLE_BUCKET
    from transcripts.search.tsvector import as_vector

    own = as_vector(["own"], owner_id=owner.pk)[1:-4]
    of_pool = f"pool.number = (t.n * {CHUNKS} + b) * {_STEP} % {size}"
    cursor.execute(
        "INSERT INTO transcripts_searchchunk (transcript_id, owner_id, bucket, part, vector)"
        f" SELECT t.id, '{owner.pk}', b, 0, CASE b"
        f"  WHEN 0 THEN pool.vector || ('{own}' || t.n || ':1')::tsvector"
        f"  WHEN {WHOLE_BUCKET} THEN wholes.vector ELSE pool.vector END"
        f" FROM numbered AS t CROSS JOIN (SELECT generate_series(0, {CHUNKS - 1}) AS b"
        f" UNION ALL SELECT {WHOLE_BUCKET}) AS buckets"
        f" LEFT JOIN pool ON b >= 0 AND {of_pool} LEFT JOIN wholes ON b < 0 AND wholes.n = t.n"
        " ORDER BY t.n DESC, b DESC"  # as they are written one transcript after the other
    )
    cursor.execute(
        "INSERT INTO transcripts_segment (transcript_id, key, position, start_ms, end_ms, text,"
        " words, confidence, language)"
        f" SELECT t.id, lpad(to_hex(b * {SEGMENTS_A_CHUNK} + place), 16, '0'),"
        f"  b * {SEGMENTS_A_CHUNK} + place, b * {BUCKET_MS} + place * 5000,"
        f"  b * {BUCKET_MS} + place * 5000 + 4900, pool.text, '[]', 0.9, ''"
        f" FROM numbered AS t, generate_series(0, {CHUNKS - 1}) AS b, pool_text AS pool"
        f" WHERE t.n < {with_segments} AND {of_pool}"
    )
