"""Celery's side of the jobs: each task translates and calls one service.

Tasks carry an id; the row states what is to be done. They are idempotent and may be lost, doubled
or late. Celery's time limits don't work in a thread pool: a job ends by its own deadline for no
progress (`jobs/lease`).
"""

import logging
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_init, worker_ready, worker_shutting_down

from stt_web.core.background import run_guarded, spawn_thread
from transcripts.diarization.voices import VOICES_TASK, analyse_voices
from transcripts.editing.align_edits import ALIGN_TASK, align_edit, sweep_alignments
from transcripts.enhancement.order import ENHANCE_TASK
from transcripts.enhancement.run import run_enhancement
from transcripts.enhancement.sweep import purge_enhancements, sweep_enhancements
from transcripts.exports.masked_audio import MASK_AUDIO_TASK, make_masked_audio
from transcripts.exports.options import ExportOptions
from transcripts.exports.worker_exports import EXPORT_TASK, make_export
from transcripts.intelligence.text_jobs.run import run_text_job
from transcripts.intelligence.text_jobs.sweep import purge_text_jobs, sweep_text_jobs
from transcripts.jobs.enqueue import TRANSCRIBE_TASK, enqueue
from transcripts.jobs.lease import heartbeat
from transcripts.jobs.sweep import sweep_transcripts
from transcripts.media import warm_up
from transcripts.pipeline import run_job
from transcripts.queue_metrics import expose_tables
from transcripts.retention import purge
from transcripts.retention.local_copies import start_sweeping
from transcripts.retention.policy import apply_retention
from transcripts.search.index import index_outdated
from transcripts.services.peaks import PEAKS_TASK, make_peaks
from transcripts.services.text_jobs import TEXT_TASK
from transcripts.uploads.held import purge_held
from transcripts.uploads.submit import purge_uploads, sweep_uploads
from transcripts.voices.lease import VOICE_TASK
from transcripts.voices.run import run_voice_job
from transcripts.voices.sweep import purge_voice_jobs, sweep_voice_jobs
from transcripts.webhooks.outbox import DELIVER_TASK
from transcripts.webhooks.pump import pump_deliveries, stop_pumps

__all__ = [
    "align_edited_words",
    "deliver_webhooks",
    "draw_peaks",
    "enhance",
    "enqueue",
    "find_voices",
    "index_for_search",
    "make_speech",
    "mask_audio",
    "purge_anonymous",
    "purge_expired",
    "purge_stored_orphans",
    "render_export",
    "sweep",
    "transcribe",
    "work_on_text",
]
logger = logging.getLogger(__name__)

# Of every ten seconds, so that the sweeper has its slot and others the database.
_INDEXING_S = 3.0


@shared_task(name=TRANSCRIBE_TASK, acks_late=True, ignore_result=True)
def transcribe(job_id: str) -> None:
    run_job(UUID(job_id))


@shared_task(name=TEXT_TASK, acks_late=True, ignore_result=True)
def work_on_text(job_id: str) -> None:
    run_text_job(UUID(job_id))


@shared_task(name=ENHANCE_TASK, acks_late=True, ignore_result=True)
def enhance(enhancement_id: str) -> None:
    run_enhancement(UUID(enhancement_id))


@shared_task(name=VOICE_TASK, acks_late=True, ignore_result=True)
def make_speech(job_id: str) -> None:
    run_voice_job(UUID(job_id))


@shared_task(name="transcripts.sweep", ignore_result=True)
def sweep() -> None:
    run_guarded(sweep_transcripts, name="sweep")
    run_guarded(sweep_alignments, name="sweep")
    run_guarded(sweep_text_jobs, name="sweep")
    run_guarded(sweep_enhancements, name="sweep")
    run_guarded(sweep_uploads, name="sweep")
    run_guarded(sweep_voice_jobs, name="sweep")


@shared_task(name=ALIGN_TASK, acks_late=True, ignore_result=True)
def align_edited_words(alignment_id: int) -> None:
    align_edit(alignment_id)


@shared_task(name="transcripts.purge_anonymous", ignore_result=True)
def purge_anonymous() -> None:
    run_guarded(purge.purge_anonymous, name="purge")
    run_guarded(purge.purge_transient, name="purge")
    run_guarded(purge_uploads, name="purge")
    run_guarded(purge_held, name="purge")
    run_guarded(purge.purge_orphans, name="purge")


@shared_task(name=DELIVER_TASK, ignore_result=True)
def deliver_webhooks() -> None:
    pump_deliveries()


@shared_task(name="transcripts.purge_expired", ignore_result=True)
def purge_expired() -> None:
    purge.purge_expired()
    purge_text_jobs()
    purge_enhancements()
    purge_voice_jobs()


@shared_task(name="transcripts.purge_stored_orphans", ignore_result=True)
def purge_stored_orphans() -> None:
    purge.purge_stored_orphans()


@shared_task(name="transcripts.apply_retention", ignore_result=True)
def enforce_retention() -> None:
    apply_retention()


@shared_task(name="transcripts.index_for_search", ignore_result=True)
def index_for_search() -> None:
    indexed = index_outdated(at_most_s=_INDEXING_S)
    if indexed:
        logger.info("event=search_indexed transcripts=%d", indexed)


@shared_task(name=EXPORT_TASK, acks_late=True, ignore_result=True)
def render_export(transcript_id: str, format_name: str, options: str) -> None:
    make_export(
        UUID(transcript_id), format_name=format_name, options=ExportOptions.from_text(options)
    )


@shared_task(name=MASK_AUDIO_TASK, acks_late=True, ignore_result=True)
def mask_audio(transcript_id: str, kinds: list[str], format_name: str, track: int) -> None:
    make_masked_audio(UUID(transcript_id), kinds=tuple(kinds), format_name=format_name, track=track)


@shared_task(name=PEAKS_TASK, acks_late=True, ignore_result=True)
def draw_peaks(transcript_id: str) -> None:
    make_peaks(UUID(transcript_id))


@shared_task(name=VOICES_TASK, acks_late=True, ignore_result=True)
def find_voices(transcript_id: str) -> None:
    analyse_voices(UUID(transcript_id))


@worker_init.connect
def _warm_up(**_: object) -> None:
    """The first recording shouldn't wait for the fork server."""
    warm_up()


@worker_ready.connect
def _expose_tables(sender: Any = None, **_: object) -> None:
    """Of all workers, the one that takes the housekeeping reads the tables for Prometheus."""
    if "housekeeping" in sender.app.amqp.queues.consume_from:
        expose_tables()


@worker_ready.connect
def _sweep_at_start(**_: object) -> None:
    """What died with the last worker is found now, not at the next beat."""
    spawn_thread(sweep_transcripts, name="sweep-at-start")
    spawn_thread(sweep_text_jobs, name="sweep-texts-at-start")
    spawn_thread(sweep_enhancements, name="sweep-enhancements-at-start")
    spawn_thread(sweep_voice_jobs, name="sweep-voices-at-start")


@worker_ready.connect
def _sweep_copies(**_: object) -> None:
    start_sweeping()


@worker_shutting_down.connect
def _stop_pumps(**_: object) -> None:
    stop_pumps()


@worker_shutting_down.connect
def _recall_leases(**_: object) -> None:
    """Give the work back at once: Celery would wait for a ten-hour recording to end.

    In a thread, because this runs inside a signal handler, where taking a lock may deadlock.
    """
    spawn_thread(heartbeat.recall_all, name="recall-leases", daemon=False)
