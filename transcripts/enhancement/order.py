"""From an upload to a row that waits: limits, the hold, and the same request sent twice.

**Race.** Two requests of one account may be the same file, or the last free slot. So the question,
the hold and the insert happen in one transaction that first locks the account (`jobs/submit`).
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.authentication import hold_open
from accounts.models import User
from billing.ledger import minutes_for, place_new_hold
from billing.quotas import Limits, lock_account_for
from billing.request_rates import refuse_more_at_once
from stt_web.core import broker, media_store
from stt_web.core.errors import ApiError
from stt_web.core.request_id import request_id_var
from stt_web.core.uploads import Upload
from transcripts.enhancement.files import result_path
from transcripts.enhancement.models import Enhancement
from transcripts.enhancement.options import EnhancementRequest
from transcripts.media import Probe
from transcripts.models.status import OPEN_STATUSES, Status

ENHANCE_TASK = "transcripts.enhance"
SHORT_QUEUE, BULK_QUEUE = "short", "bulk"
STORED_FOR = timedelta(hours=24)
_RETRY_S, _QUEUE_RETRY_S = 10, 60


class EnhancementNotFoundError(ApiError):
    """There is none with this id, or it is another account's."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such enhanced recording.")


class TooManyEnhancementsError(ApiError):
    """As many as the plan allows are running at once; with Retry-After."""

    status = 429
    code = "concurrency_limit"


class EnhancementsFullError(TooManyEnhancementsError):
    """As many of the account's recordings as may are waiting already; with Retry-After."""

    code = "queue_full"


@dataclass(frozen=True)
class EnhancementOrder:
    user: User
    limits: Limits
    upload: Upload
    request: EnhancementRequest
    probe: Probe


def order_enhancement(order: EnhancementOrder) -> Enhancement:
    """Return the row of it: one of the same request that is under way or done, or a new one.

    Raises NoCreditsError, TooManyEnhancementsError, UploadLostError where the request has ended.
    """
    enhancement = _make(order)
    with transaction.atomic():
        hold_open(order.user)
        locked = lock_account_for(order.user)
        if (same := find_same(order)) is not None:
            return same
        _check_concurrency(order)
        minutes = max(1, minutes_for(enhancement.probed_ms))
        now = timezone.now()
        place_new_hold(str(enhancement.pk), locked=locked, minutes=minutes, now=now, kind="ai")
        enhancement.enqueued_at, enhancement.enqueue_count = now, 1
        enhancement.save(force_insert=True)
        # Before the commit, so that no row refers to a file that `Upload.end` has deleted.
        order.upload.retain()
        transaction.on_commit(lambda: _send(enhancement.pk, enhancement.queue))
    return enhancement


def find_same(order: EnhancementOrder) -> Enhancement | None:
    """Return the account's row of the same request, if it is open or its result is there."""
    same = list_enhancements(order.user).filter(
        fingerprint=fingerprint_of(order), status__in=(*OPEN_STATUSES, Status.COMPLETED)
    )
    return next((each for each in same if is_open(each) or _has_result(each)), None)


def _has_result(enhancement: Enhancement) -> bool:
    """The account is locked: the disk is asked, and of a bucket the row is taken at its word."""
    return media_store.is_remote() or result_path(enhancement.pk).exists()


def is_open(enhancement: Enhancement) -> bool:
    return enhancement.status in OPEN_STATUSES


def fingerprint_of(order: EnhancementOrder) -> str:
    asked = [order.upload.sha256, order.request.strength, order.request.target_lufs]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def list_enhancements(user: User) -> QuerySet[Enhancement]:
    """Return the user's, the newest first."""
    return Enhancement.objects.filter(owner=user)


def get_enhancement(user: User, enhancement_id: UUID) -> Enhancement:
    """Return the user's. Raises EnhancementNotFoundError. One query."""
    found = list_enhancements(user).filter(pk=enhancement_id).first()
    if found is None:
        raise EnhancementNotFoundError
    return found


def send_enhancement(
    enhancement_id: UUID, *, queue: str, last_enqueued_at: datetime | None
) -> bool:
    """Enqueue a row again; False where the broker is down. Of two senders one does (compare and
    set on `enqueued_at`).
    """
    waiting = Enhancement.objects.filter(
        pk=enhancement_id, status=Status.QUEUED, enqueued_at=last_enqueued_at
    )
    if not waiting.update(enqueued_at=timezone.now(), enqueue_count=F("enqueue_count") + 1):
        return True
    return _send(enhancement_id, queue)


def enqueue_next(owner: User) -> None:
    """Enqueue the account's oldest that waits: a slot is free."""
    waiting = Enhancement.objects.filter(owner=owner, status=Status.QUEUED).order_by("created_at")
    if (first := waiting.first()) is not None:
        send_enhancement(first.pk, queue=first.queue, last_enqueued_at=first.enqueued_at)


def _send(enhancement_id: UUID, queue: str) -> bool:
    if broker.send_now(ENHANCE_TASK, [str(enhancement_id)], queue=queue):
        return True
    Enhancement.objects.filter(pk=enhancement_id, status=Status.QUEUED).update(enqueued_at=None)
    return False


def _make(order: EnhancementOrder) -> Enhancement:
    is_short = 0 < order.probe.duration_ms <= settings.SHORT_RECORDING_MS
    return Enhancement(
        id=UUID(order.upload.path.parent.name),  # its folder is the upload's
        owner=order.user,
        file_name=order.upload.file_name[:255],
        size_bytes=order.upload.size,
        probed_ms=order.probe.duration_ms,
        strength=order.request.strength,
        target_lufs=order.request.target_lufs,
        fingerprint=fingerprint_of(order),
        is_asynchronous=order.request.is_async,
        request_id=request_id_var.get(),
        queue=SHORT_QUEUE if is_short else BULK_QUEUE,
    )


def _check_concurrency(order: EnhancementOrder) -> None:
    limit = order.limits.concurrency
    if limit == 0:
        return
    open_now = list_enhancements(order.user).filter(status__in=OPEN_STATUSES).count()
    if order.request.is_async:
        # Asynchronous work may wait; its queue is long, not endless.
        if open_now >= settings.MAX_OPEN_TRANSCRIPTS:
            raise EnhancementsFullError(
                f"{settings.MAX_OPEN_TRANSCRIPTS} recordings of yours are waiting already.",
                retry_after_s=_QUEUE_RETRY_S,
            )
        return
    if open_now >= limit:
        raise TooManyEnhancementsError(
            f"You may have {limit} recording{'s' if limit > 1 else ''} enhanced at once. Wait for"
            " one to finish, or send async=true to queue this one.",
            retry_after_s=_RETRY_S,
            headers=refuse_more_at_once(order.limits),
        )
