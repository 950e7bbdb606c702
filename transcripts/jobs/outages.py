"""Work whose database or storage went away, or whose disk was full: no fault of what is worked on.

It goes back to the queue, and the try does not count; a database that comes and goes would fail
every recording else. Until the database, or the storage, is there again the lease is held; where
that takes longer than the lease lasts, the sweeper finds the row, and the try counts. A lease is
renewed while the storage is away, up to STT_PROGRESS_DEADLINE_S.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator

from django.db import close_old_connections

from stt_web.core import media_store
from stt_web.core.errors import ApiError
from stt_web.core.outages import (
    DiskFullError,
    StorageUnavailableError,
    is_outage,
    outage_behind,
)
from transcripts.jobs.lease import Lease, LeaseLostError, WorkStoppedError

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 10.0
_UNTIL_THERE_IS_ROOM_S = 30.0
_UNTIL_STORAGE_ANSWERS_S = 2.0


@contextlib.contextmanager
def outages_outlasted(lease: Lease, give_back: Callable[[], object]) -> Iterator[None]:
    """Call `give_back` where the block ends by an outage, as often as it does so itself."""
    try:
        yield
    except Exception as error:
        outage = outage_behind(error)
        if outage is None:
            raise
        logger.warning("event=work_given_back job_id=%s code=%s", lease.job_id, outage.code)
        _give_back(lease, outage, give_back)


def _give_back(lease: Lease, outage: ApiError, give_back: Callable[[], object]) -> None:
    """Until it is done or the lease is lost; a lease that was recalled has one try."""
    pause_s = _first_pause_s(outage)
    is_last = False
    while True:
        try:
            lease.wait(pause_s)
        except LeaseLostError:
            return
        except WorkStoppedError:
            is_last = True
        if not is_last and _is_away(outage):
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            continue
        close_old_connections()  # a broken one answers no query
        try:
            give_back()
        except Exception as error:
            if not is_outage(error):
                raise
            if is_last:
                return
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        else:
            return


def _is_away(outage: ApiError) -> bool:
    """Whether the next worker would meet it, too."""
    return isinstance(outage, StorageUnavailableError) and not media_store.answers()


def _first_pause_s(outage: ApiError) -> float:
    """The next worker would meet it at once, again."""
    if isinstance(outage, DiskFullError):
        return _UNTIL_THERE_IS_ROOM_S
    return _UNTIL_STORAGE_ANSWERS_S if isinstance(outage, StorageUnavailableError) else 1.0
