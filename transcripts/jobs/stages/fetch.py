"""The first stage of a job whose recording came by its address: the file.

Until then the transcript has a row, a hold for one minute, and no recording. Idempotent: where a
worker died, the next one fetches it again into a folder of its own; `purge_orphans` finds the old.
"""

import logging
import uuid
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.ledger import extend_hold, minutes_for
from billing.quotas import limits_for
from stt_web.core import media_store
from stt_web.core.durable import sync_new_file
from stt_web.core.outages import is_database_away
from transcripts.fetching.addresses import FetchError
from transcripts.fetching.download import Fetched, fetch
from transcripts.jobs import results
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.results import JobRun
from transcripts.jobs.submit import fingerprint_of, pick_of_options
from transcripts.media import Probe, probe
from transcripts.models import Transcript
from transcripts.services.recordings import read_recorded_at

logger = logging.getLogger(__name__)

_NO_CREDITS = "Your account has fewer minutes and credits left than this recording needs."


def fetch_recording(job: JobRun) -> None:
    """Raises MediaError (FetchError), which fails the job, and what ends its lease."""
    url = job.transcript.recording.url
    if not url:
        return
    folder = Path(settings.MEDIA_ROOT) / uuid.uuid4().hex
    folder.mkdir(parents=True)
    path = folder / "recording"
    try:
        fetched = fetch(
            url,
            path,
            limit_bytes=limits_for(job.transcript.owner).max_file_bytes,
            note=lambda _: _note(job),
        )
        found = probe(path, pick=pick_of_options(job.row.options))
        sync_new_file(path)
        media_store.put(path)
        _store(job, path, fetched, found)
    except BaseException as error:
        if not is_database_away(error):  # else it may be stored all the same; orphans are purged
            media_store.delete_folder(folder)
        raise
    logger.info(
        "event=recording_fetched transcript_id=%s size_bytes=%d", job.transcript.pk, fetched.size
    )


def _note(job: JobRun) -> None:
    job.lease.note_progress()
    job.lease.check()


def _store(job: JobRun, path: Path, fetched: Fetched, found: Probe) -> None:
    """Raises `LeaseLostError`, FetchError (no credits); then nothing was stored."""
    transcript, recording = job.transcript, job.transcript.recording
    recording.path = str(path.relative_to(settings.MEDIA_ROOT))
    recording.file_name = fetched.file_name
    recording.size_bytes = fetched.size
    recording.sha256 = fetched.sha256
    recording.container = found.container[:40]
    recording.probed_ms = found.duration_ms
    recording.recorded_at = read_recorded_at(found.recorded_at, now=timezone.now())
    recording.url = ""  # it may hold a secret, and is needed no more
    job.row.fingerprint = fingerprint_of(fetched.sha256, job.row.options)
    with transaction.atomic():
        results.write_fenced(job, lease_expires_at=job.lease.next_expiry())
        minutes = max(1, minutes_for(found.duration_ms))
        if not extend_hold(job.row.hold_reference, total_minutes=minutes):
            raise FetchError("no_credits", _NO_CREDITS, status=402)
        recording.save()
        TranscriptionJob.objects.filter(pk=job.row.pk).update(fingerprint=job.row.fingerprint)
        if not transcript.title:
            transcript.title = Path(fetched.file_name).stem[:255]
            Transcript.objects.filter(pk=transcript.pk).update(title=transcript.title)
