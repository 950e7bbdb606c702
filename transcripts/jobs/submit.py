"""From an upload on disk to a queued transcript: everything that may refuse, then one transaction.

    LimitError (ApiError, 429)     concurrency_limit, queue_full; with Retry-After

**Races.** Two requests of one account, in any two processes, may be the same file sent twice, or
the last free slot asked for twice. So "does it run already?", "how many run?", the hold and the
insert happen in one transaction that first locks the account's row (a guest's: counts the use of
the day, an update of the row for that address). PostgreSQL queues the second behind that lock;
SQLite begins every transaction with the write lock. The message to the broker goes out on commit.
"""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import Q, QuerySet, Value
from django.utils import timezone

from accounts.authentication import MissingKeyError, hold_open
from accounts.models import User
from billing.ledger import minutes_for, place_new_hold
from billing.quotas import Limits, lock_account_for
from billing.request_rates import refuse_more_at_once
from stt_web.core.errors import ApiError
from stt_web.core.request_id import request_id_var
from stt_web.core.uploads import Upload
from transcripts.fetching.addresses import check_address, name_of
from transcripts.glossary.terms import with_glossary
from transcripts.inference.catalog import REMEMBERED_S, NotInstalledHereError, check_engines
from transcripts.inference.results import Model
from transcripts.inference.routing import Inference, inference_for
from transcripts.jobs.concurrency import is_detached
from transcripts.jobs.enqueue import enqueue_job
from transcripts.jobs.guest_tries import (
    GuestTry,
    count_try,
    find_address_digest,
    make_token,
)
from transcripts.jobs.models import Queue, TranscriptionJob
from transcripts.media import Pick, Probe, probe
from transcripts.models import OPEN_STATUSES, READABLE_STATUSES, Recording, Source, Transcript
from transcripts.options import AUTO, TranscriptionOptions
from transcripts.services.job_status import insert
from transcripts.services.note_templates import check_processing
from transcripts.services.recordings import read_recorded_at
from transcripts.text.languages import LANGUAGE_NAMES

logger = logging.getLogger(__name__)
_NOT_HERE_YET = Probe(container="", codec="", duration_ms=0, channels=0, rate_hz=0, has_video=False)
P = ParamSpec("P")
T = TypeVar("T")

_RETRY_AFTER_S = 10
# Probing starts a process and waits for it, and the catalogue may ask the network: neither may
# hold up the threads that all requests share. Bounded: more uploads than this wait here.
_preparers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="prepare")
# Admission waits for the account's lock, and holds it: in few threads, it neither takes those that
# all requests share, nor is the lock held while seven others compete for Python's. Measured, 200
# submissions of one account at once: p95 20 ms a step with 2 threads, 140 ms with 8; as many a
# second. Each thread has a connection to the database.
ADMITTING_THREADS = 2
_admitters = ThreadPoolExecutor(ADMITTING_THREADS, thread_name_prefix="admit")


class LimitError(ApiError):
    """As many as the plan allows are running at once; with Retry-After."""

    status = 429
    code = "concurrency_limit"


class QueueFullError(LimitError):
    """As many recordings of the account as may are waiting already; with Retry-After."""

    code = "queue_full"


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A recording and who wants it transcribed. `user` None: a guest at `address`, or whose try
    counts already.

    `resolved_model` is the model that answers to `options.model` now, as far as that is known.
    `is_transient`: it is deleted once it is answered, so none joins it, and it joins none.
    """

    user: User | None
    address: str
    limits: Limits
    upload: Upload
    options: TranscriptionOptions
    is_async: bool
    source: Source = Source.API
    resolved_model: str = ""
    is_transient: bool = False
    guest_try: GuestTry | None = None

    @property
    def url(self) -> str:
        """Where a worker fetches the recording; empty: it is here."""
        return self.upload.fields.get("url", "").strip() if not self.upload.size else ""


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """`guest_token` is set for a guest's transcript, this once, unless the guest has one."""

    transcript: Transcript
    is_joined: bool = False
    guest_token: str = ""


async def submit_recording(submission: Submission) -> Submitted:
    """Queue a transcription, or join one: the same file and options of the same account.

    Raises ApiError: 400 not transcribable or an unknown model, 402 no credits, 429 a limit,
    503 the model or the language is not installed, or inference is down.
    """
    if submission.url:
        if submission.user is None:
            raise MissingKeyError
        check_address(submission.url)
    inference = await sync_to_async(inference_for)(submission.user)
    options = await sync_to_async(with_glossary)(submission.user, submission.options)
    submission = replace(submission, options=options)
    resolved_model = await _resolve_model(inference, submission.options)
    submission = replace(submission, resolved_model=resolved_model)
    running = await sync_to_async(_find_running)(submission)
    submitted = Submitted(transcript=running, is_joined=True) if running is not None else None
    if submitted is None:
        submitted = await _prepare_and_admit(inference, submission)
    if submitted.is_joined:
        logger.info("event=transcript_joined transcript_id=%s", submitted.transcript.pk)
        # Now, and not when the wait is over: it is there already.
        await _in_background(submission.upload.remove)
    return submitted


async def _resolve_model(inference: Inference, options: TranscriptionOptions) -> str:
    """Return the model that would run now; empty where that is unknown, which is no refusal yet."""
    try:
        return (await _resolve_now(inference, options)).id
    except ApiError:
        return ""


async def _resolve_now(inference: Inference, options: TranscriptionOptions) -> Model:
    """Return the model that runs, or ran when inference was last seen: a recording can wait."""
    resolve = partial(inference.resolve_model, stale_s=REMEMBERED_S)
    return await _in_background(resolve, options.model)


async def _prepare_and_admit(inference: Inference, submission: Submission) -> Submitted:
    model = await _resolve_now(inference, submission.options)
    check_model_can(model, submission.options)
    await _in_background(check_engines_can, inference, submission.options)
    admit = sync_to_async(_admit_in_thread, thread_sensitive=False, executor=_admitters)
    if submission.url:
        return await admit(submission, _NOT_HERE_YET)
    pick = pick_of_options(submission.options)
    found = await _in_background(partial(probe, submission.upload.path, pick=pick))
    # Before the commit that accepts it, and before the account's lock, which others wait for.
    await _in_background(submission.upload.sync)
    return await admit(submission, found)


def pick_of_options(options: TranscriptionOptions) -> Pick:
    """Return the track and channel that were asked for by number."""
    return Pick(
        track=int(options.track) if options.track.isdigit() else 0,
        channel=int(options.channels) if options.channels.isdigit() else 0,
    )


async def _in_background(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    run = sync_to_async(function, thread_sensitive=False, executor=_preparers)
    return await run(*args, **kwargs)


def _admit_in_thread(submission: Submission, found: Probe) -> Submitted:
    """Outside of a request, so that its connection's age is ours to manage."""
    close_old_connections()
    try:
        return admit_recording(submission, found, now=timezone.now())
    finally:
        close_old_connections()


def check_model_can(model: Model, options: TranscriptionOptions) -> None:
    """Raise ApiError 503 `not_installed` if the model that would run lacks language or task."""
    for wanted in filter(None, (options.language, *options.languages)):
        if wanted not in model.languages:
            name = LANGUAGE_NAMES[wanted].title()
            raise _not_installed(f"{model.id}, which runs here, does not know {name}.", wanted)
    if options.is_multilingual and not model.detects_language:
        reason = f"{model.id}, which runs here, knows one language alone."
        raise _not_installed(reason, "multilingual")
    if options.task == "translate" and not model.can_translate:
        raise _not_installed(f"{model.id}, which runs here, can't translate.", "translation")


def check_engines_can(inference: Inference, options: TranscriptionOptions) -> None:
    """Raise ApiError 503 `not_installed` where a named diarizer or aligner is not there."""
    if {options.diarizer, options.aligner} - {AUTO}:
        check_engines(inference.list_models(stale_s=REMEMBERED_S), options)


def fingerprint_of(sha256: str, options: TranscriptionOptions) -> str:
    """Return SHA-256 over the file's digest and the options: not the format of the answer."""
    asked = json.dumps([sha256, options.as_json()], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def _find_running(submission: Submission) -> Transcript | None:
    """Return the account's transcript of the same request, if it is open or can be read."""
    if submission.user is None or submission.is_transient:
        return None  # one guest must not be given another's, who shares the address
    return (
        Transcript.objects.filter(pk__in=_of_same_request(submission).values("transcript"))
        .order_by("-created_at")
        .first()
    )


def _of_same_request(submission: Submission) -> QuerySet[TranscriptionJob]:
    """What another model than today's wrote is no answer: a better one may be there by now."""
    is_todays = Q(status__in=OPEN_STATUSES)
    if submission.url:
        pass  # by tomorrow another recording may be there
    elif submission.resolved_model:
        is_todays |= Q(status__in=READABLE_STATUSES, model_used=submission.resolved_model)
    else:
        is_todays |= Q(status__in=READABLE_STATUSES)
    digest = _digest_of(submission)
    return TranscriptionJob.objects.filter(
        is_todays,
        transcript__owner=submission.user,
        fingerprint=fingerprint_of(digest, submission.options),
        created_at__gte=timezone.now() - timedelta(seconds=settings.JOIN_WINDOW_S),
    )


def _digest_of(submission: Submission) -> str:
    """Return what stands for the recording: its SHA-256, or its address until it is here."""
    return f"url:{submission.url}" if submission.url else submission.upload.sha256


def admit_recording(submission: Submission, found: Probe, *, now: datetime) -> Submitted:
    """Queue it or join the same one, and hold what it may cost: the one transaction of all limits.

    Nine statements at most, all but the first under the account's lock.
    Raises NoCreditsError (402), LimitError (429), AnonymousLimitError (429), UploadLostError where
    the request has ended; then nothing moved.
    """
    check_processing(submission.options, submission.user)
    # What needs no lock is made before it is taken: others wait for it.
    transcript, token = _make_transcript(submission, found, now=now)
    with transaction.atomic():
        if submission.user is not None:
            joined = _admit_owner(submission.user, submission, transcript, now=now)
            if joined is not None:
                return Submitted(transcript=joined, is_joined=True)
        else:
            transcript.guest_address_digest = count_try(
                submission.guest_try, address=submission.address, now=now
            )
            _check_concurrency(submission, _count_open(submission).open)
        insert(transcript)
        # Before the commit, so that no row refers to a file that `Upload.end` has deleted. Where
        # the commit fails, `purge_orphans` finds the folder.
        if not submission.url:
            submission.upload.retain()
        transaction.on_commit(partial(enqueue_job, transcript.job))
    return Submitted(transcript=transcript, guest_token=token)


def _admit_owner(
    user: User, submission: Submission, transcript: Transcript, *, now: datetime
) -> Transcript | None:
    """Hold what the transcript may cost, or return the one to join; locks the account."""
    hold_open(user)
    locked = lock_account_for(user)
    counted = _count_open(submission)
    if counted.same and (joined := _find_running(submission)) is not None:
        return joined
    _check_concurrency(submission, counted.open)
    minutes = max(1, minutes_for(transcript.recording.probed_ms))
    place_new_hold(str(transcript.pk), locked=locked, minutes=minutes, now=now)
    return None


class _Counted(NamedTuple):
    """How many transcripts of the same owner are open, and are of the same request."""

    open: int
    same: int


def _count_open(submission: Submission) -> _Counted:
    """One query, on the indexes of open transcripts and of fingerprints, for any history."""
    is_open = Q(transcript__status__in=OPEN_STATUSES, status__in=OPEN_STATUSES) & ~is_detached()
    jobs = TranscriptionJob.objects.filter(is_open)
    if submission.user is None:
        digest = find_address_digest(submission.guest_try, address=submission.address)
        mine = jobs.filter(transcript__owner=None, transcript__guest_address_digest=digest)
        return _Counted(open=mine.count(), same=0)
    running = jobs.filter(transcript__owner=submission.user).values_list("pk", Value("open"))
    same = _of_same_request(submission).values_list("pk", Value("same"))
    counted = Counter(name for _, name in running.union(same, all=True))
    return _Counted(open=counted["open"], same=counted["same"])


def _check_concurrency(submission: Submission, open_now: int) -> None:
    limit = submission.limits.concurrency
    if limit == 0:
        return
    if submission.is_async and submission.user is not None:
        # Asynchronous work may wait; its queue is long, not endless.
        if open_now >= settings.MAX_OPEN_TRANSCRIPTS:
            raise QueueFullError(
                f"{settings.MAX_OPEN_TRANSCRIPTS} recordings of yours are waiting already.",
                retry_after_s=60,
            )
        return
    if open_now >= limit:
        way_out = (
            "send async=true to queue this one"
            if submission.user is not None
            else "sign up for a free key, with which more can run and wait"
        )
        raise LimitError(
            f"You may have {limit} transcription{'s' if limit > 1 else ''} running at once. Wait"
            f" for one to finish, or {way_out}.",
            retry_after_s=_RETRY_AFTER_S,
            headers=refuse_more_at_once(submission.limits),
        )


def _make_transcript(
    submission: Submission, found: Probe, *, now: datetime
) -> tuple[Transcript, str]:
    """Return the row, not saved yet, and a new token of a guest for it, where there is none yet."""
    upload, options = submission.upload, submission.options
    is_guest = submission.user is None
    token, token_digest = make_token(submission.guest_try) if is_guest else ("", "")
    is_short = 0 < found.duration_ms <= settings.SHORT_RECORDING_MS
    transcript = Transcript(
        owner=submission.user,
        guest_token_digest=token_digest,
        title=Path(upload.file_name or name_of(submission.url)).stem[:255],
        source=submission.source,
        recording=Recording(
            owner=submission.user,
            path="" if submission.url else str(upload.path.relative_to(settings.MEDIA_ROOT)),
            url=submission.url,
            file_name=upload.file_name or name_of(submission.url),
            size_bytes=upload.size,
            container=found.container[:40],
            probed_ms=found.duration_ms,
            recorded_at=read_recorded_at(found.recorded_at, now=now),
            sha256="" if submission.url else upload.sha256,
        ),
    )
    transcript.job = TranscriptionJob(
        transcript=transcript,
        **options.as_columns(),
        fingerprint=(
            ""  # nothing joins it
            if submission.is_transient
            else fingerprint_of(_digest_of(submission), options)
        ),
        is_transient=submission.is_transient,
        request_id=request_id_var.get(),
        is_asynchronous=submission.is_async,
        hold_reference="" if submission.user is None else str(transcript.pk),
        queue=Queue.SHORT if is_short else Queue.BULK,
        enqueued_at=now,
        enqueue_count=1,
    )
    return transcript, token


def _not_installed(reason: str, wanted: str) -> NotInstalledHereError:
    return NotInstalledHereError(
        f"{reason} Install one of Whisper's models for it:"
        " run `python -m inference_service.catalog pull small`.",
        extra={"missing": wanted},
    )
