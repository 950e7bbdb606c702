"""From an upload on disk to a queued transcript: everything that may refuse, then one transaction.

    LimitError (ApiError, 429)     concurrency_limit, queue_full; with Retry-After

**Races.** Two requests of one account, in any two processes, may be the same file sent twice, or
the last free slot asked for twice. So "does it run already?", "how many run?", the hold and the
insert happen in one transaction that first locks the account's row (a visitor's: counts the use of
the day, an update of the row for that address). PostgreSQL queues the second behind that lock;
SQLite begins every transaction with the write lock. The reads in that transaction are two, both on
an index. The message to the broker goes out on commit.
"""

import hashlib
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.client_address import digest_address
from accounts.models import User
from billing.ledger import minutes_for, place_hold
from billing.models import BillingAccount
from billing.quotas import Limits, account_for, count_anonymous_use
from stt_web.errors import ApiError
from stt_web.request_id import request_id_var
from stt_web.uploads import Upload
from transcripts.inference.results import Model
from transcripts.inference.routing import inference_for
from transcripts.languages import LANGUAGE_NAMES
from transcripts.media import Probe, probe
from transcripts.models import OPEN_STATUSES, READABLE_STATUSES, Queue, Transcript
from transcripts.services.dispatch import enqueue
from transcripts.services.visitors import make_visitor_token

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

_RETRY_AFTER_S = 10
# Probing starts a process and waits for it, and the catalogue may ask the network: neither may
# hold up the threads that all requests share. Bounded: more uploads than this wait here.
_preparers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="prepare")


class LimitError(ApiError):
    status = 429
    code = "concurrency_limit"


@dataclass(frozen=True, kw_only=True)
class TranscriptionOptions:
    """What was asked for, checked. `language` empty: detect it. `speakers` 0: find the number."""

    model: str = "large-v3-turbo"
    language: str = ""
    task: str = "transcribe"
    diarize: bool = True
    speakers: int = 0
    prompt: str = ""
    hot_words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A recording and who wants it transcribed. `user` None: a visitor at `address`.

    `model_here` is the model that answers to `options.model` now, as far as that is known.
    """

    user: User | None
    address: str
    limits: Limits
    upload: Upload
    options: TranscriptionOptions
    is_async: bool
    model_here: str = ""


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """`visitor_token` is set for a visitor's transcript, this once."""

    transcript: Transcript
    is_joined: bool = False
    visitor_token: str = ""


async def submit_recording(submission: Submission) -> Submitted:
    """Queue a transcription, or join one: the same file and options of the same account.

    Raises ApiError: 400 not transcribable or an unknown model, 402 no credits, 429 a limit,
    503 the model or the language is not installed, or inference is down.
    """
    submission = replace(submission, model_here=await _find_model_here(submission))
    running = await sync_to_async(_find_running)(submission)
    submitted = Submitted(transcript=running, is_joined=True) if running is not None else None
    if submitted is None:
        submitted = await _prepare_and_admit(submission)
    if submitted.is_joined:
        logger.info("event=transcript_joined transcript_id=%s", submitted.transcript.pk)
        # Now, and not when the wait is over: it is there already.
        await _in_background(submission.upload.remove)
    return submitted


async def _find_model_here(submission: Submission) -> str:
    """Return the model that would run now; empty where nobody can say, which is no refusal yet."""
    inference = await sync_to_async(inference_for)(submission.user)
    try:
        return (await _in_background(inference.resolve_model, submission.options.model)).id
    except ApiError:
        return ""


async def _prepare_and_admit(submission: Submission) -> Submitted:
    inference = await sync_to_async(inference_for)(submission.user)
    model = await _in_background(inference.resolve_model, submission.options.model)
    check_model_can(model, submission.options)
    found = await _in_background(probe, submission.upload.path)
    return await sync_to_async(admit_recording)(submission, found, now=timezone.now())


async def _in_background(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    run = sync_to_async(function, thread_sensitive=False, executor=_preparers)
    return await run(*args, **kwargs)


def check_model_can(model: Model, options: TranscriptionOptions) -> None:
    """Raise ApiError 503 `not_installed` if the model that would run lacks language or task."""
    wanted = options.language
    if wanted and wanted not in model.languages:
        raise _not_installed(
            f"{model.id}, which runs here, does not know {LANGUAGE_NAMES[wanted].title()}.", wanted
        )
    if options.task == "translate" and not model.can_translate:
        raise _not_installed(f"{model.id}, which runs here, can't translate.", "translation")


def fingerprint_of(sha256: str, options: TranscriptionOptions) -> str:
    """Return SHA-256 over the file's digest and the options: not the format of the answer."""
    asked = [
        sha256,
        options.model,
        options.language,
        options.task,
        options.diarize,
        options.speakers,
        options.prompt,
        list(options.hot_words),
    ]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _find_running(submission: Submission) -> Transcript | None:
    """Return the account's transcript of the same request, if it is open or can be read.

    What another model than today's wrote is no answer: a better one may be installed meanwhile.
    """
    if submission.user is None:
        return None  # one visitor must not be given another's, who shares the address
    since = timezone.now() - timedelta(seconds=settings.JOIN_WINDOW_S)
    is_todays = Q(status__in=OPEN_STATUSES) | Q(model_used=submission.model_here)
    return (
        Transcript.objects.filter(
            is_todays if submission.model_here else Q(),
            owner=submission.user,
            fingerprint=fingerprint_of(submission.upload.sha256, submission.options),
            status__in=(*OPEN_STATUSES, *READABLE_STATUSES),
            created_at__gte=since,
        )
        .order_by("-created_at")
        .first()
    )


def admit_recording(submission: Submission, found: Probe, *, now: datetime) -> Submitted:
    """Queue it or join the same one, and hold what it may cost: the one transaction of all limits.

    Raises NoCreditsError (402), LimitError (429), AnonymousLimitError (429); then nothing moved.
    """
    user = submission.user
    account = account_for(user) if user is not None else None
    with transaction.atomic():
        if account is not None:
            BillingAccount.objects.select_for_update(of=("self",)).get(pk=account.pk)
            digest = ""
            joined = _find_running(submission)
            if joined is not None:
                return Submitted(transcript=joined, is_joined=True)
        else:
            digest = count_anonymous_use(submission.address, now=now)
        _check_concurrency(submission)
        submitted = _insert(submission, found, address_digest=digest)
        transcript = submitted.transcript
        if account is not None:
            minutes = max(1, minutes_for(transcript.probed_ms))
            place_hold(str(transcript.pk), account=account, minutes=minutes)
        transaction.on_commit(submission.upload.keep)
        transaction.on_commit(lambda: enqueue(transcript.pk))
    return submitted


def _check_concurrency(submission: Submission) -> None:
    limit = submission.limits.concurrency
    if limit == 0:
        return
    open_now = Transcript.objects.filter(_of_same_owner(submission), status__in=OPEN_STATUSES)
    if submission.is_async and submission.user is not None:
        # Asynchronous work may wait; its queue is long, not endless.
        if open_now.count() >= settings.MAX_OPEN_TRANSCRIPTS:
            raise LimitError(
                f"{settings.MAX_OPEN_TRANSCRIPTS} recordings of yours are waiting already.",
                code="queue_full",
                retry_after_s=60,
            )
        return
    if open_now.count() >= limit:
        raise LimitError(
            f"You may have {limit} transcription{'s' if limit > 1 else ''} running at once. Wait"
            " for one to finish, or send async=true to queue this one.",
            retry_after_s=_RETRY_AFTER_S,
            headers={"RateLimit-Policy": f'"live";q={limit};qu="concurrent-requests"'},
        )


def _of_same_owner(submission: Submission) -> Q:
    if submission.user is not None:
        return Q(owner=submission.user)
    return Q(owner=None, anonymous_address_digest=digest_address(submission.address))


def _insert(submission: Submission, found: Probe, *, address_digest: str) -> Submitted:
    upload, options = submission.upload, submission.options
    token, token_digest = ("", "") if submission.user is not None else make_visitor_token()
    is_short = 0 < found.duration_ms <= settings.SHORT_RECORDING_MS
    transcript = Transcript.objects.create(
        owner=submission.user,
        anonymous_address_digest=address_digest,
        anonymous_token_digest=token_digest,
        title=Path(upload.file_name).stem[:255],
        file_name=upload.file_name,
        recording=str(upload.path.relative_to(settings.MEDIA_ROOT)),
        size_bytes=upload.size,
        container=found.container[:40],
        probed_ms=found.duration_ms,
        model_requested=options.model,
        language_requested=options.language,
        task=options.task,
        diarize=options.diarize,
        speakers_requested=options.speakers,
        prompt=options.prompt,
        hot_words=list(options.hot_words),
        fingerprint=fingerprint_of(upload.sha256, options),
        request_id=request_id_var.get(),
        is_asynchronous=submission.is_async,
        queue=Queue.SHORT if is_short else Queue.BULK,
    )
    return Submitted(transcript=transcript, visitor_token=token)


def _not_installed(reason: str, wanted: str) -> ApiError:
    return ApiError(
        f"{reason} Install one of Whisper's models for it:"
        " run `python -m inference_service.catalog pull small`.",
        code="not_installed",
        status=503,
        extra={"missing": wanted},
    )
