"""Where the files of an enhancement lie, and their end."""

from pathlib import Path
from uuid import UUID

from django.conf import settings

from stt_web.core import media_store


def folder_of(enhancement_id: UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / enhancement_id.hex


def source_path(enhancement_id: UUID) -> Path:
    """Return where the recording lies that was sent, until the work has ended."""
    return folder_of(enhancement_id) / "recording"


def result_path(enhancement_id: UUID) -> Path:
    return folder_of(enhancement_id) / "enhanced.wav"


def scratch_path(enhancement_id: UUID, attempt: int, *, ending: str) -> Path:
    """Return where one worker writes; another one may be at the same row, and not know yet that it
    lost it."""
    return folder_of(enhancement_id) / f"attempt-{attempt}.{ending}"


def delete_source(enhancement_id: UUID) -> None:
    """Remove what was sent, and what workers left behind. Idempotent."""
    media_store.delete(source_path(enhancement_id))
    for left in folder_of(enhancement_id).glob("attempt-*"):
        left.unlink(missing_ok=True)


def delete_files(enhancement_id: UUID) -> None:
    """Remove everything. Idempotent."""
    media_store.delete_folder(folder_of(enhancement_id))
