"""A database that is away and a full disk are refused with a time to come again; a fault isn't."""

import errno

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError, connection

from accounts.models import User
from stt_web.core.errors import ApiError
from stt_web.core.outages import outage_behind, outages_refused


def raised(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (psycopg.errors.AdminShutdown("terminating connection"), "database_unavailable"),
        (psycopg.errors.TooManyConnections("sorry, too many clients"), "database_unavailable"),
        (psycopg.errors.DeadlockDetected("deadlock detected"), "database_unavailable"),
        (psycopg.OperationalError("connection failed: refused"), "database_unavailable"),
        (psycopg.errors.DiskFull("could not extend file"), "storage_full"),
    ],
)
def test_the_sqlstate_of_postgresql_decides(cause: Exception, code: str) -> None:
    outage = outage_behind(raised(OperationalError(str(cause)), cause))

    assert outage is not None
    assert (outage.status, outage.code) == (503, code)
    assert int(outage.headers["Retry-After"]) > 0


def test_what_psycopg_raises_itself_is_one() -> None:
    """Rows that are fetched one after another aren't wrapped by Django."""
    for error in (
        psycopg.errors.AdminShutdown("terminating connection"),
        psycopg.OperationalError("consuming input failed: server closed the connection"),
    ):
        outage = outage_behind(error)
        assert outage is not None
        assert outage.code == "database_unavailable"
    assert outage_behind(psycopg.errors.UndefinedTable("no such table")) is None


def test_a_full_disk_is_one() -> None:
    outage = outage_behind(OSError(errno.ENOSPC, "No space left on device"))

    assert outage is not None
    assert outage.code == "storage_full"


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("no such table: transcripts_transcript"),
        ProgrammingError("syntax error"),
        OSError(errno.ENOENT, "No such file"),
        ValueError("connection"),
    ],
)
def test_a_fault_of_ours_is_none(error: Exception) -> None:
    assert outage_behind(error) is None
    with pytest.raises(type(error)), outages_refused():
        raise error


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ends_is_one() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connections that a server could end.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))

    with pytest.raises(ApiError) as refused, outages_refused(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()

    assert refused.value.code == "database_unavailable"


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_ends_while_rows_are_read_is_one() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connections that a server could end.")
    for number in range(3):
        User.objects.create_user(f"member-{number}@example.com")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    rows = User.objects.iterator(chunk_size=1)
    next(rows)
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))

    with pytest.raises(ApiError) as refused, outages_refused():
        list(rows)
    connection.close()

    assert refused.value.code == "database_unavailable"
