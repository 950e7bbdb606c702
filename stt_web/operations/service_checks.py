"""Checks of what the web tier leans on: database, broker and workers, mail."""

import smtplib
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from celery import Celery, current_app
from django.conf import settings
from django.core.mail import get_connection
from django.db import Error as DatabaseFailure
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from stt_web.operations.findings import Diagnosis, failure, ok, warning

LEAST_POSTGRESQL = 14
QUEUES = ("short", "bulk", "texts", "housekeeping", "exports", "webhooks")
_MAY_DIFFER_S = 1.0
_PING_S = 2.0
# What drivers write in one sentence or another, in small letters, and what it means.
_REASONS = {
    "name or service not known": "the name is not known",
    "failure in name resolution": "the name is not known",
    "failed to resolve": "the name is not known",
    "connection refused": "nothing listens there",
    "timed out": "no answer",
    "timeout": "no answer",
    "password": "the user or the password is refused",
    "authentication": "the user or the password is refused",
    "access_refused": "the user or the password is refused",
    "does not exist": "there is no such user or database",
    "no route to host": "there is no way there",
}


def check_database() -> Iterator[Diagnosis]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseFailure as error:
        sentence = f"The database is not reached: {describe(error)}"
        yield failure("database", sentence, "See STT_DATABASE_URL, and whether it runs.")
        return
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        yield failure(
            "database",
            f"{len(plan)} migrations are missing, the first is {plan[0][0]}.",
            "python manage.py migrate",
        )
    if connection.vendor == "postgresql":
        yield from _check_postgresql()
    elif settings.PUBLIC_URL.startswith("https://"):
        yield warning(
            "database",
            "SQLite serves one machine and one writer at a time.",
            "Set STT_DATABASE_URL=postgresql://… for a public server.",
        )
    elif not plan:
        yield ok("database", "SQLite is reached and migrated.")


def connections_of_a_web_process() -> int:
    """Threads that hold one: requests, live work and its writer, stopping uploads, probes."""
    return int(settings.WEB_THREADS) + int(settings.LIVE_THREADS) + 1 + 4 + 2


def _check_postgresql() -> Iterator[Diagnosis]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, now()")
        number, now = cursor.fetchone()
        skew_s = abs((datetime.now(UTC) - now).total_seconds())
        cursor.execute(
            "SELECT current_setting('max_connections')::int, (SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend')"
        )
        most, used = cursor.fetchone()
    if number // 10_000 < LEAST_POSTGRESQL:
        yield warning(
            "database",
            f"PostgreSQL {number // 10_000} is older than what is tested ({LEAST_POSTGRESQL}).",
            "Upgrade it.",
        )
    yield from judge_connections(most=most, used=used)
    yield from judge_clock(skew_s)


def judge_connections(*, most: int, used: int) -> Iterator[Diagnosis]:
    each = connections_of_a_web_process()
    sentence = f"{used} of {most} connections are used; one web process may take {each}."
    if most - used < each:
        yield warning(
            "database",
            sentence,
            "Raise max_connections, put PgBouncer in between, or lower STT_WEB_THREADS.",
        )
    else:
        yield ok("database", sentence)


def judge_clock(skew_s: float) -> Iterator[Diagnosis]:
    """Leases are compared by the hosts' clocks."""
    sentence = f"This machine's clock and the database's differ by {skew_s:.1f} s."
    if skew_s > settings.LEASE_S / 2:
        yield failure("clock", sentence, "Run NTP on both: work would change hands in between.")
    elif skew_s > _MAY_DIFFER_S:
        yield warning("clock", sentence, "Run NTP on both.")
    else:
        yield ok("clock", sentence)


def check_broker(app: Celery | None = None) -> Iterator[Diagnosis]:
    """Ask the workers through the broker which queues they take."""
    app = app or current_app
    try:
        with app.connection_for_read() as broker:
            broker.ensure_connection(max_retries=1, timeout=3)
    except Exception as error:  # noqa: BLE001  # kombu passes on what its transports raise
        sentence = f"The broker is not reached: {describe(error)}"
        yield failure("broker", sentence, "See STT_BROKER_URL, and whether it runs.")
        return
    started = time.monotonic()
    answers = app.control.inspect(timeout=_PING_S).active_queues() or {}
    served = {queue["name"] for queues in answers.values() for queue in queues}
    for queue in QUEUES:
        if queue not in served:
            yield failure(
                "broker",
                f"No worker answered for the queue {queue}: what is in it waits.",
                "Start one (docs/operating.md), or see its log.",
            )
    if served.issuperset(QUEUES):
        took_s = time.monotonic() - started
        sentence = f"{len(answers)} workers answered through it within {took_s:.1f} s."
        yield ok("broker", sentence)


def check_mail() -> Iterator[Diagnosis]:
    """Log in at the mail server; nothing is sent."""
    if "smtp" not in settings.EMAIL_BACKEND:
        yield ok("mail", "No mail server is set: mail is printed, or written to files.")
        return
    try:
        mail = get_connection(timeout=5)
        mail.open()
        mail.close()
    except (OSError, smtplib.SMTPException) as error:
        yield failure(
            "mail",
            f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} refuses us: {describe(error)}",
            "See STT_EMAIL_URL: host, port, user and password.",
        )
    else:
        yield ok("mail", f"{settings.EMAIL_HOST} takes our mail.")


def describe(error: Exception) -> str:
    """A kind and a reason, never the message itself: it may quote an address with its password."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__
    messages = "\n".join(str(each) for each in chain).lower()
    reason = next((reason for phrase, reason in _REASONS.items() if phrase in messages), "")
    if not reason and isinstance(error, OSError):
        reason = error.strerror or ""
    return f"{type(error).__name__}{f' ({reason})' if reason else ''}."
