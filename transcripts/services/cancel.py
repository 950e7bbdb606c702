"""Cancelling and deleting, in any state, as often as asked.

The row changes first, by an update that takes its lock: a worker that is at it writes wholly
before or not at all, and notices at its next write or heartbeat.
"""

import logging

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from transcripts.models import OPEN_STATUSES, Status, Transcript
from transcripts.services.embeddings import drop_finished_embeddings
from transcripts.services.export import delete_exports
from transcripts.services.idempotency import forget_answers
from transcripts.services.recordings import delete_recording, forget_recording
from transcripts.services.refine import drop_refinement
from transcripts.services.search_index import index_transcript
from transcripts.services.settle import CLOSED_LEASE, charge, give_everything_back
from transcripts.webhooks.events import Event
from transcripts.webhooks.outbox import tell, tell_of_status

logger = logging.getLogger(__name__)


def cancel_transcript(transcript: Transcript) -> bool:
    """Cancel it if it is queued or being worked on; False where there was nothing to cancel.

    Text that was delivered costs what was heard for it; else nothing is charged.
    """
    rows = Transcript.objects.filter(pk=transcript.pk)
    if transcript.refines_id is not None:
        is_open = rows.filter(status__in=OPEN_STATUSES)
        return drop_refinement(is_open, transcript, message="It was cancelled.")
    with transaction.atomic():
        if not rows.filter(status__in=OPEN_STATUSES).update(
            status=Status.CANCELLED, finished_at=timezone.now(), **CLOSED_LEASE
        ):
            return False
        current = rows.get()
        if current.segments.exists():
            charge(current, heard_ms=current.resume_ms)
        else:
            give_everything_back(current)
        tell_of_status(current)
        index_transcript(current)
    logger.info("event=transcript_cancelled transcript_id=%s", transcript.pk)
    if current.owner_id is None:
        forget_recording(current)
    drop_finished_embeddings(current)
    return True


def delete_transcript(transcript: Transcript) -> None:
    """Delete the recording and all that came of it. What it cost stays in the ledger."""
    cancel_transcript(transcript)
    rows = Transcript.objects.filter(pk=transcript.pk)
    refinements = list(Transcript.objects.filter(refines=transcript.pk))
    with transaction.atomic():
        # Moves the fence and takes the row's lock: else a segment could be stored between the
        # deletion of the segments and that of the row, which PostgreSQL then refuses.
        if rows.update(attempt=F("attempt") + 1):
            tell(Event.DELETED, transcript)
            forget_answers(transcript)
            rows.delete()
    for gone in (transcript, *refinements):
        delete_recording(gone.recording)
    delete_exports(transcript.pk)
    logger.info("event=transcript_deleted transcript_id=%s", transcript.pk)
