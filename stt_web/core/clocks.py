"""How far the clocks of processes may differ: what is dated further ahead, a wrong clock wrote.

Of queued work and webhooks: what such a clock put off must not wait until its time has come.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

CLOCK_ERROR: Final = timedelta(minutes=1)


def is_ahead(field: str, *, now: datetime) -> Q:
    """What has a time in `field` that is not yet, though it was written as the present."""
    return Q(**{f"{field}__gt": now + CLOCK_ERROR})
