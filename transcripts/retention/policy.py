"""The account's retention policy for recordings and transcripts.

Removal is reported: the transcript has the time of its recording's, webhooks report transcripts
that are deleted, and the log has both.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import User
from stt_web.core.background import run_guarded
from transcripts.jobs.cancel import delete_transcript
from transcripts.jobs.models import TranscriptionJob
from transcripts.models import OPEN_STATUSES, Transcript
from transcripts.retention.models import RetentionPolicy
from transcripts.services.embeddings import apply_embedding_retention
from transcripts.services.recordings import drop_audio

logger = logging.getLogger(__name__)

BATCH_ROWS = 500


def read_policy(owner: User) -> RetentionPolicy:
    """Return the account's policy; the default deletes nothing. One query."""
    found = RetentionPolicy.objects.filter(owner=owner).first()
    return found or RetentionPolicy(owner=owner)


def write_policy(
    owner: User,
    *,
    audio_days: int | None,
    transcript_days: int | None,
    embedding_days: int | None = None,
) -> RetentionPolicy:
    policy, _ = RetentionPolicy.objects.update_or_create(
        owner=owner,
        defaults={
            "audio_days": audio_days,
            "transcript_days": transcript_days,
            "embedding_days": embedding_days,
        },
    )
    return policy


@dataclass(frozen=True)
class Overdue:
    """How much a policy would have deleted at once."""

    transcripts: int
    recordings: int


def count_overdue(policy: RetentionPolicy, now: datetime | None = None) -> Overdue:
    """Return what would go, were `policy` (saved or not) that of its account. Two queries.

    A recording that goes with its transcript counts as that.
    """
    at = now or timezone.now()
    transcripts = _overdue_transcripts(policy, now=at)
    recordings = _overdue_audio(policy, now=at).exclude(pk__in=transcripts.values("pk"))
    return Overdue(transcripts=transcripts.count(), recordings=recordings.count())


def apply_retention(now: datetime | None = None) -> None:
    """Remove what is past its time, for every account that limits it. May run twice."""
    at = now or timezone.now()
    for policy in RetentionPolicy.objects.select_related("owner").iterator():
        for step in (_delete_transcripts, _delete_audio):
            run_guarded(partial(step, policy, now=at), name="retention")
    apply_embedding_retention(at)


def _delete_transcripts(policy: RetentionPolicy, *, now: datetime) -> None:
    overdue = _overdue_transcripts(policy, now=now)
    for transcript in overdue.order_by("finished_at")[:BATCH_ROWS]:
        logger.info(
            "event=retention_transcript_deleted transcript_id=%s days=%s",
            transcript.pk,
            policy.transcript_days,
        )
        run_guarded(partial(delete_transcript, transcript), name="retention")


def _delete_audio(policy: RetentionPolicy, *, now: datetime) -> None:
    overdue = _overdue_audio(policy, now=now)
    for transcript in overdue.order_by("finished_at")[:BATCH_ROWS]:
        run_guarded(partial(drop_audio, transcript, now=now), name="retention")


def _overdue_transcripts(policy: RetentionPolicy, *, now: datetime) -> QuerySet[Transcript]:
    if policy.transcript_days is None:
        return Transcript.objects.none()
    return _closed(policy).filter(finished_at__lt=now - timedelta(days=policy.transcript_days))


def _overdue_audio(policy: RetentionPolicy, *, now: datetime) -> QuerySet[Transcript]:
    if policy.audio_days is None:
        return Transcript.objects.none()
    # A second pass reads the recording: it goes when that has ended (`drop_finished_audio`).
    open_jobs = TranscriptionJob.objects.filter(transcript=OuterRef("pk"), status__in=OPEN_STATUSES)
    due = _closed(policy).exclude(recording__path="").exclude(Exists(open_jobs))
    return due.filter(finished_at__lte=now - timedelta(days=policy.audio_days))


def _closed(policy: RetentionPolicy) -> QuerySet[Transcript]:
    return Transcript.objects.filter(owner=policy.owner).exclude(status__in=OPEN_STATUSES)
