"""Concurrency: no account has more recordings processed at once than its limits allow.

The others wait as rows, whose messages are used up: the job that ends enqueues the
next (`enqueue_next`), and the sweeper finds what was missed (`jobs/sweep`). Guests have one at
a time by admission (`jobs/submit`).
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from billing.quotas import limits_for, lock_account_for
from transcripts.jobs.enqueue import send_message
from transcripts.jobs.models import JobKind, Queue, TranscriptionJob
from transcripts.models import Status

# What the lease owner of a live session's transcript begins with, while a web process holds it.
LIVE_OWNER = "live:"


def has_free_slot(job: TranscriptionJob) -> bool:
    """Return whether `job` may be begun.

    In a transaction, which holds the account's lock from here on: two workers that ask at once are
    answered one after the other. The job is locked before (`locks`).
    """
    owner = job.transcript.owner
    limit = limits_for(owner).concurrency if owner is not None else 0
    if owner is None or limit == 0 or not _needs_turn(job):
        return True
    lock_account_for(owner)
    return _running(owner).count() < limit


def enqueue_next(owner: User | None) -> None:
    """Enqueue the oldest waiting ones of `owner`, as many as may be begun now."""
    limit = limits_for(owner).concurrency if owner is not None else 0
    if owner is None or limit == 0:
        return  # none waits for a turn
    free = limit - _running(owner).count()
    for queue in Queue.values:
        # A second pass that its session paid for waits for no slot, and takes none.
        waiting = TranscriptionJob.objects.exclude(_IS_INCLUDED).filter(
            transcript__owner=owner, status=Status.QUEUED, queue=queue
        )
        rows = waiting.order_by("created_at").values_list("pk", "enqueued_at")[: max(0, free)]
        for pk, last_enqueued_at in rows:
            send_message(pk, queue=queue, last_enqueued_at=last_enqueued_at)


def running() -> QuerySet[TranscriptionJob]:
    """What counts as worked on: one of an account's transcriptions "at once".

    Not a second pass that a live session paid for: it runs in the background. Nor what rests until
    its next try (`lease.has_run_out`).
    """
    jobs = TranscriptionJob.objects.filter(status=Status.PROCESSING)
    is_over = Q(lease_expires_at__lt=timezone.now())
    return jobs.exclude(_IS_INCLUDED).exclude(is_detached()).exclude(is_over)


def is_detached() -> Q:
    """The condition of live sessions without a client: they may be resumed, and hold no slot.

    The client has disconnected (paused: no one holds the lease), or the web process has died: its
    lease, which lasts as long as a pause, was not renewed for as long as a worker's may.
    """
    silent_s = max(0.0, settings.LIVE_PAUSE_S - settings.LEASE_S)
    is_silent = Q(
        lease_owner__startswith=LIVE_OWNER,
        lease_expires_at__lt=timezone.now() + timedelta(seconds=silent_s),
    )
    return Q(kind=JobKind.LIVE, status=Status.PROCESSING) & (Q(lease_owner="") | is_silent)


# A second pass without a hold.
_IS_INCLUDED = Q(kind=JobKind.SECOND_PASS, hold_reference="")


def _needs_turn(job: TranscriptionJob) -> bool:
    return not job.is_second_pass or bool(job.hold_reference)


def _running(owner: User) -> QuerySet[TranscriptionJob]:
    return running().filter(transcript__owner=owner)
