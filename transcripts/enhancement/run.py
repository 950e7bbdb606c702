"""From an enhancement that waits to its end: claimed, made, charged; never raises for its fate.

the inference service is away   what is waited for fails at once; else it waits, longer each time
the worker dies or hangs        its lease runs out, and another one begins again
cancelled, deleted              the heartbeat or the next samples notice, and the call is ended
longer than it was held for     the hold grows; where it can't, the work fails, and costs nothing
"""

import errno
import logging
import time
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing.ledger import NoCreditsError, extend_hold, minutes_for, release_hold, settle_hold
from billing.notifications import notify_low_credits
from stt_web.core import media_store
from stt_web.core.errors import ApiError
from stt_web.core.outages import StorageUnavailableError, is_outage
from stt_web.core.request_id import request_id_var
from stt_web.core.upload_errors import StorageFullError
from stt_web.core.uploads import DISK_IS_FULL
from transcripts.enhancement.files import (
    delete_files,
    delete_source,
    result_path,
    scratch_path,
    source_path,
)
from transcripts.enhancement.lease import (
    EnhancementLease,
    change_enhancement,
    claim_enhancement,
    release_enhancement,
)
from transcripts.enhancement.models import Enhancement
from transcripts.enhancement.order import SHORT_QUEUE, enqueue_next, send_enhancement
from transcripts.enhancement.shown import describe_enhancement
from transcripts.inference.errors import InferenceError
from transcripts.inference.routing import inference_for
from transcripts.jobs.lease import LeaseEnd, LeaseLostError, WorkStoppedError, heartbeat
from transcripts.jobs.outages import outages_outlasted
from transcripts.media.errors import DecoderDiedError
from transcripts.models.status import Status
from transcripts.services.job_status import CLOSED_LEASE
from transcripts.webhooks.events import Event
from transcripts.webhooks.outbox import record_job_event

logger = logging.getLogger(__name__)

_MOST_WAITS = 6
_REPORT_EVERY_S = 1.0
_MINUTE_MS = 60_000
# Worth another try, while no one waits for the answer.
_PASSING = frozenset(("inference_unavailable", "inference_full", "inference_error", "decoder_died"))
EXHAUSTED = ApiError(
    "This was tried several times without an end. Nothing was charged. Try again later.",
    code="too_many_tries",
    status=503,
)


def run_enhancement(enhancement_id: UUID) -> None:
    claimed = claim_enhancement(enhancement_id)
    if claimed is None:
        return
    lease, enhancement = claimed
    request_id_var.set(enhancement.request_id)
    try:
        give_back = partial(_release_or_fail, lease, enhancement, is_try=False)
        with heartbeat.hold(lease), outages_outlasted(lease, give_back):
            _run(lease, enhancement)
        enqueue_next(enhancement.owner)
    finally:
        close_old_connections()


def _run(lease: EnhancementLease, enhancement: Enhancement) -> None:
    try:
        _work(lease, enhancement)
    except LeaseLostError:
        logger.warning("event=enhancement_lease_lost enhancement_id=%s", enhancement.pk)
        _delete_without_row(enhancement)
    except WorkStoppedError as stop:
        _release_or_fail(lease, enhancement, is_try=stop.reason is LeaseEnd.STALLED)
    except InferenceError as error:
        refusal = ApiError(error.message, code=error.code, status=503, retry_after_s=10)
        _wait_or_fail(lease, enhancement, refusal)
    except StorageUnavailableError:
        raise  # an outage, which is outlasted
    except ApiError as error:
        _wait_or_fail(lease, enhancement, error)
    except OSError as error:
        _fail_for_disk(lease, enhancement, error)
    except Exception as error:
        if is_outage(error):  # `outages_outlasted` notes it
            raise
        logger.exception("event=enhancement_broke enhancement_id=%s", enhancement.pk)
        _release_or_fail(lease, enhancement, is_try=True)


def _work(lease: EnhancementLease, enhancement: Enhancement) -> None:
    # scipy is imported with the first recording: 30 MB, and half a second.
    from transcripts.enhancement.make import Work, make_enhanced

    started = time.monotonic()
    progress = _Progress(lease, enhancement)
    route = inference_for(enhancement.owner).pick()
    made_at = scratch_path(enhancement.pk, enhancement.attempt, ending="wav")
    work = Work(
        source=media_store.fetch(source_path(enhancement.pk)),
        scratch=scratch_path(enhancement.pk, enhancement.attempt, ending="raw"),
        target=made_at,
        strength=enhancement.strength,
        target_lufs=enhancement.target_lufs,
        is_short=enhancement.queue == SHORT_QUEUE,
        server=route.server,
    )
    try:
        made = make_enhanced(work, lease=lease, note_progress=progress.note)
        progress.cover(made.duration_ms)
        lease.check()
        media_store.publish(made_at, result_path(enhancement.pk))
    finally:
        made_at.unlink(missing_ok=True)
    with transaction.atomic():
        is_ours = change_enhancement(
            lease.rows(),
            enhancement.pk,
            status=Status.COMPLETED,
            finished_at=timezone.now(),
            done_ms=made.duration_ms,
            duration_ms=made.duration_ms,
            model=made.model[:100],
            install_hint=made.install_hint[:200],
            media_warnings=[list(each) for each in made.warnings],
            rate_hz=made.shape.rate_hz,
            channels=made.shape.channels,
            lufs_before=made.lufs_before,
            lufs=made.lufs,
            true_peak_db=made.true_peak_db,
            **CLOSED_LEASE,
        )
        if not is_ours:
            raise LeaseLostError
        cost = settle_hold(str(enhancement.pk), billed_ms=made.duration_ms)
        Enhancement.objects.filter(pk=enhancement.pk).update(credits_charged=cost.minutes)
        _notify(enhancement, Event.ENHANCEMENT_COMPLETED)
    notify_low_credits(enhancement.owner)
    delete_source(enhancement.pk)
    logger.info(
        "event=recording_enhanced enhancement_id=%s model=%s audio_ms=%d duration_ms=%d",
        enhancement.pk,
        made.model,
        made.duration_ms,
        (time.monotonic() - started) * 1000,
    )


class _Progress:
    """How far it is, stored once a second, and paid for minute by minute."""

    def __init__(self, lease: EnhancementLease, enhancement: Enhancement) -> None:
        self._lease = lease
        self._reference = str(enhancement.pk)
        self._covered_ms = max(1, minutes_for(enhancement.probed_ms)) * _MINUTE_MS
        self._reported_at = time.monotonic()

    def note(self, done_ms: int) -> None:
        """Raises LeaseLostError, WorkStoppedError, NoCreditsError."""
        self._lease.note_progress()
        self._lease.check()
        self.cover(done_ms)
        now = time.monotonic()
        if now - self._reported_at >= _REPORT_EVERY_S:
            self._reported_at = now
            self._lease.report(done_ms)

    def cover(self, done_ms: int) -> None:
        """Raises NoCreditsError."""
        if done_ms <= self._covered_ms:
            return
        if not extend_hold(self._reference, total_minutes=minutes_for(done_ms)):
            self._lease.check()
            raise NoCreditsError(
                "The recording is longer than your minutes and credits. Nothing was charged."
            )
        self._covered_ms = minutes_for(done_ms) * _MINUTE_MS


def fail_enhancement(
    rows: QuerySet[Enhancement], enhancement: Enhancement, error: ApiError
) -> None:
    """Fail it if it is (still) among `rows`, visibly, and give everything back."""
    with transaction.atomic():
        is_failed = change_enhancement(
            rows,
            enhancement.pk,
            status=Status.FAILED,
            finished_at=timezone.now(),
            error_code=error.code,
            error_message=error.message[:500],
            error_status=error.status,
            **CLOSED_LEASE,
        )
        if not is_failed:
            return
        release_hold(str(enhancement.pk))
        _notify(enhancement, Event.ENHANCEMENT_FAILED)
    delete_source(enhancement.pk)
    logger.warning("event=enhancement_failed enhancement_id=%s code=%s", enhancement.pk, error.code)


def _notify(enhancement: Enhancement, event: Event) -> None:
    """Who waits for the answer of a request has it in that."""
    if not enhancement.is_asynchronous:
        return
    ended = Enhancement.objects.get(pk=enhancement.pk)
    data = describe_enhancement(ended)
    path = str(data["audio"] or "")
    record_job_event(event, ended.owner_id, key=f"{ended.pk}:{event}", data=data, path=path)


def _release_or_fail(lease: EnhancementLease, enhancement: Enhancement, *, is_try: bool) -> None:
    tries = lease.rows().values_list("tries", flat=True).first()
    if is_try and tries is not None and tries >= settings.MAX_STALLED_TRIES:
        fail_enhancement(lease.rows(), enhancement, EXHAUSTED)
    elif release_enhancement(lease, is_try=is_try):
        send_enhancement(enhancement.pk, queue=enhancement.queue, last_enqueued_at=None)


def _wait_or_fail(lease: EnhancementLease, enhancement: Enhancement, error: ApiError) -> None:
    row = lease.rows().values_list("waits", "is_asynchronous").first()
    if row is None:
        return
    waits, may_wait = row
    is_passing = error.code in _PASSING or isinstance(error, DecoderDiedError)
    if is_passing and may_wait and waits < _MOST_WAITS:
        release_enhancement(lease, wait_s=settings.TEXT_RETRY_S * 2**waits)
        return
    fail_enhancement(lease.rows(), enhancement, error)


def _fail_for_disk(lease: EnhancementLease, enhancement: Enhancement, error: OSError) -> None:
    if error.errno in DISK_IS_FULL:
        fail_enhancement(lease.rows(), enhancement, StorageFullError())
    elif error.errno == errno.ENOENT and not lease.rows().exists():
        _delete_without_row(enhancement)  # its folder went with its row
    else:
        logger.error("event=enhancement_broke enhancement_id=%s", enhancement.pk, exc_info=error)
        _release_or_fail(lease, enhancement, is_try=True)


def _delete_without_row(enhancement: Enhancement) -> None:
    """Race: `api.EnhancementView.delete` removed the folder while this wrote into it."""
    if not Enhancement.objects.filter(pk=enhancement.pk).exists():
        delete_files(enhancement.pk)
