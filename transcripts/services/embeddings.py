"""Speaker embeddings: how long they are stored, and their deletion.

An embedding describes a voice: it is biometric, with a retention of its own (`STT_EMBEDDING_DAYS`,
or the account's policy). It is stored only so that the speakers of a finished transcript can be
counted again, is never compared across recordings, and appears in no answer, export, log or admin
page. Guests' are deleted as soon as their job ends. What remains of a turn is its times.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from transcripts.jobs.models import TranscriptionJob, Window
from transcripts.models import OPEN_STATUSES, Transcript
from transcripts.retention.models import RetentionPolicy

logger = logging.getLogger(__name__)

BATCH_ROWS = 200


def delete_embeddings(row: TranscriptionJob, *, now: datetime | None = None) -> bool:
    """Delete them, and note when; False where there were none. May be repeated."""
    with transaction.atomic():
        windows = list(Window.objects.select_for_update().filter(job=row))
        changed = [window for window in windows if _strip(window)]
        Window.objects.bulk_update(changed, ["speaker_turns"], batch_size=50)
        if changed:
            _note_deletion(row, now or timezone.now())
    if changed:
        logger.info("event=embeddings_deleted transcript_id=%s", row.transcript_id)
    return bool(changed)


def delete_all_embeddings(transcript: Transcript, *, now: datetime | None = None) -> None:
    """Delete those of all its jobs."""
    for row in transcript.jobs.all():
        delete_embeddings(row, now=now)


def has_embeddings(transcript: Transcript) -> bool:
    """Whether its speakers can be counted again."""
    if not (transcript.job.embedder and transcript.job.diarize):
        return False
    return not are_deleted(transcript)


def are_deleted(transcript: Transcript) -> bool:
    """Whether there were embeddings that are deleted by now."""
    return transcript.job.embeddings_deleted_at is not None


def drop_finished_embeddings(row: TranscriptionJob) -> None:
    """At the end of a job: delete what its owner doesn't want stored at all, and what no text is
    counted from. A query or two."""
    is_unused = row.transcript.job_id != row.pk
    if is_unused or retention_days(row.transcript) == 0:
        delete_embeddings(row)


def drop_embeddings_with_audio(transcript: Transcript, *, now: datetime) -> None:
    """The recording goes: so do its embeddings, unless the account has a policy for them."""
    if _own_days(transcript) is None:
        delete_all_embeddings(transcript, now=now)


def apply_embedding_retention(now: datetime | None = None) -> None:
    """Delete what is past its time, for all accounts. May run twice; a batch a round each."""
    at = now or timezone.now()
    policies = RetentionPolicy.objects.exclude(embedding_days=None)
    for owner_id, days in policies.values_list("owner_id", "embedding_days").iterator():
        _delete_overdue(Q(transcript__owner_id=owner_id), days=days or 0, now=at)
    others = ~Q(transcript__owner_id__in=policies.values("owner_id")) & Q(
        transcript__owner__isnull=False
    )
    _delete_overdue(others, days=settings.EMBEDDING_DAYS, now=at)
    _delete_overdue(Q(transcript__owner=None), days=0, now=at)


def retention_days(transcript: Transcript) -> int:
    """For how many days after the end of the work they are stored. One query."""
    if transcript.owner_id is None:
        return 0
    own = _own_days(transcript)
    return int(settings.EMBEDDING_DAYS) if own is None else own


def _own_days(transcript: Transcript) -> int | None:
    if transcript.owner_id is None:
        return None
    policies = RetentionPolicy.objects.filter(owner_id=transcript.owner_id)
    return policies.values_list("embedding_days", flat=True).first()


def _delete_overdue(whose: Q, *, days: int, now: datetime) -> None:
    for row in _overdue(whose, days=days, now=now)[:BATCH_ROWS]:
        if not delete_embeddings(row, now=now):
            _note_deletion(row, now)  # there were none: it is not checked again


def _overdue(whose: Q, *, days: int, now: datetime) -> QuerySet[TranscriptionJob]:
    """An embedder is named only where turns were asked for: the others have no embeddings."""
    ended = TranscriptionJob.objects.filter(whose, finished_at__lte=now - timedelta(days=days))
    with_voices = ended.exclude(embedder="").exclude(status__in=OPEN_STATUSES)
    return with_voices.filter(embeddings_deleted_at=None).order_by("finished_at")


def _strip(window: Window) -> bool:
    """Take the embeddings out of a window's turns; whether there were any."""
    if not any("embedding" in turn for turn in window.speaker_turns):
        return False
    window.speaker_turns = [
        {name: value for name, value in turn.items() if name != "embedding"}
        for turn in window.speaker_turns
    ]
    return True


def _note_deletion(row: TranscriptionJob, now: datetime) -> None:
    row.embeddings_deleted_at = now
    TranscriptionJob.objects.filter(pk=row.pk).update(embeddings_deleted_at=now)
