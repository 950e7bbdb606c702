"""The first stage: the recording is decoded and recognised, window by window.

Each window is stored as it comes. When the inference service dies, is full or hangs, the stage
goes on from the last stored window with a new call, inside the same claim; that ends with the
lease, which has a deadline for no progress (`jobs/lease`).
"""

import logging
import random

from transcripts.inference.client import TranscribeCall, start_transcribe
from transcripts.inference.errors import (
    BrokenAnswerError,
    InferenceError,
    UnavailableError,
)
from transcripts.inference.freeze_detection import cancel_when_frozen
from transcripts.inference.results import (
    Accepted,
    Finished,
    LanguageDetected,
    TranscribeOptions,
    WindowResult,
)
from transcripts.inference.routing import Route, inference_for
from transcripts.jobs import results
from transcripts.jobs.language_doubt import note_doubt
from transcripts.jobs.lease import LeaseEnd, WorkStoppedError
from transcripts.jobs.models import Queue, TranscriptionJob
from transcripts.jobs.pcm_feed import HoldExtender, PcmFeed
from transcripts.jobs.results import JobRun
from transcripts.jobs.stages.sources import finish_pass, note_language, prepare_passes
from transcripts.jobs.unaligned_words import warn_of_unaligned_windows
from transcripts.media.decoder import Decoder, open_decoder
from transcripts.media.errors import DecoderDiedError, MediaError
from transcripts.media.passes import Passes
from transcripts.services.recordings import local_recording

logger = logging.getLogger(__name__)

FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 5.0
# A service that fails inside (or a decoder that dies) this often in a row, on the same audio,
# would go on doing so: end the try. A service that is merely away is waited for.
MAX_BROKEN_TRIES = 5


def recognise(job: JobRun) -> None:
    """Recognise what is not recognised yet.

    Raises `InferenceError` and `MediaError` where another try can't help, `LeaseLostError`,
    `WorkStoppedError`.
    """
    failures = 0
    while not job.row.audio_duration_ms:
        before = _reached(job)
        try:
            _stream(job, prepare_passes(job))
            failures = 0
        except (InferenceError, DecoderDiedError) as error:
            job.lease.check()
            if not error.retryable:
                raise
            failures = 1 if _reached(job) > before else failures + 1
            _note_failure(job, error)
            job.lease.wait(retry_delay_s(failures))


def _reached(job: JobRun) -> tuple[int, int]:
    return (0, 0) if job.passes is None else (job.passes.index, job.passes.resume_ms)


def retry_delay_s(failures: int) -> float:
    """Return how long to wait after so many failures in a row: doubling, jittered by half."""
    delay_s = min(FIRST_RETRY_S * 2.0 ** min(failures - 1, 10), LONGEST_RETRY_S)
    jitter: float = random.uniform(0.5, 1.5)  # noqa: S311  # spreads load, hides nothing
    return delay_s * jitter


def _note_failure(job: JobRun, error: InferenceError | DecoderDiedError) -> None:
    logger.warning(
        "event=recognition_interrupted transcript_id=%s code=%s resume_ms=%d",
        job.transcript.pk,
        error.code,
        job.row.resume_ms,
    )
    job.last_failure = error.code
    if isinstance(error, BrokenAnswerError | DecoderDiedError):
        job.broken_tries += 1
    if job.broken_tries >= MAX_BROKEN_TRIES:
        raise WorkStoppedError(LeaseEnd.STALLED)


def _stream(job: JobRun, passes: Passes) -> None:
    """Make one call, from the resume point of the source at hand to the end of the recording."""
    transcript = job.transcript
    route = inference_for(transcript.owner).pick(
        model=job.row.model_used or job.row.model_requested,
        is_begun=bool(job.row.model_used),
    )
    path = local_recording(transcript)
    source = passes.current
    with open_decoder(path, start_ms=passes.resume_ms, pick=source.pick) as decoder:
        meter = HoldExtender(job.lease, job.row, held_for_ms=transcript.recording.probed_ms)
        feed = PcmFeed(decoder, meter)
        call = start_transcribe(_options(job.row, passes), feed, server=route.server)
        try:
            with job.lease.guard(call.cancel), cancel_when_frozen(call, route.server):
                finished = _take_events(job, call, route)
        except InferenceError as error:
            # What broke on our side of the call is the cause, not what gRPC made of it.
            if feed.error is not None and not isinstance(feed.error, MediaError):
                raise feed.error from error
            raise
        finally:
            call.cancel()
            feed.close()
        _conclude(job, feed, decoder, finished)


def _options(row: TranscriptionJob, passes: Passes) -> TranscribeOptions:
    """What is pinned is sent again: model and language must not change half-way a source.

    A language that was detected is no more than that: single windows may be in another one.
    """
    found = passes.current.language if passes.are_several else row.language
    return TranscribeOptions(
        asked=row.options,
        model=row.model_used or row.model_requested,
        language=row.language_requested,
        detected_language="" if row.language_requested else found,
        with_speaker_turns=row.diarize and not passes.current.is_speaker,
        priority="short" if row.queue == Queue.SHORT else "bulk",
        offset_ms=passes.resume_ms,
        expected_duration_ms=row.transcript.recording.probed_ms,
    )


def _take_events(job: JobRun, call: TranscribeCall, route: Route) -> Finished:
    for event in call:
        job.lease.check()
        route.check()
        if isinstance(event, Finished):
            return event
        if isinstance(event, WindowResult):
            _take_window(job, event)
        elif isinstance(event, LanguageDetected):
            take_language(job, event)
            note_language(job, event.language)
        else:
            _take_accepted(job, event)
    raise UnavailableError("The inference service ended a call before its end.")


def _take_accepted(job: JobRun, accepted: Accepted) -> None:
    results.store_accepted(job, accepted)
    pinned = job.row.embedder
    is_asked = job.row.diarize and not _is_speaker(job)
    if is_asked and pinned and accepted.embedder != pinned:
        results.store_warning(
            job,
            "speakers_failed",
            "The server's speaker model changed during the work: speakers could not be separated.",
        )


def _is_speaker(job: JobRun) -> bool:
    """Whether the source at hand is a person: then it is not diarized."""
    return job.passes is not None and job.passes.current.is_speaker


def take_language(job: JobRun, detected: LanguageDetected) -> None:
    """Pin the language, and warn where it was neither given nor detectable.

    No language is no guess: there was no speech to detect it by.
    """
    results.store_language(job, detected)
    if detected.language and not detected.detected and not job.row.language_requested:
        results.store_warning(
            job,
            "language_not_detected",
            f"The model {job.row.model_used} can't detect languages:"
            f" the recording was taken for {detected.language!r}.",
        )


def _take_window(job: JobRun, window: WindowResult) -> None:
    if window.start_ms < prepare_passes(job).resume_ms:
        raise BrokenAnswerError("The inference service sent a span twice.")
    if window.resume_ms > window.start_ms or window.segments or window.gaps:
        results.store_window(job, window)
        note_doubt(job, window)


def _conclude(job: JobRun, feed: PcmFeed, decoder: Decoder, finished: Finished) -> None:
    """Store the end of the audio, and warnings about how it was recognised."""
    if isinstance(feed.error, MediaError):
        if not job.has_text:
            raise feed.error
        results.store_warning(job, feed.error.code, feed.error.message)
    elif feed.error is not None:
        raise feed.error
    warn_of_unaligned_windows(job, finished)
    passes = prepare_passes(job)
    if not finished.audio_duration_ms and passes.is_last and not passes.audio_duration_ms:
        raise MediaError("empty_file", "The recording holds no audio.")
    for code, message in decoder.warnings:
        results.store_warning(job, code, message)
    if finished.enhancer:
        results.store_warning(
            job,
            "enhanced",
            f"Recognised with and without its noise ({finished.enhancer}): the text without it was"
            f" likelier in {finished.enhanced_windows} windows of up to half a minute.",
        )
    elif job.row.options.enhance:
        results.store_warning(
            job, "not_enhanced", "This inference server can't enhance: update it."
        )
    if feed.ran_out_of_credits:
        results.store_warning(
            job,
            "credits_ran_out",
            "The recording is longer than your minutes and credits: its rest was not transcribed.",
        )
    finish_pass(
        job,
        audio_duration_ms=finished.audio_duration_ms,
        unreadable_ms=decoder.unreadable_ms,
        pauses_ms=decoder.pauses_ms,
    )
