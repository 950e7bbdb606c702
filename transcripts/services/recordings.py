"""Recordings on shared storage: where one lies, and its removal.

Each recording lies alone in a folder of its own below MEDIA_ROOT (`core.asgi.upload_layer`).
Removal is idempotent, and never leaves MEDIA_ROOT, whatever a row holds.
"""

import logging
import shutil
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from transcripts.models import OPEN_STATUSES, Recording, Transcript
from transcripts.retention.models import RetentionPolicy
from transcripts.services.embeddings import drop_embeddings_with_audio

logger = logging.getLogger(__name__)


def recording_path(transcript: Transcript) -> Path:
    return Path(settings.MEDIA_ROOT) / transcript.recording.path


def delete_recording(recording: str) -> None:
    """Remove the folder that holds `recording` (a path below MEDIA_ROOT); empty: nothing.

    Does not raise where the file system refuses: a later sweep finds the orphan.
    """
    if not recording:
        return
    root = Path(settings.MEDIA_ROOT).resolve()
    folder = (root / recording).resolve().parent
    if folder == root or root not in folder.parents:
        logger.error("event=recording_outside_media recording=%s", recording)
        return
    shutil.rmtree(folder, ignore_errors=True)


def detach_recording(transcript: Transcript) -> None:
    """Delete the recording and record that in the row. Two steps: the file first, so none is
    lost."""
    delete_recording(transcript.recording.path)
    Recording.objects.filter(pk=transcript.recording_id).update(path="")
    transcript.recording.path = ""


def drop_finished_audio(transcript: Transcript) -> None:
    """Delete the recording when the last job over it ended, if its account wants that."""
    if transcript.owner_id is None or not transcript.recording.path:
        return
    policies = RetentionPolicy.objects.filter(owner_id=transcript.owner_id, audio_days=0)
    if policies.exists() and not transcript.jobs.filter(status__in=OPEN_STATUSES).exists():
        drop_audio(transcript, now=timezone.now())


def drop_audio(transcript: Transcript, *, now: datetime) -> None:
    """Delete the recording by its account's retention policy, and record that."""
    detach_recording(transcript)
    Recording.objects.filter(pk=transcript.recording_id).update(audio_deleted_at=now)
    drop_embeddings_with_audio(transcript, now=now)
    logger.info("event=retention_audio_deleted transcript_id=%s", transcript.pk)


def delete_rows(transcript: Transcript) -> None:
    """Delete the rows of a transcript: its recording's takes it and all its jobs along."""
    Recording.objects.filter(pk=transcript.recording_id).delete()
