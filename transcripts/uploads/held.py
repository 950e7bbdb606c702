"""Uploads that wait to be named by a request: stored, linked, and removed after a day.

**Race.** `purge_held` deletes the row before the file; a request that has found the row may find no
file behind it, which is answered like an upload that isn't there.
"""

import os
import uuid
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from stt_web.core import media_store
from stt_web.core.errors import ApiError
from stt_web.core.outages import StorageUnavailableError
from stt_web.core.uploads import Upload
from transcripts.services.recordings import delete_recording
from transcripts.uploads.models import HeldRecording

LIFETIME = timedelta(days=1)
_BATCH_ROWS = 500


class HeldRecordingError(ApiError):
    """There is no such upload, it is another account's, or its day is over."""

    code = "upload_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such upload. Upload the recording again.")


def hold(upload: Upload, owner: User) -> HeldRecording:
    """Store what was uploaded. Raises what `Upload.sync` does."""
    upload.sync()
    row = HeldRecording.objects.create(
        id=uuid.UUID(upload.path.parent.name),
        owner=owner,
        size_bytes=upload.size,
        sha256=upload.sha256,
        expires_at=timezone.now() + LIFETIME,
    )
    try:
        upload.retain()
    except ApiError:
        row.delete()
        raise
    return row


def link_held(held_id: uuid.UUID, owner: User) -> Upload:
    """Return the recording as an upload of its own. Raises HeldRecordingError,
    StorageUnavailableError.
    """
    rows = HeldRecording.objects.filter(pk=held_id, owner=owner, expires_at__gt=timezone.now())
    row = rows.first()
    if row is None:
        raise HeldRecordingError
    path = Path(settings.MEDIA_ROOT) / uuid.uuid4().hex / "recording"
    path.parent.mkdir(parents=True)
    try:
        os.link(media_store.fetch(row.path), path)
    except FileNotFoundError:
        path.parent.rmdir()
        raise HeldRecordingError from None
    except StorageUnavailableError:
        path.parent.rmdir()
        raise
    return Upload(path=path, file_name="", size=row.size_bytes, sha256=row.sha256, fields={})


def delete_held(row: HeldRecording) -> None:
    row_id = row.pk
    row.delete()
    delete_recording(f"{row_id.hex}/recording")


def purge_held() -> None:
    """Delete those whose day is over."""
    for row in HeldRecording.objects.filter(expires_at__lt=timezone.now())[:_BATCH_ROWS]:
        delete_held(row)
