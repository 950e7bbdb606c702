"""How long the list and the search take over an account's 10,000 transcripts of an hour.

`python -m benchmarks.search [transcripts] [with_segments]` makes them in a PostgreSQL database of
its own (STT_TEST_POSTGRESQL, localhost by default) and drops it again. An hour is 12 chunks of 750
words, whose frequencies follow Zipf's law; the texts come from a pool, so that a rare word stands
in about `transcripts / 50` of them and not in one, and each transcript has a word of its own too.
Only the newest `with_segments` have segments (720 each), which highlights read: a page shows those.
The views are called in this process: their time, without the socket's. Words are as frequent as
they come: the queries are drawn from the texts.
"""
# ruff: noqa: S311, S608

import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.services import postgresql_database

if TYPE_CHECKING:  # models need Django's settings, which need the database
    from accounts.models import User

POOL_CHUNKS, SEGMENTS_A_CHUNK, WORDS_A_SEGMENT, CHUNKS = 600, 60, 12, 12
VOCABULARY, REQUESTS = 30_000, 200


def main() -> None:
    transcripts = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with_segments = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
    with postgresql_database() as url:
        os.environ["STT_DATABASE_URL"] = url
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0)
        try:
            _measure(transcripts, with_segments)
        finally:
            connections.close_all()


def _measure(transcripts: int, with_segments: int) -> None:
    from accounts.models import User

    owner = User.objects.create(email="bench@example.org")
    began = time.perf_counter()
    texts = _make_texts()
    _fill(owner, texts, transcripts=transcripts, with_segments=with_segments)
    print(
        f"{transcripts} transcripts ({with_segments} with segments) made in "
        f"{time.perf_counter() - began:.0f} s; {_sizes()}"
    )
    common = [f"w{rank}" for rank in range(1, 30)]
    drawn = [word for chunk in texts[:50] for text in chunk[:8] for word in text.split()]
    cases: dict[str, Callable[[], dict[str, str]]] = {
        "list, newest": dict,
        "list, the last page": lambda: {"page": str(transcripts // 20)},
        "list, by title": lambda: {"ordering": "title"},
        "list, warnings of a language": lambda: {"language": "en", "has_warnings": "true"},
        "search, one word drawn": lambda: {"search": random.choice(drawn)},
        "search, two words drawn": lambda: {"search": " ".join(random.sample(drawn, 2))},
        "search, the commonest words": lambda: {"search": random.choice(common)},
        "search, a beginning": lambda: {"search": random.choice(drawn)[:4] + "*"},
        "search, one transcript's word": lambda: {"search": f"own{random.randrange(transcripts)}"},
        "search, a phrase": lambda: {"search": f'"{_phrase(texts)}"'},
        "search, no match": lambda: {"search": f"nothing{random.random()}"},
    }
    for name, make_query in cases.items():
        _report(name, owner, make_query)


def _phrase(texts: list[list[str]]) -> str:
    return " ".join(random.choice(random.choice(texts)).split()[:3])


def _report(name: str, owner: "User", make_query: Callable[[], dict[str, str]]) -> None:
    from rest_framework.test import APIRequestFactory, force_authenticate

    from transcripts.api.transcripts import TranscriptListView

    view = TranscriptListView.as_view(throttle_classes=[])
    times_ms, counts = [], []
    for _ in range(REQUESTS):
        request = APIRequestFactory().get("/", make_query())
        force_authenticate(request, owner)
        began = time.perf_counter()
        response = view(request)
        response.render()
        times_ms.append(1000 * (time.perf_counter() - began))
        assert response.status_code == 200, response.data
        counts.append(response.data["count"])
    p95 = statistics.quantiles(times_ms, n=20)[-1]
    print(
        f"{name:32} p50 {statistics.median(times_ms):7.1f} ms   p95 {p95:7.1f} ms   "
        f"found {statistics.median(counts):.0f} (median)"
    )


def _make_texts() -> list[list[str]]:
    """Return the texts of the segments of each chunk of the pool."""
    random.seed(4)
    words = [f"w{rank}" for rank in range(1, VOCABULARY + 1)]
    weights = [1 / rank for rank in range(1, VOCABULARY + 1)]
    return [
        [
            " ".join(random.choices(words, weights, k=WORDS_A_SEGMENT))
            for _ in range(SEGMENTS_A_CHUNK)
        ]
        for _ in range(POOL_CHUNKS)
    ]


def _fill(owner: "User", texts: list[list[str]], *, transcripts: int, with_segments: int) -> None:
    """Make it all within the database: the rows as the services write them, from the pool."""
    from django.db import connection

    from transcripts.models import WHOLE_BUCKET, Transcript
    from transcripts.services.folding import fold_text
    from transcripts.services.search_index import BUCKET_MS, as_vector, owner_mark, whole_mark

    mark = owner_mark(owner.pk)
    Transcript.objects.bulk_create(
        (
            Transcript(
                owner=owner,
                title=f"Meeting {number}",
                model_requested="small",
                model_used="small",
                language="en",
                status="completed",
                heard_ms=3_600_000,
                warnings=[{"code": "x", "message": "y"}] if number % 10 == 0 else [],
            )
            for number in range(transcripts)
        ),
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE pool (number int, vector tsvector)")
        cursor.execute("CREATE TABLE pool_text (number int, place int, text text)")
        cursor.executemany(
            "INSERT INTO pool VALUES (%s, %s::tsvector)",
            [(n, as_vector(fold_text(" ".join(chunk)), mark)) for n, chunk in enumerate(texts)],
        )
        cursor.executemany(
            "INSERT INTO pool_text VALUES (%s, %s, %s)",
            [(n, at, text) for n, chunk in enumerate(texts) for at, text in enumerate(chunk)],
        )
        numbered = (
            "(SELECT id, row_number() OVER (ORDER BY created_at DESC, id DESC) - 1 AS n"
            " FROM transcripts_transcript) AS t"
        )
        chunk = f"((t.n * {CHUNKS} + b) * 7919) %% {POOL_CHUNKS}"
        cursor.execute(
            "INSERT INTO transcripts_searchchunk (transcript_id, owner_id, bucket, part, vector)"
            " SELECT t.id, %s, b, 0,"
            "  CASE b WHEN 0 THEN pool.vector || ('''own' || t.n || ''':1')::tsvector"
            "  ELSE pool.vector END"
            f" FROM {numbered}, generate_series(0, {CHUNKS - 1}) AS b, pool"
            f" WHERE pool.number = {chunk}",
            [owner.pk],
        )
        cursor.execute(
            "CREATE AGGREGATE every_word (tsvector) (sfunc = tsvector_concat, stype = tsvector)"
        )
        cursor.execute(
            "INSERT INTO transcripts_searchchunk (transcript_id, owner_id, bucket, part, vector)"
            " SELECT transcript_id, owner_id, %s, 0,"
            "  every_word(ts_delete(strip(vector), %s)) || %s::tsvector"
            " FROM transcripts_searchchunk GROUP BY transcript_id, owner_id",
            [WHOLE_BUCKET, mark, f"'{whole_mark(owner.pk)}'"],
        )
        cursor.execute(
            "INSERT INTO transcripts_segment (transcript_id, key, position, start_ms, end_ms, text,"
            " words, confidence)"
            f" SELECT t.id, lpad(to_hex(b * {SEGMENTS_A_CHUNK} + place), 16, '0'),"
            f"  b * {SEGMENTS_A_CHUNK} + place, b * {BUCKET_MS} + place * 5000,"
            f"  b * {BUCKET_MS} + place * 5000 + 4900, pool_text.text, '[]', 0.9"
            f" FROM {numbered}, generate_series(0, {CHUNKS - 1}) AS b, pool_text"
            f" WHERE t.n < %s AND pool_text.number = {chunk}",
            [with_segments],
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _sizes() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_size_pretty(pg_total_relation_size('transcripts_searchchunk')),"
            " pg_size_pretty(pg_relation_size('transcripts_chunk_words')),"
            " pg_size_pretty(pg_total_relation_size('transcripts_segment'))"
        )
        chunks, index, segments = cursor.fetchone()
    return f"chunks {chunks}, of it GIN {index}; segments {segments}"


if __name__ == "__main__":
    main()
