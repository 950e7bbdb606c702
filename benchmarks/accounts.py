"""What accounts cost: the quota step under concurrency, key authentication, the ledger, `usage/`.

`python -m benchmarks.accounts [entries]` works in a PostgreSQL database of its own
(STT_TEST_POSTGRESQL, localhost by default) and drops it again.

The quota step is the transaction that admits a recording: lock the account, look for the same
file, count what runs, place the hold, insert the transcript. 200 submissions come at once, and so
many threads take them: one (the step itself, without waiting), ADMITTING_THREADS (a web process,
which lets the others wait before the step), 8 and 32 (what more of them do to each other; one
interpreter, so this is worse than as many processes). A step begins with its transaction and ends
with its commit; the message that follows, to a broker in memory, takes processor time from the
others. "Answered" is the wait as well: from the moment when all 200 came to a submission's outcome.
Threads and connections are there before. Processor time is that of the Python process.
The ledger's rows are made by the database: two of three belong to holds.
"""
# ruff: noqa: S608

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any, cast

from tests.services import postgresql_database

if TYPE_CHECKING:  # models need Django's settings, which need the database
    from accounts.models import User
    from transcripts.jobs.submit import Submission

SUBMISSIONS, MORE_THREADS, AFFORDED = 200, (8, 32), 150
KEY_REQUESTS, USAGE_REQUESTS, PAUSE_S = 200, 100, 0.005


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with postgresql_database() as url, tempfile.TemporaryDirectory() as folder:
        os.environ["STT_DATABASE_URL"] = url
        os.environ["STT_DATA_DIR"] = folder
        os.environ["STT_BROKER_URL"] = "memory://"
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        from transcripts.jobs.submit import ADMITTING_THREADS

        call_command("migrate", verbosity=0)
        try:
            print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            for threads in (1, ADMITTING_THREADS, *MORE_THREADS):
                _measure_quota_step(accounts=1, threads=threads)
                _measure_quota_step(accounts=SUBMISSIONS, threads=threads)
            _measure_holds(workers=MORE_THREADS[0])
            _measure_keys()
            _measure_ledger(entries)
        finally:
            connections.close_all()


def _measure_quota_step(*, accounts: int, threads: int) -> None:
    from billing.audit import check_ledger

    owners = [
        _make_owner(
            f"{accounts}-{threads}-{n}@example.org", credits=AFFORDED if accounts == 1 else 5
        )
        for n in range(accounts)
    ]
    submissions = [_make_submission(owners[n % accounts], n) for n in range(SUBMISSIONS)]
    with _connected_pool(threads) as pool:
        cpu_began_s, began = time.process_time(), time.perf_counter()
        outcomes = list(pool.map(_admit, submissions))
        cpu_ms = 1000 * (time.process_time() - cpu_began_s) / SUBMISSIONS
    admitted = sum(is_admitted for is_admitted, _, _ in outcomes)
    afforded = AFFORDED if accounts == 1 else SUBMISSIONS
    assert admitted == afforded, f"{admitted} were admitted, {afforded} can be paid"
    assert check_ledger() == []
    _report(
        f"quota step, {accounts} account(s), {threads} threads",
        [took_ms for _, took_ms, _ in outcomes],
        f"{admitted} admitted; processor {cpu_ms:.1f} ms each; "
        + _name_answered([ended - began for _, _, ended in outcomes]),
    )


def _name_answered(waits_s: list[float]) -> str:
    p95_s = statistics.quantiles(waits_s, n=20)[-1]
    return f"answered p50 {statistics.median(waits_s):.2f} s p95 {p95_s:.2f} s"


@contextmanager
def _connected_pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that run and are connected already, and disconnect in the end."""
    from django.db import connection

    met = Barrier(threads)

    def connect() -> None:
        connection.ensure_connection()
        met.wait()

    def disconnect() -> None:
        met.wait()
        connection.close()

    def all_do(task: Callable[[], None]) -> None:
        for done in [pool.submit(task) for _ in range(threads)]:
            done.result()

    with ThreadPoolExecutor(threads) as pool:
        all_do(connect)
        yield pool
        all_do(disconnect)


def _measure_holds(*, workers: int) -> None:
    """The hold alone, the part that counts minutes and credits: all on one account."""
    from billing.ledger import NoCreditsError, place_hold

    account = _make_owner("holds@example.org", credits=AFFORDED).billing_account

    def hold(number: int) -> tuple[bool, float]:
        began = time.perf_counter()
        try:
            place_hold(f"hold-{number}", account=account, minutes=1)
        except NoCreditsError:
            return False, 1000 * (time.perf_counter() - began)
        return True, 1000 * (time.perf_counter() - began)

    with _connected_pool(workers) as pool:
        outcomes = list(pool.map(hold, range(SUBMISSIONS)))
    held = sum(is_held for is_held, _ in outcomes)
    assert held == AFFORDED
    took_ms = [took_ms for _, took_ms in outcomes]
    _report(f"hold alone, 1 account, {workers} threads", took_ms, f"{held} held")


def _make_owner(email: str, *, credits: int) -> "User":
    from accounts.models import User
    from billing.ledger import grant_credits
    from billing.models import Plan
    from billing.quotas import account_for

    owner = User.objects.create(email=email)
    account = account_for(owner)
    account.plan = Plan.objects.get(pk="paid")
    account.save()
    grant_credits(account, amount=credits, reference=email, reason="benchmark")
    return owner


def _make_submission(owner: "User", number: int) -> "Submission":
    from django.conf import settings

    from billing.quotas import limits_for
    from stt_web.core.uploads import Upload
    from transcripts.jobs.submit import Submission
    from transcripts.options import TranscriptionOptions

    class TimedUpload(Upload):
        """Knows when it was taken over: the first thing after the commit."""

        stored_at = 0.0

        def retain(self) -> None:
            self.stored_at = time.perf_counter()

    upload = TimedUpload(
        path=Path(settings.MEDIA_ROOT) / f"{owner.pk}-{number}",
        file_name="speech.flac",
        size=1_000_000,
        sha256=f"{number:064x}",
        fields={},
    )
    return Submission(
        user=owner,
        address="192.0.2.1",
        limits=limits_for(owner),
        upload=upload,
        options=TranscriptionOptions(),
        is_async=True,
    )


def _admit(submission: "Submission") -> tuple[bool, float, float]:
    """Return whether there was enough for it, how long the step took (ms), and when it ended."""
    from django.utils import timezone

    from billing.ledger import NoCreditsError
    from transcripts.jobs.submit import admit_recording
    from transcripts.media import Probe

    found = Probe(
        container="flac",
        codec="flac",
        duration_ms=30_000,
        channels=1,
        rate_hz=16_000,
        has_video=False,
    )
    began = time.perf_counter()
    try:
        admit_recording(submission, found, now=timezone.now())
        ended: float = submission.upload.stored_at  # type: ignore[attr-defined]
    except NoCreditsError:
        return False, 1000 * (time.perf_counter() - began), time.perf_counter()
    return True, 1000 * (ended - began), ended


def _measure_keys() -> None:
    """What a key adds to a request: found in the database, and remembered."""
    from accounts.authentication import authenticate_token
    from accounts.keys import cache
    from accounts.keys.issue import issue_api_key

    _, raw = issue_api_key(_make_owner("keys@example.org", credits=1), name="benchmark")
    authenticate_token(raw)  # notes its use, which it does once a minute

    def resolve() -> None:
        cache.evict_keys()
        authenticate_token(raw)

    _report("key, one query", _times_ms(resolve, KEY_REQUESTS), _count_queries(resolve))
    remembered: Callable[[], object] = lambda: authenticate_token(raw)  # noqa: E731
    _report("key, remembered", _times_ms(remembered, KEY_REQUESTS), _count_queries(remembered))


def _measure_ledger(entries: int) -> None:
    from billing.audit import check_ledger

    owner = _make_owner("ledger@example.org", credits=1)
    began = time.perf_counter()
    _fill_ledger(owner, entries)
    print(f"{entries} entries made in {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    found = check_ledger()
    print(f"check_ledger: {time.perf_counter() - began:.1f} s, {len(found)} differences")
    assert found == []
    usage = _usage_request(owner)
    _report("usage/, a busy account", _times_ms(usage, USAGE_REQUESTS), _count_queries(usage))
    usage = _usage_request(_make_owner("new@example.org", credits=1))
    _report("usage/, a new account", _times_ms(usage, USAGE_REQUESTS), _count_queries(usage))


def _fill_ledger(owner: "User", entries: int) -> None:
    """Make settled jobs of two minutes, one of them recognised, over a year; half are `owner`'s.

    A grant, a hold and a settlement each; what is left is what the grants exceed the jobs by.
    """
    from django.db import connection

    others = [_make_owner(f"other-{n}@example.org", credits=1) for n in range(100)]
    accounts = [user.billing_account.pk for user in (owner, *others)]
    jobs = entries // 3
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_hold (reference, account_id, allowance_minutes, credit_minutes,"
            " settled_allowance_minutes, settled_credit_minutes, billed_ms, kind, extensions,"
            " state, created_at, closed_at)"
            " SELECT 'job-' || n, (%s::uuid[])[CASE n %% 2 WHEN 0 THEN 1 ELSE 2 + n %% 100 END],"
            " 0, 2, 0, 1, 42000, 'file', 0, 'settled', now() - n * interval '1 year' / %s, now()"
            " FROM generate_series(1, %s) AS n",
            [accounts, jobs, jobs],
        )
        for kind, amount, hold in (
            ("grant", 1, "NULL"),
            ("hold", -2, "id"),
            ("settlement", 1, "id"),
        ):
            cursor.execute(
                "INSERT INTO billing_ledgerentry (account_id, bucket, hold_id, kind, amount,"
                f" reference, reason, created_at) SELECT account_id, 'credits', {hold}, %s, %s,"
                " reference, '', created_at FROM billing_hold WHERE reference LIKE 'job-%%'",
                [kind, amount],
            )
        cursor.execute("ANALYZE")


def _usage_request(owner: "User") -> Callable[[], object]:
    from rest_framework.test import APIRequestFactory, force_authenticate

    from accounts.principals import Principal
    from billing.api.views import UsageView

    view = UsageView.as_view(throttle_classes=[])

    def ask() -> object:
        request = APIRequestFactory().get("/")
        force_authenticate(request, owner, cast("Any", Principal(user=owner)))
        response = view(request)
        assert response.status_code == 200
        return response.render()

    return ask


def _times_ms(ask: Callable[[], object], times: int) -> list[float]:
    taken = []
    for _ in range(times):
        time.sleep(PAUSE_S)
        began = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def _count_queries(ask: Callable[[], object]) -> str:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        ask()
    return f"{len(queries)} queries"


def _report(name: str, times_ms: list[float], note: str) -> None:
    p95 = statistics.quantiles(times_ms, n=20)[-1]
    print(
        f"{name:46} p50 {statistics.median(times_ms):7.2f} ms   p95 {p95:7.2f} ms"
        f"   max {max(times_ms):7.1f} ms   {note}"
    )


if __name__ == "__main__":
    main()
