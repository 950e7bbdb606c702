"""From a voice job that waits to its end: claimed, spoken, marked, finished; never raises for its
fate.

the inference service is away    tried again, three times; then it fails
the engine dies in mid-call      the same, from the beginning: what was made is dropped
the worker dies or hangs         its lease runs out, and another one begins again
cancelled, deleted               the heartbeat or the next sentence notices, and the call is ended
"""

import logging
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections

from billing.ledger import extend_hold, minutes_for
from stt_web.core import media_store
from stt_web.core.durable import sync_new_file
from stt_web.core.errors import ApiError
from stt_web.core.outages import StorageUnavailableError, is_database_away, is_outage
from stt_web.core.request_id import request_id_var
from transcripts.inference.errors import (
    InferenceError,
    ModelNotInstalledError,
    UnsupportedRequestError,
)
from transcripts.inference.language import CancelToken
from transcripts.inference.routing import inference_for
from transcripts.inference.voice import (
    BadTextError,
    NoSuchVoiceError,
    SpeechAccepted,
    SpeechFinished,
    SpeechOrder,
    SpokenChunk,
    synthesize,
)
from transcripts.jobs.lease import LeaseEnd, LeaseLostError, WorkStoppedError, heartbeat
from transcripts.jobs.outages import outages_outlasted
from transcripts.media import open_decoder
from transcripts.services.recordings import delete_recording
from transcripts.voices.errors import EXHAUSTED, NoCreditsForMoreError
from transcripts.voices.finish import complete_voice_job, fail_voice_job
from transcripts.voices.lease import VoiceLease, claim_voice_job, release_voice_job
from transcripts.voices.marking.certificates import find_identity
from transcripts.voices.marking.manifest import sign_wav
from transcripts.voices.marking.riff import WavWriter
from transcripts.voices.models import VoiceJob

logger = logging.getLogger(__name__)

_LONGEST_S = 6 * 3600.0  # of one call; what stands still ends by `PROGRESS_DEADLINE_S`
_FAULTS_OF_REQUEST = (BadTextError, NoSuchVoiceError, UnsupportedRequestError)


@dataclass(frozen=True)
class Made:
    duration_ms: int
    generation_ms: int
    model_used: str
    watermark: str


def run_voice_job(job_id: UUID) -> None:
    claimed = claim_voice_job(job_id)
    if claimed is None:
        return
    lease, job = claimed
    request_id_var.set(job.request_id)
    token = CancelToken(within_s=_LONGEST_S)
    try:
        with (
            heartbeat.hold(lease),
            outages_outlasted(lease, partial(release_voice_job, lease, is_try=False)),
            lease.guard(token.cancel),
        ):
            _run(lease, job, token)
    finally:
        close_old_connections()


def _run(lease: VoiceLease, job: VoiceJob, token: CancelToken) -> None:
    try:
        _work(lease, job, token)
    except LeaseLostError:
        logger.warning("event=voice_lease_lost job_id=%s", job.pk)
    except WorkStoppedError as stop:
        _retry_or_fail(lease, job, EXHAUSTED, is_try=stop.reason is LeaseEnd.STALLED)
    except _FAULTS_OF_REQUEST as error:
        fail_voice_job(lease.rows(), job, ApiError(error.message, code=error.code))
    except ModelNotInstalledError as error:
        failure = ApiError(error.message, code=error.code, status=503)
        fail_voice_job(lease.rows(), job, failure)
    except InferenceError as error:
        failure = ApiError(error.message, code=error.code, status=503)
        _retry_or_fail(lease, job, failure, is_try=True)
    except StorageUnavailableError:
        raise  # an outage, which is outlasted
    except ApiError as error:
        fail_voice_job(lease.rows(), job, error)
    except Exception as error:
        if is_outage(error):  # `outages_outlasted` notes it
            raise
        logger.exception("event=voice_job_broke job_id=%s", job.pk)
        _retry_or_fail(lease, job, EXHAUSTED, is_try=True)


def _work(lease: VoiceLease, job: VoiceJob, token: CancelToken) -> None:
    """A folder of its own, as an upload has: what is left of a worker that died is an orphan."""
    path = f"{uuid.uuid4().hex}/recording"
    target = Path(settings.MEDIA_ROOT) / path
    target.parent.mkdir(parents=True)
    try:
        unsigned = target.with_name("unsigned")
        try:
            made = _speak(lease, job, token, unsigned)
        except InferenceError:
            lease.check()  # that is what ended the call
            raise
        sign_wav(unsigned, target, identity=find_identity(), model=made.model_used)
        unsigned.unlink()
        sync_new_file(target)
        media_store.put(target)
        complete_voice_job(lease, job, path=path, is_signed=True, **vars(made))
    except BaseException as error:
        if not is_database_away(error):  # else it may be stored all the same; orphans are purged
            delete_recording(path)
        raise


def _speak(lease: VoiceLease, job: VoiceJob, token: CancelToken, path: Path) -> Made:
    """Write the speech to `path`. Raises InferenceError, NoCreditsForMoreError, and the lease's."""
    server = inference_for(job.owner).pick(is_begun=True).server
    order = SpeechOrder(
        text=job.text,
        language=job.language,
        engine=job.engine,
        voice=job.voice,
        reference=_read_reference(job),
        seed=job.seed,
    )
    events = synthesize(order, server=server, token=token)
    accepted = next(events)
    if not isinstance(accepted, SpeechAccepted):
        raise InferenceError("The inference service broke the order of its answers.")
    held_minutes = job.estimated_minutes
    finished = SpeechFinished(0, 0, "")
    with WavWriter(path, sample_rate_hz=accepted.sample_rate_hz) as wav:
        for event in events:
            lease.note_progress()
            if isinstance(event, SpokenChunk):
                wav.write(event.pcm)
                held_minutes = _cover(job, wav.duration_ms, held_minutes)
                lease.report(event.sentence + 1, accepted.sentences)
            elif isinstance(event, SpeechFinished):
                finished = event
    if not wav.samples:
        raise BadTextError("The text has nothing that can be spoken.")
    return Made(wav.duration_ms, finished.generation_ms, accepted.engine, finished.watermark)


def _cover(job: VoiceJob, duration_ms: int, held_minutes: int) -> int:
    """Extend the hold where more was made than it was placed for; return what it covers now."""
    needed = minutes_for(duration_ms)
    if needed <= held_minutes:
        return held_minutes
    if not extend_hold(job.hold_reference, total_minutes=needed):
        raise NoCreditsForMoreError
    return needed


def _read_reference(job: VoiceJob) -> bytes:
    if not job.reference_path:
        return b""
    reference = media_store.fetch(Path(settings.MEDIA_ROOT) / job.reference_path)
    with open_decoder(reference) as decoder:
        return b"".join(decoder)


def _retry_or_fail(lease: VoiceLease, job: VoiceJob, error: ApiError, *, is_try: bool) -> None:
    tries = lease.rows().values_list("tries", flat=True).first()
    if tries is None:
        return
    if is_try and (tries >= settings.MAX_STALLED_TRIES or not job.is_asynchronous):
        fail_voice_job(lease.rows(), job, error)
    else:
        release_voice_job(lease, is_try=is_try)
