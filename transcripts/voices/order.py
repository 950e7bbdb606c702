"""From a request to a voice job: everything that may refuse, then one transaction.

The race: two requests of one account, in any two processes, for the last credit or the last place.
How many are open, the hold and the insert are one transaction that first locks the account's row.
"""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.authentication import hold_open
from accounts.models import User
from billing.ledger import minutes_for, place_new_hold
from billing.quotas import Limits, lock_account_for
from billing.request_rates import refuse_more_at_once
from stt_web.core.request_id import request_id_var
from stt_web.core.uploads import Upload
from transcripts.inference.catalog import InferenceUnavailableError
from transcripts.inference.errors import InferenceError
from transcripts.inference.routing import inference_for
from transcripts.inference.servers import Server
from transcripts.models import OPEN_STATUSES
from transcripts.voices.choices import Chosen, choose, fetch_voices
from transcripts.voices.consent import MeasuredReference, check_consent, record_use
from transcripts.voices.errors import SpeechLimitError, VoiceJobNotFoundError
from transcripts.voices.lease import send_voice_job
from transcripts.voices.models import VoiceJob
from transcripts.voices.reference import check_reference

# Measured on the 20 sentences of benchmarks/voices.py: 19 a second by heart, 16.7 by jm_kumo. What
# is made beyond the estimate extends the hold.
CHARACTERS_A_SECOND = 15
_RETRY_AFTER_S = 5


@dataclass(frozen=True, kw_only=True)
class SpeechRequest:
    """What was sent, checked. Either `voice` or `reference`."""

    text: str
    voice: str = ""
    language: str = ""
    engine: str = ""
    seed: int = 0
    has_consent: bool = False
    is_async: bool = False
    reference: Upload | None = None


@dataclass(frozen=True)
class _Prepared:
    chosen: Chosen
    consent: str = ""
    measured: MeasuredReference | None = None


def estimate_minutes(characters: int) -> int:
    """Return the started minutes that a text of so many characters becomes, about."""
    return max(1, minutes_for(1000 * characters // CHARACTERS_A_SECOND))


def order_speech(user: User, request: SpeechRequest, *, limits: Limits) -> VoiceJob:
    """Queue it. Blocks: for a second or two where there is a reference to be checked.

    Raises ApiError: ConsentRequiredError, VoiceReferenceError, those of `choices`,
    SpeechLimitError, NoCreditsError, UploadLostError where the request has ended.
    """
    prepared = _prepare(user, request)
    if request.reference is not None:
        request.reference.sync()
    with transaction.atomic():
        hold_open(user)
        locked = lock_account_for(user)
        _check_concurrency(user, request, limits=limits)
        job = _make_job(user, request, prepared)
        place_new_hold(
            job.hold_reference,
            locked=locked,
            minutes=job.estimated_minutes,
            kind="ai",
            now=timezone.now(),
        )
        if prepared.measured is not None:
            record_use(user, prepared.measured, consent=prepared.consent)
        job.save(force_insert=True)
        if request.reference is not None:
            # Before the commit, so that no row refers to a file that `Upload.end` has deleted.
            request.reference.retain()
        transaction.on_commit(lambda: send_voice_job(job.pk))
    return job


def get_voice_job(user: User, job_id: UUID) -> VoiceJob:
    """Return the user's job. Raises VoiceJobNotFoundError. One query."""
    found = VoiceJob.objects.filter(pk=job_id, owner=user).first()
    if found is None:
        raise VoiceJobNotFoundError
    return found


def _prepare(user: User, request: SpeechRequest) -> _Prepared:
    """Check consent, reference and voice, in this order: nothing is measured without consent, and
    what is wrong with a reference is reported also where no engine could speak in it.
    """
    server = _pick_server(user)
    consent, measured = "", None
    if request.reference is not None:
        consent = check_consent(user, is_sent=request.has_consent)
        measured = _measure(request.reference, server=server)
    chosen = choose(
        fetch_voices(server),
        voice=request.voice,
        engine=request.engine,
        language=request.language,
    )
    return _Prepared(chosen, consent, measured)


def _pick_server(user: User) -> Server:
    try:
        return inference_for(user).pick().server
    except InferenceError as error:
        raise InferenceUnavailableError from error


def _measure(reference: Upload, *, server: Server) -> MeasuredReference:
    try:
        return check_reference(reference.path, sha256=reference.sha256, server=server)
    except InferenceError as error:
        raise InferenceUnavailableError from error


def _check_concurrency(user: User, request: SpeechRequest, *, limits: Limits) -> None:
    open_now = VoiceJob.objects.filter(owner=user, status__in=OPEN_STATUSES).count()
    most = settings.MAX_OPEN_VOICE_JOBS if request.is_async else limits.concurrency
    if most and open_now >= most:
        raise SpeechLimitError(
            f"{open_now} texts of yours are being spoken or waiting. Wait for one of them"
            + ("." if request.is_async else ", or send async=true to queue this one."),
            retry_after_s=_RETRY_AFTER_S,
            headers=refuse_more_at_once(limits),
        )


def _make_job(user: User, request: SpeechRequest, prepared: _Prepared) -> VoiceJob:
    reference = request.reference
    job = VoiceJob(
        owner=user,
        text=request.text,
        characters=len(request.text),
        language=request.language,
        engine=prepared.chosen.engine.id,
        voice=request.voice,
        reference_path="" if reference is None else _below_media_root(reference.path),
        seed=request.seed,
        is_asynchronous=request.is_async,
        request_id=request_id_var.get(),
        estimated_minutes=estimate_minutes(len(request.text)),
    )
    job.hold_reference = str(job.pk)
    return job


def _below_media_root(path: Path) -> str:
    return str(path.relative_to(settings.MEDIA_ROOT))
