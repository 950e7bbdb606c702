"""Who may speak: a new session, or an interrupted one that goes on. All of it blocks.

    LimitError (ApiError, 429)             concurrency_limit; with Retry-After
    SessionNotFoundError (ApiError, 404)   no session has this resume token, or it isn't yours
    SessionEndedError (ApiError, 410)      session_ended; with the transcript's id

**Races.** As in `jobs/submit`: how many run, the hold and the insert are one transaction, which
first locks the account's row (a guest's: counts the use of the day). Of two processes that take
one session over, one wins the compare-and-set on `attempt`; the process that held it until then
notices at its next write, or within seconds (`live/registry`). Rows are locked as `locks`
says.
"""

import hashlib
import logging
import os
import secrets
import socket
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext, override
from django.views.decorators.debug import sensitive_variables

from accounts.authentication import hold_open
from accounts.guest_tokens import make_guest_token
from accounts.models import ApiKey, User
from billing.ledger import place_hold
from billing.quotas import count_anonymous_use, limits_for, lock_account_for, lock_address
from stt_web.core import wakeups
from stt_web.core.dates import short_day
from stt_web.core.errors import ApiError
from stt_web.core.outages import StorageUnavailableError
from stt_web.core.request_id import request_id_var
from transcripts.glossary.terms import with_glossary
from transcripts.jobs.concurrency import LIVE_OWNER, running
from transcripts.jobs.lease import Lease, held_rows
from transcripts.jobs.models import JobKind, Queue, TranscriptionJob
from transcripts.jobs.results import JobRun, open_job
from transcripts.jobs.stages.finalize import release_everything
from transcripts.jobs.submit import LimitError
from transcripts.live.events import Final, LiveRequest
from transcripts.live.journal import RECORDING, SAMPLES_A_MS, count_samples, has_epochs
from transcripts.live.journal_parts import restore
from transcripts.live.models import LiveSession
from transcripts.live.undelivered import load_undelivered
from transcripts.locks import lock_job, lock_transcript
from transcripts.models import Recording, Source, Status, Transcript
from transcripts.services.job_status import insert, job_of, read_job
from transcripts.services.note_templates import check_processing
from transcripts.services.recordings import delete_recording, delete_rows, recording_path

logger = logging.getLogger(__name__)

# Two processes never have one name, also where one takes another's number after its death.
PROCESS = f"{LIVE_OWNER}{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
_RETRY_AFTER_S = 10
_PREFIX = "sttl_"


class SessionNotFoundError(ApiError):
    status = 404
    code = "session_not_found"

    def __init__(self) -> None:
        super().__init__("There is no session with this resume token.")


class SessionEndedError(ApiError):
    status = 410
    code = "session_ended"

    def __init__(self, transcript: Transcript) -> None:
        super().__init__(
            "This session has ended. What was said is in its transcript.",
            extra={"transcript_id": str(transcript.pk)},
        )


@dataclass(frozen=True, kw_only=True)
class SessionAdmission:
    """Where a session goes on: `start_samples` are journalled already, and `undelivered`, which
    lies behind `delivered_ms`, is final but was not delivered yet."""

    job: JobRun
    key: ApiKey | None
    resume_token: str
    guest_token: str = ""
    start_samples: int = 0
    delivered_ms: int = 0
    undelivered: tuple[Final, ...] = ()

    @property
    def folder(self) -> Path:
        return recording_path(self.job.transcript).parent


def admit_session(request: LiveRequest) -> SessionAdmission:
    """Make a session's transcript and hold its first minute, or raise: then nothing moved.

    The account's glossary is among its hot words, as for a file. Raises NoCreditsError (402),
    LimitError (429), AnonymousLimitError (429), AuthenticationError.
    """
    check_processing(request.options, request.user)
    request = replace(request, options=with_glossary(request.user, request.options))
    now = timezone.now()
    account = None
    token = _PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        digest = ""
        if request.user is not None:
            hold_open(request.user)
            account = lock_account_for(request.user)
        else:
            digest = count_anonymous_use(request.address, now=now)
        _check_concurrency(request, address_digest=digest)
        transcript, guest_token = _insert(request, address_digest=digest, now=now)
        LiveSession.objects.create(
            transcript=transcript,
            resume_digest=_digest(token),
            key=request.key,
            has_key=request.key is not None,
            wants_second_pass=request.second_pass and request.user is not None,
        )
        if account is not None:
            place_hold(str(transcript.pk), account=account, minutes=1, kind="live", now=now)
    lease = Lease(transcript.job_id, transcript.job.attempt, lasts_s=settings.LIVE_PAUSE_S)
    return SessionAdmission(
        job=JobRun(lease=lease, row=job_of(transcript)),
        key=request.key,
        resume_token=token,
        guest_token=guest_token,
    )


def check_admission(request: LiveRequest) -> None:
    """Raise what `admit_session` would raise now, and let nothing happen."""
    with transaction.atomic():
        admit_session(request)
        transaction.set_rollback(True)


@sensitive_variables("request")
def resume_session(request: LiveRequest) -> SessionAdmission:
    """Take the session of `request.resume_token` over, from the process that holds it.

    Raises SessionNotFoundError, SessionEndedError, LimitError, StorageUnavailableError.
    """
    session = (
        LiveSession.objects.select_related("transcript__owner", "transcript__job")
        .filter(resume_digest=_digest(request.resume_token))
        .first()
    )
    if session is None or session.transcript.owner != request.user:
        raise SessionNotFoundError
    seen = session.transcript
    with transaction.atomic():
        now = lock_job(seen.job_id)  # its client may be coming back twice
        if now is None:
            raise SessionNotFoundError
        if seen.owner is not None:
            lock_account_for(seen.owner)
        else:
            lock_address(seen.guest_address_digest, now=timezone.now())
        _check_concurrency(request, address_digest=seen.guest_address_digest, besides=seen.job_id)
        _take_over(seen, attempt=now.attempt)
        wakeups.wake(wakeups.SESSION, seen.job_id)  # `live/registry` of its old process
        session.refresh_from_db(fields=["delivered_ms"])
        LiveSession.objects.filter(pk=seen.pk).update(
            key=request.key, has_key=request.key is not None
        )
        lease = Lease(seen.job_id, now.attempt + 1, lasts_s=settings.LIVE_PAUSE_S)
        row = read_job(held_rows(lease))
        if row is None:
            raise SessionNotFoundError
    transcript = row.transcript
    _restore_journal(lease, transcript)
    if not has_epochs(recording_path(transcript).parent):
        # Its process died between the admission and the journal: nothing was received.
        discard_session(open_job(lease, row))
        raise SessionNotFoundError
    logger.info("event=live_resumed transcript_id=%s attempt=%d", seen.pk, lease.attempt)
    known_ms = (request.delivered_ms, session.delivered_ms, row.resume_ms)
    delivered_ms = next(each for each in known_ms if each is not None)
    return SessionAdmission(
        job=open_job(lease, row),
        key=request.key,
        resume_token=request.resume_token,
        # What was recognised on another machine, and not stored when that died, is silence.
        start_samples=max(
            count_samples(recording_path(transcript).parent), row.resume_ms * SAMPLES_A_MS
        ),
        delivered_ms=delivered_ms,
        undelivered=load_undelivered(transcript, delivered_ms=delivered_ms),
    )


def _restore_journal(lease: Lease, transcript: Transcript) -> None:
    """Fetch what another machine journalled; where that can't be, the session waits as before."""
    try:
        restore(recording_path(transcript).parent)
    except StorageUnavailableError:
        held_rows(lease).update(lease_owner="", lease_expires_at=_expiry(timezone.now()))
        raise


def discard_session(job: JobRun) -> None:
    """Undo an admission without audio. Raises nothing if it doesn't exist."""
    with transaction.atomic():
        lock_transcript(job.transcript.pk)
        if not held_rows(job.lease).update(attempt=F("attempt") + 1):
            return
        release_everything(job.row)
        delete_rows(job.transcript)
    delete_recording(job.transcript.recording.path)


def _take_over(seen: Transcript, *, attempt: int) -> None:
    """By compare-and-set: of several, one. A worker that finishes it already is left alone."""
    holdable = Q(lease_owner="") | Q(lease_owner__startswith=LIVE_OWNER)
    rows = TranscriptionJob.objects.filter(
        holdable, pk=seen.job_id, status=Status.PROCESSING, attempt=attempt
    )
    if not rows.update(
        attempt=F("attempt") + 1,
        lease_owner=PROCESS,
        lease_expires_at=_expiry(timezone.now()),
    ):
        raise SessionEndedError(seen)


def _check_concurrency(
    request: LiveRequest, *, address_digest: str, besides: uuid.UUID | None = None
) -> None:
    limit = limits_for(request.user).concurrency
    if limit == 0:
        return
    others = _running_of(request, address_digest)
    if besides is not None:
        others = others.exclude(pk=besides)
    if others.count() >= limit:
        raise LimitError(
            f"You may have {limit} transcription{'s' if limit > 1 else ''} running at once. Wait"
            " for one to finish.",
            retry_after_s=_RETRY_AFTER_S,
            headers={"RateLimit-Policy": f'"live";q={limit};qu="concurrent-requests"'},
        )


def _running_of(request: LiveRequest, address_digest: str) -> QuerySet[TranscriptionJob]:
    if request.user is not None:
        return running().filter(transcript__owner=request.user)
    return running().filter(transcript__owner=None, transcript__guest_address_digest=address_digest)


def _insert(request: LiveRequest, *, address_digest: str, now: datetime) -> tuple[Transcript, str]:
    token, token_digest = ("", "") if request.user is not None else make_guest_token()
    transcript = Transcript(
        owner=request.user,
        guest_address_digest=address_digest,
        guest_token_digest=token_digest,
        title=request.title[:255] or _make_title(request.user, now=now),
        source=Source.LIVE,
        recording=Recording(
            owner=request.user,
            path=f"{uuid.uuid4().hex}/{RECORDING}",
            file_name=f"live-{now:%Y-%m-%d-%H%M%S}.wav",
            container="WAV",
        ),
    )
    transcript.job = TranscriptionJob(
        transcript=transcript,
        kind=JobKind.LIVE,
        **request.options.as_columns(),
        request_id=request_id_var.get(),
        hold_reference="" if request.user is None else str(transcript.pk),
        queue=Queue.SHORT,
        status=Status.PROCESSING,
        attempt=1,
        lease_owner=PROCESS,
        lease_expires_at=_expiry(now),
        started_at=now,
        progressed_at=now,
    )
    insert(transcript)
    return transcript, token


def _make_title(user: User | None, *, now: datetime) -> str:
    """Return "Live, 26 Nov, 11:42" in the person's language and zone; of a guest, in UTC."""
    language, zone = (user.language, user.time_zone) if user is not None else ("en", "UTC")
    with override(language):
        local = now.astimezone(ZoneInfo(zone))
        return gettext("Live, %(day)s, %(time)s") % {
            "day": short_day(local.date()),
            "time": f"{local:%H:%M}",
        }


def _expiry(now: datetime) -> datetime:
    """A session whose process died is resumable for as long as one whose client went."""
    return now + timedelta(seconds=settings.LIVE_PAUSE_S)


def _digest(token: str) -> str:
    """SHA-256 in hex: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
