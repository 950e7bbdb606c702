"""Sends what is due until nothing is, over many endpoints at once. Synchronous; one a thread.

The database is only used by the calling thread; the requests wait on the sender's event loop.
"""

import logging
import threading
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import lru_cache, partial

from stt_web.core.background import run_guarded
from transcripts.webhooks.delivery import DeliveryClaim, claim_due, record
from transcripts.webhooks.sender import Answer, Sender

logger = logging.getLogger(__name__)

# Endpoints that one pump serves at once. Each waits for WEBHOOK_TIMEOUT_S at most.
SLOTS = 200
_POLL_S = 0.25

_is_stopping = threading.Event()


@lru_cache(maxsize=1)
def get_sender() -> Sender:
    """The sender of this process; made at the first use, so behind every fork."""
    return Sender()


def stop_pumps() -> None:
    """Claim nothing more in this process: what is under way ends within its timeout."""
    _is_stopping.set()


def pump_deliveries(sender: Sender | None = None) -> int:
    """Send until nothing is due and nothing is under way; return how many requests were made."""
    sender = sender or get_sender()
    under_way: dict[Future[Answer], DeliveryClaim] = {}
    sent = 0
    while True:
        if not _is_stopping.is_set() and len(under_way) < SLOTS:
            before = len(under_way)
            run_guarded(partial(_begin, sender, under_way), name="webhook-pump")
            sent += len(under_way) - before
        if not under_way:
            return sent
        done, _ = wait(under_way, timeout=_POLL_S, return_when=FIRST_COMPLETED)
        for future in done:
            # One outcome that can't be written loses no other one.
            outcome = partial(record, under_way.pop(future), future.result())
            run_guarded(outcome, name="webhook-pump")


def _begin(sender: Sender, under_way: dict[Future[Answer], DeliveryClaim]) -> None:
    for claim in claim_due(limit=SLOTS - len(under_way)):
        under_way[sender.send(claim.request)] = claim
