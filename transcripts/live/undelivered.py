"""What was finalized while a client was away: delivered when it returns, once. Blocks.

A client reports its own position (`LiveRequest.delivered_ms`). For one that doesn't, the
session that it left stored its delivery position. Where it didn't (its process died, or took the
connection for one that still stands), all that is stored counts as delivered: it is sent as soon as
it is stored.
"""

import logging

from django.db import Error as DatabaseFailure

from transcripts.jobs.lease import Lease
from transcripts.live.events import Final
from transcripts.live.models import LiveSession
from transcripts.models import Transcript
from transcripts.text.segments import Segment

logger = logging.getLogger(__name__)


def record_delivered(lease: Lease, delivered_ms: int) -> None:
    """Store the delivery position, unless another holder has the session by now."""
    held = LiveSession.objects.filter(
        transcript__job=lease.job_id, transcript__job__attempt=lease.attempt
    )
    try:
        held.update(delivered_ms=delivered_ms)
    except DatabaseFailure:
        logger.exception("event=delivery_position_lost job_id=%s", lease.job_id)


def clear_delivered(lease: Lease) -> None:
    """The session goes on: from now on what is stored is sent. Raises DatabaseFailure."""
    held = LiveSession.objects.filter(
        transcript__job=lease.job_id, transcript__job__attempt=lease.attempt
    )
    held.update(delivered_ms=None)


def load_undelivered(transcript: Transcript, *, delivered_ms: int) -> tuple[Final, ...]:
    """Return what is stored beyond `delivered_ms`, as it would have been delivered. One query."""
    language = transcript.language or transcript.job.language_requested
    stored = transcript.segments.filter(end_ms__gt=delivered_ms).order_by("position")
    return tuple(
        Final(segments=(Segment.from_row(each),), language=each.language or language)
        for each in stored
    )
