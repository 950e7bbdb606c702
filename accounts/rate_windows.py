"""Counting per window of time, in the database: every process sees the same number.

Windows are fixed (a new minute starts at zero), so that one row a subject and one statement a count
are enough: two bursts that meet at the border of two windows are let through, which is fine for
limits that protect a server and wouldn't be for money.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from accounts.models import RateWindow

# A process whose clock is a little behind joins the newer window.
_COUNT = """
INSERT INTO accounts_ratewindow (subject, started_at_s, count) VALUES (%s, %s, 1)
ON CONFLICT (subject) DO UPDATE SET
    count = CASE WHEN excluded.started_at_s > accounts_ratewindow.started_at_s
            THEN 1 ELSE accounts_ratewindow.count + 1 END,
    started_at_s = CASE WHEN excluded.started_at_s > accounts_ratewindow.started_at_s
            THEN excluded.started_at_s ELSE accounts_ratewindow.started_at_s END
RETURNING count
"""


@dataclass(frozen=True, kw_only=True)
class RateCount:
    """The window that was counted in, after counting."""

    count: int
    resets_in_s: int  # whole seconds, at least 1


def count_in_window(subject: str, *, window_s: int, now: datetime) -> RateCount:
    """Count one more for `subject` (at most 100 characters). One statement, also on SQLite."""
    now_s = int(now.timestamp())
    started_at_s = now_s - now_s % window_s
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [subject, started_at_s])
        (count,) = cursor.fetchone()
    return RateCount(count=count, resets_in_s=started_at_s + window_s - now_s)


def purge_windows(*, now: datetime, older_than: timedelta = timedelta(days=1)) -> int:
    """Delete windows that are long over; return how many there were."""
    before_s = int((now - older_than).timestamp())
    deleted, _ = RateWindow.objects.filter(started_at_s__lt=before_s).delete()
    return deleted
