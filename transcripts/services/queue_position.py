"""Where a waiting transcript stands."""

from django.db.models import Q

from transcripts.models import Status, Transcript, TranscriptionJob


def queue_position(transcript: Transcript) -> int | None:
    """Return its place among those that wait in its queue, 1 the next; None if it doesn't wait.

    One query. Workers take hints in the order of the broker: a place, no promise.
    """
    if transcript.status != Status.QUEUED:
        return None
    job = transcript.job
    before = Q(created_at__lt=job.created_at) | Q(created_at=job.created_at, pk__lt=job.pk)
    waiting = TranscriptionJob.objects.filter(status=Status.QUEUED, queue=job.queue)
    return waiting.filter(before).count() + 1
