"""Recordings in the storage (`stt_web.core.media_store`): where one lies, and its removal.

Each recording lies alone in a folder of its own below MEDIA_ROOT (`core.asgi.upload_layer`).
Removal is idempotent, and never leaves MEDIA_ROOT, whatever a row holds.
"""

import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import timezone

from stt_web.core import media_store
from transcripts.models import OPEN_STATUSES, Recording, Transcript
from transcripts.retention.models import RetentionPolicy
from transcripts.services.embeddings import drop_embeddings_with_audio

logger = logging.getLogger(__name__)

_EARLIEST = datetime(2000, 1, 2, tzinfo=UTC)


def recording_path(transcript: Transcript) -> Path:
    return Path(settings.MEDIA_ROOT) / transcript.recording.path


def local_recording(transcript: Transcript) -> Path:
    """Return the same for one who reads the file: it is on this machine, fetched from the bucket
    where there is one; not there where it is stored nowhere any more. Blocks.

    Raises StorageUnavailableError.
    """
    return media_store.fetch(recording_path(transcript))


def read_recorded_at(stated: str, *, now: datetime) -> datetime | None:
    """Return when a file says that it was recorded; None where that can't be believed: devices
    whose clock was never set say 1904, 1970 or 2000."""
    try:
        at = datetime.fromisoformat(stated)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return at if _EARLIEST < at < now + timedelta(days=1) else None


def recording_day(transcript: Transcript) -> date:
    """Return the day of the recording in its owner's time zone: as the file states it, else that
    of its upload. One query."""
    at = transcript.recording.recorded_at or transcript.created_at
    name = transcript.owner.time_zone if transcript.owner is not None else "UTC"
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    return at.astimezone(zone).date()


def delete_recording(recording: str) -> None:
    """Remove the folder that holds `recording` (a path below MEDIA_ROOT); empty: nothing.

    Does not raise where the file system or the bucket refuses: a later sweep finds the orphan.
    """
    if not recording:
        return
    root = Path(settings.MEDIA_ROOT).resolve()
    folder = (root / recording).resolve().parent
    if folder == root or root not in folder.parents:
        logger.error("event=recording_outside_media recording=%s", recording)
        return
    media_store.delete_folder(folder)


def masked_audio_folder(transcript_id: UUID) -> Path:
    """Return where copies of the recording lie in which personal data can't be heard."""
    return Path(settings.MEDIA_ROOT) / transcript_id.hex / "audio"


def delete_masked_audio(transcript_id: UUID) -> None:
    """Idempotent."""
    media_store.delete_folder(masked_audio_folder(transcript_id))


def detach_recording(transcript: Transcript) -> None:
    """Delete the recording, and the copies made of it, and record that in the row. Two steps: the
    files first, so none is lost."""
    delete_recording(transcript.recording.path)
    delete_masked_audio(transcript.pk)
    Recording.objects.filter(pk=transcript.recording_id).update(path="")
    transcript.recording.path = ""


def drop_finished_audio(transcript: Transcript) -> None:
    """Delete the recording when the last job over it ended, if its account wants that.

    Race: the transcript is deleted at the same time, and its recording with it.
    """
    try:
        has_file = bool(transcript.recording.path)
    except Recording.DoesNotExist:
        return
    if transcript.owner_id is None or not has_file:
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
