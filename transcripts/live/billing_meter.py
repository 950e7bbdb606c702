"""What of a session is paid for: held minute by minute, up to a minute ahead of need.

How far ahead is another for each session: many that begin at once don't all ask at once.
"""

import asyncio
import logging
from collections.abc import Callable

from django.db import Error as DatabaseFailure

from billing.ledger import minutes_for
from stt_web.core.background import spawn
from transcripts.jobs.lease import Lease, LeaseLostError
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.pcm_feed import MINUTE_MS, HoldExtender
from transcripts.live.executors import in_database

logger = logging.getLogger(__name__)

_RETRY_S = 1.0


class BillingMeter:
    """`covered_ms`: up to where the session's audio is held for.

    `on_refused` is called (once) when the next minute is refused, which is 20 to 60 s before the
    end of what is covered.
    """

    def __init__(
        self,
        lease: Lease,
        row: TranscriptionJob,
        *,
        position_ms: int,
        on_refused: Callable[[], None],
    ) -> None:
        held_ms = max(MINUTE_MS, position_ms)
        self._meter = HoldExtender(lease, row, held_for_ms=held_ms, reuses_connection=True)
        self._ahead_ms = MINUTE_MS // 3 + row.pk.int % (MINUTE_MS * 2 // 3)
        self._on_refused = on_refused
        self._extending: asyncio.Task[None] | None = None
        self._is_refused = False
        self._has_failed = False
        self.covered_ms = minutes_for(held_ms) * MINUTE_MS

    def check_ahead(self, position_ms: int) -> None:
        """Ask for the next minute if it is near; doesn't wait."""
        is_near = position_ms + self._ahead_ms > self.covered_ms
        if is_near and not self._is_refused and self._extending is None:
            self._extending = spawn(self._extend(), name="live-credit")

    async def wait_for_more(self) -> bool:
        """Return False where more is refused; asks once more where it was, for the owner may have
        paid since. True also where the database did not answer: check again."""
        before_ms = self.covered_ms
        if self._extending is None:
            self._extending = spawn(self._extend(), name="live-credit")
        await asyncio.shield(self._extending)
        return self.covered_ms > before_ms or self._has_failed

    def close(self) -> None:
        if self._extending is not None:
            self._extending.cancel()

    async def _extend(self) -> None:
        self._has_failed = False
        try:
            covered_ms = await in_database(self._meter.cover, self.covered_ms + MINUTE_MS)
        except LeaseLostError:
            return  # delivered with the next write
        except DatabaseFailure:
            logger.exception("event=live_hold_not_extended")
            self._has_failed = True
            await asyncio.sleep(_RETRY_S)
            return
        finally:
            self._extending = None
        if covered_ms > self.covered_ms:
            self.covered_ms, self._is_refused = covered_ms, False
        elif not self._is_refused:
            self._is_refused = True
            self._on_refused()
