"""How long the list and the search take over an account's 10,000 transcripts of an hour.

`python -m benchmarks.search [transcripts]` makes them (`benchmarks/library`), and some of other
accounts, in a PostgreSQL database of its own (STT_TEST_POSTGRESQL, localhost by default) and drops
it again; STT_BENCH_DATABASE names one that is filled if it is empty, and kept.
Only the newest 1,000 have segments (720 each), which highlights read: a page shows those.
The views are called in this process: their time, without the socket's. Words are as frequent as
they come: the queries are drawn from the texts.
"""
# ruff: noqa: S311

import contextlib
import gc
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks.library import Passage, fill, make_pool, make_words, without_indexes
from tests.services import postgresql_database

if TYPE_CHECKING:  # models need Django's settings, which need the database
    from accounts.models import User

POOL, WITH_SEGMENTS, OTHERS, TRANSCRIPTS_OF_OTHERS = 3000, 1000, 5, 200
REQUESTS = 200


def main() -> None:
    transcripts = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with _database() as url:
        os.environ["STT_DATABASE_URL"] = url
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0)
        try:
            _measure(transcripts)
        finally:
            connections.close_all()


def _database() -> contextlib.AbstractContextManager[str]:
    named = os.environ.get("STT_BENCH_DATABASE")
    return contextlib.nullcontext(named) if named else postgresql_database()


def _measure(transcripts: int) -> None:
    from accounts.models import User

    random.seed(4)
    pool = make_pool(POOL)
    owner = User.objects.filter(email="bench@example.org").first()
    if owner is None:
        owner = _fill(pool, transcripts)
    print(_sizes())
    cases = _make_cases(pool, transcripts)
    gc.freeze()  # the pool isn't of the product: its collection would be measured too
    for name, make_query in cases.items():
        _report(name, owner, make_query)


def _fill(pool: list[Passage], transcripts: int) -> "User":
    from django.db import connection

    from accounts.models import User

    began = time.perf_counter()
    indexes = without_indexes()
    for number in range(OTHERS):
        other = User.objects.create(email=f"other{number}@example.org")
        fill(other, pool[:500], transcripts=TRANSCRIPTS_OF_OTHERS, with_segments=0)
    owner = User.objects.create(email="bench@example.org")
    fill(owner, pool, transcripts=transcripts, with_segments=WITH_SEGMENTS)
    with connection.cursor() as cursor:
        for index in indexes:
            cursor.execute(index)
        cursor.execute("VACUUM ANALYZE")
    print(f"{transcripts} transcripts made in {time.perf_counter() - began:.0f} s")
    return owner


def _make_cases(pool: list[Passage], transcripts: int) -> dict[str, Callable[[], dict[str, str]]]:
    common = make_words()[:30]
    drawn = [word for passage in pool[:50] for text in passage[:8] for word in text.split()]

    def phrase(count: int) -> dict[str, str]:
        words = random.choice(random.choice(pool)).split()
        return {"search": f'"{" ".join(words[:count])}"'}

    def beginning(characters: int) -> dict[str, str]:
        return {"search": random.choice(drawn)[:characters] + "*"}

    return {
        "list, newest": dict,
        "list, the last page": lambda: {"page": str(transcripts // 20)},
        "list, by title": lambda: {"ordering": "title"},
        "list, warnings of a language": lambda: {"language": "en", "has_warnings": "true"},
        "search, one word": lambda: {"search": random.choice(drawn)},
        "search, two words": lambda: {"search": " ".join(random.sample(drawn, 2))},
        "search, the 30 commonest words": lambda: {"search": random.choice(common)},
        "search, a beginning of 2": lambda: beginning(2),
        "search, a beginning of 4": lambda: beginning(4),
        "search, a phrase of 2": lambda: phrase(2),
        "search, a phrase of 3": lambda: phrase(3),
        "search, a phrase of 5": lambda: phrase(5),
        "search, 2 of the 30 together": lambda: {
            "search": f'"{" ".join(random.choices(common, k=2))}"'
        },
        "search, 3 of the 30 together": lambda: {
            "search": f'"{" ".join(random.choices(common, k=3))}"'
        },
        "search, one transcript's word": lambda: {"search": f"own{random.randrange(transcripts)}"},
        "search, no match": lambda: {"search": f"nothing{random.random()}"},
        "relevance, one word": lambda: {"search": random.choice(drawn), "ordering": "-relevance"},
        "relevance, two words": lambda: {
            "search": " ".join(random.sample(drawn, 2)),
            "ordering": "-relevance",
        },
        "relevance, a phrase of 3": lambda: phrase(3) | {"ordering": "-relevance"},
    }


def _report(name: str, owner: "User", make_query: Callable[[], dict[str, str]]) -> None:
    from rest_framework.test import APIRequestFactory, force_authenticate

    from accounts.principals import Principal
    from transcripts.api.transcripts import TranscriptListView

    view = TranscriptListView.as_view(throttle_classes=[])
    times_ms, cpu_ms, counts = [], [], []
    read_cpu_s = _cpu_of_request()
    for _ in range(REQUESTS):
        request = APIRequestFactory().get("/", make_query(), SERVER_NAME="localhost")
        force_authenticate(request, owner, cast("Any", Principal(user=owner)))
        began, cpu_began = time.perf_counter(), read_cpu_s()
        response = view(request)
        response.render()
        times_ms.append(1000 * (time.perf_counter() - began))
        cpu_ms.append(1000 * (read_cpu_s() - cpu_began))
        assert response.status_code == 200, response.data
        counts.append(response.data["count"])
    print(
        f"{name:32} p50 {statistics.median(times_ms):7.1f} ms   p95 {_p95(times_ms):7.1f} ms   "
        f"CPU p50 {statistics.median(cpu_ms):7.1f} ms   p95 {_p95(cpu_ms):7.1f} ms   "
        f"load {os.getloadavg()[0]:.1f}   found {statistics.median(counts):.0f} (median)",
        flush=True,
    )


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _cpu_of_request() -> Callable[[], float]:
    """Return what reads the seconds on a core, of this thread and of its PostgreSQL backend.

    On a machine that others work on, they are what the wall clock would show on a quiet one. Only
    the thread's where the backend is on another machine; a backend's helpers aren't counted.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    ran = Path(f"/proc/{pid}/schedstat")
    if not ran.exists():
        return time.thread_time
    return lambda: time.thread_time() + int(ran.read_text().split()[0]) / 1e9


def _sizes() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_size_pretty(pg_total_relation_size('transcripts_searchchunk')),"
            " pg_size_pretty(pg_relation_size('transcripts_chunk_words')),"
            " pg_size_pretty(pg_relation_size('transcripts_whole_words')),"
            " pg_size_pretty(pg_total_relation_size('transcripts_segment'))"
        )
        chunks, of_chunks, of_wholes, segments = cursor.fetchone()
    return f"chunks {chunks}, of it GIN {of_chunks} and {of_wholes}; segments {segments}"


if __name__ == "__main__":
    main()
