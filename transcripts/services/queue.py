"""Where a waiting transcript stands."""

from django.db.models import Q

from transcripts.models import Status, Transcript


def queue_position(transcript: Transcript) -> int | None:
    """Return its place among those that wait in its queue, 1 the next; None if it doesn't wait.

    One query. Workers take hints in the order of the broker: a place, no promise.
    """
    if transcript.status != Status.QUEUED:
        return None
    before = Q(created_at__lt=transcript.created_at) | Q(
        created_at=transcript.created_at, pk__lt=transcript.pk
    )
    waiting = Transcript.objects.filter(status=Status.QUEUED, queue=transcript.queue)
    return waiting.filter(before).count() + 1
