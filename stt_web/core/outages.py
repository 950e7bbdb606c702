"""What isn't a fault of ours but of the moment: database or storage are away, or a disk is full.

An exception of a view, a dialect's handler or a live session, told from a fault by what the driver
or the kernel says; its answer is 503 with `Retry-After`, which every client takes for "again soon".
"""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import InterfaceError, OperationalError

from stt_web.core.errors import ApiError

logger = logging.getLogger(__name__)

# Django's, and psycopg's own: what is fetched row by row breaks off without Django's wrapping.
_DATABASE = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
_RETRY_AFTER_S = 2
_STORAGE_RETRY_AFTER_S = 10
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
# PostgreSQL, Appendix A: connections, resources, the operator, and who lost a deadlock.
_AWAY = ("08", "53", "57P", "40")
_NO_ROOM = "53100"
_SQLITE_NO_ROOM = "database or disk is full"
_SQLITE_BUSY = "database is locked"
# psycopg's own words, without an SQLSTATE, when a connection breaks or can't be made.
_BROKEN = ("connection", "consuming input failed", "server closed")


class DatabaseUnavailableError(ApiError):
    """The database can't be reached, or ended the connection."""

    status = 503
    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The server can't reach its database at the moment. Try again in a few seconds.",
            retry_after_s=_RETRY_AFTER_S,
        )


class DiskFullError(ApiError):
    """The server has no room to store anything."""

    status = 503
    code = "storage_full"

    def __init__(self) -> None:
        super().__init__("The server has no room left. Try again later.", retry_after_s=300)


class StorageUnavailableError(ApiError):
    """The storage of recordings can't be reached, or doesn't answer as it should."""

    status = 503
    code = "storage_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The server can't reach its storage of recordings at the moment. Try again in a few"
            " seconds.",
            retry_after_s=_STORAGE_RETRY_AFTER_S,
        )


@contextmanager
def outages_refused() -> Iterator[None]:
    """Raise the refusal that an outage is in place of what a driver or the kernel raised."""
    try:
        yield
    except (OSError, *_DATABASE) as error:
        outage = outage_behind(error)
        if outage is None:
            raise
        raise outage from error


def outage_behind(error: BaseException | None) -> ApiError | None:
    """Return the refusal that an outage is, and note it in the log; None for a fault of ours.

    For who handles it: an outage is one line of the log.
    """
    outage = _outage_behind(error)
    if outage is not None:
        logger.warning("event=outage code=%s error=%s", outage.code, type(error).__name__)
    return outage


def is_outage(error: BaseException) -> bool:
    """Whether it is one. Not noted: for who leaves it to others."""
    return _outage_behind(error) is not None


def is_database_away(error: BaseException) -> bool:
    """Whether what was to be committed may be committed: the answer may be what was lost."""
    return isinstance(_outage_behind(error), DatabaseUnavailableError)


def _outage_behind(error: BaseException | None) -> ApiError | None:
    if isinstance(error, StorageUnavailableError):
        return error
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return DiskFullError()
    if not isinstance(error, _DATABASE):
        return None
    words = str(error)
    state = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None) or ""
    if state == _NO_ROOM or _SQLITE_NO_ROOM in words:
        return DiskFullError()
    if state.startswith(_AWAY) or _SQLITE_BUSY in words:
        return DatabaseUnavailableError()
    is_broken = not state and any(each in words for each in _BROKEN)
    return DatabaseUnavailableError() if is_broken else None
