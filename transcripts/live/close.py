"""How a session's hold on its transcript ends: finished, paused, or handed to a worker. Blocks.

Each is fenced like every write; if one of them doesn't happen, because the process dies, the
sweeper does by and by (`jobs/sweep`).
"""

import logging
import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from stt_web.core import media_store
from stt_web.core.outages import StorageUnavailableError
from transcripts.exports.document import load_document
from transcripts.jobs import lease as leases
from transcripts.jobs import results
from transcripts.jobs.concurrency import enqueue_next
from transcripts.jobs.enqueue import enqueue
from transcripts.jobs.lease import Lease, LeaseLostError, held_rows
from transcripts.jobs.models import JobKind
from transcripts.jobs.results import JobRun
from transcripts.jobs.stages.finalize import finalize
from transcripts.live.admission import discard_session
from transcripts.live.journal import (
    SAMPLES_A_MS,
    Journal,
    assemble,
    count_samples,
    seal,
)
from transcripts.live.journal_parts import restore
from transcripts.media.errors import MediaError
from transcripts.models import Transcript
from transcripts.services.recordings import recording_path

logger = logging.getLogger(__name__)

_WHOLE_WITHIN_S = 600
# Text is stored at once, audio every `journal_parts.PART_S`: what a process that dies loses of it.
_RECOGNISED_AHEAD_MS = 5000
_ALL_LOST = (
    "The audio of this session was lost with the server that received it: none of it reached the"
    " storage. Nothing was charged."
)
_CLOSING = f"closing:{socket.gethostname()}:{os.getpid()}"[:100]


@dataclass(frozen=True, kw_only=True)
class FinalResult:
    text: str
    language: str
    audio_duration_ms: int
    credits_charged: int
    warnings: tuple[dict[str, Any], ...]


def assemble_journal(job: JobRun) -> None:
    """The first stage of a live session's job where a worker finishes it: its recording.

    Idempotent. What was recognised to the end already is not recognised again.
    """
    transcript = job.transcript
    if job.row.kind != JobKind.LIVE:
        return
    folder = recording_path(transcript).parent
    if not media_store.fetch(recording_path(transcript)).exists():
        restore(folder)
    if count_samples(folder) == 0 and not job.row.resume_ms and not job.row.journalled_ms:
        # Its process died before any audio was journalled: as if it had never been opened.
        discard_session(job)
        raise LeaseLostError
    if media_store.is_remote():
        _check_whole(job, held_ms=count_samples(folder) // SAMPLES_A_MS)
    samples = assemble(folder, least_samples=_recognised_samples(job))
    store_recording(job, samples=samples)
    journalled_ms = samples // SAMPLES_A_MS
    if journalled_ms and job.row.resume_ms >= journalled_ms:
        results.write_fenced(job, audio_duration_ms=journalled_ms)


def _recognised_samples(job: JobRun) -> int:
    """Where there is a bucket, a machine that died takes up to `PART_S` along that were recognised:
    silence in the recording."""
    return job.row.resume_ms * SAMPLES_A_MS if media_store.is_remote() else 0


def _check_whole(job: JobRun, *, held_ms: int) -> None:
    """Wait for audio that was journalled and is not in the bucket yet: the bucket was away, and the
    process that has it puts it later (`journal_parts.put_rest`). A machine that never comes back is
    waited for no longer than `_WHOLE_WITHIN_S`, of which only what the bucket answers counts; then
    the text stands, and what is missing is silence.

    Raises StorageUnavailableError, which is no try; MediaError where there is neither sound nor
    text.
    """
    row = job.row
    missing_ms = max(row.journalled_ms, row.resume_ms) - held_ms
    if row.journalled_ms <= held_ms and missing_ms <= _RECOGNISED_AHEAD_MS:
        return
    if row.awaited_s < _WHOLE_WITHIN_S:
        logger.warning("event=live_journal_waits transcript_id=%s", job.transcript.pk)
        wait_s = max(1, round(settings.LEASE_S))
        results.write_fenced(job, awaited_s=row.awaited_s + wait_s)
        job.lease.wait(wait_s)
        raise StorageUnavailableError
    if held_ms == 0 and row.resume_ms == 0:
        raise MediaError("recording_missing", _ALL_LOST)
    results.store_warning(
        job,
        "recording_incomplete",
        f"The last {missing_ms / 1000:.0f} s of the recording were lost with the server that"
        " received them. The text has what was recognised of them.",
    )


def store_recording(job: JobRun, *, samples: int) -> None:
    recording = job.transcript.recording
    recording.probed_ms = samples // SAMPLES_A_MS
    recording.size_bytes = recording_path(job.transcript).stat().st_size
    with transaction.atomic():
        results.write_fenced(job, lease_expires_at=job.lease.next_expiry())
        recording.save(update_fields=["probed_ms", "size_bytes"])


def finish(job: JobRun, journal: Journal, *, audio_duration_ms: int) -> FinalResult:
    """Make the recording, finalize, and enqueue the account's next job.

    From the first statement on no one takes it over any more (`admission.resume_session`): else the
    recording could be made while another process begins the next epoch. Raises `LeaseLostError`,
    OSError, StorageUnavailableError.
    """
    results.write_fenced(
        job,
        lease_owner=_CLOSING,
        lease_expires_at=job.lease.next_expiry(),
        journalled_ms=journal.samples // SAMPLES_A_MS,
    )
    job.lease.note_progress()
    with leases.heartbeat.hold(job.lease):  # a bucket takes a while for hours of sound
        samples = seal(journal)
    store_recording(job, samples=samples)
    results.write_fenced(job, audio_duration_ms=audio_duration_ms)
    finalize(job)
    enqueue_next(job.transcript.owner)
    return FinalResult(
        text=read_transcript_text(job.transcript),
        language=job.row.language,
        audio_duration_ms=audio_duration_ms,
        credits_charged=job.row.credits_charged,
        warnings=tuple(job.row.warnings),
    )


def pause(job: JobRun, *, journalled_ms: int) -> bool:
    """Hold the session no more; for a while it may be resumed, and then it is finished."""
    until = timezone.now() + timedelta(seconds=settings.LIVE_PAUSE_S)
    paused = bool(
        held_rows(job.lease).update(
            lease_owner="", lease_expires_at=until, journalled_ms=journalled_ms
        )
    )
    if paused:
        logger.info("event=live_paused transcript_id=%s", job.transcript.pk)
        enqueue_next(job.transcript.owner)
    return paused


def hand_over(job: JobRun, *, journalled_ms: int) -> bool:
    """Have a worker finish it: the rest of the journal is recognised like a file."""
    state_journalled(job.lease, journalled_ms)
    if not leases.release_lease(job.lease, job.row, counts_as_try=False):
        return False
    logger.warning("event=live_handed_over transcript_id=%s", job.transcript.pk)
    enqueue(job.row.pk)
    return True


def state_journalled(lease: Lease, journalled_ms: int) -> None:
    """State how much of the session is journalled, be it on this machine only: a worker waits for
    that (`_check_whole`)."""
    held_rows(lease).update(journalled_ms=journalled_ms, awaited_s=0)


def read_transcript_text(transcript: Transcript) -> str:
    """Return all that is stored of it, as one text. Two queries."""
    return load_document(transcript, has_words=False).text
