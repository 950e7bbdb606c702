"""Exports that take too long for a web process: made by a worker, stored on disk.

A file lies at `MEDIA_ROOT/<id>/exports/<key>.<format>`; the key is a digest of all that goes into
it, so that a transcript that was edited has another one, and no file is ever out of date. It goes
with its transcript, and by itself some hours after it was made (`retention/purge`: a folder below
MEDIA_ROOT without a recording).

An export is enqueued once at a time: the marker `<key>.pending`, which counts for a while only,
since a worker may die. Writing is atomic, so two workers at one file do no harm.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Sum, TextField
from django.db.models.functions import Cast, Length

from stt_web.core.broker import enqueue
from transcripts.exports.document import load_gaps
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import export, load_for, needs_words
from transcripts.exports.translations import describe_translation
from transcripts.models import Transcript

logger = logging.getLogger(__name__)

EXPORT_TASK = "transcripts.render_export"
EXPORT_QUEUE = "exports"
# Enqueued again after this long: of ten hours of speech, a PDF takes a tenth of it.
_PENDING_S = 120
_FAILED_S = 60
_ROWS, _ROWS_WITH_WORDS = 2000, 100  # read at once; a segment's words may take 100 kB
# Moves on where a renderer's output does, so that files made by the old one are left alone.
_RENDERER = 5


@dataclass(frozen=True)
class WantedExport:
    """One file that a worker makes."""

    transcript_id: UUID
    format_name: str
    options: ExportOptions
    key: str

    @property
    def path(self) -> Path:
        return _folder(self.transcript_id) / "exports" / f"{self.key}.{self.format_name}"

    @property
    def is_failed(self) -> bool:
        """Whether a worker tried a moment ago and could not."""
        return _is_fresh(self.path.with_suffix(".failed"), for_s=_FAILED_S)


def is_large(transcript: Transcript) -> bool:
    """Whether reading all its words is too much for a web process. One query."""
    size = transcript.segments.aggregate(characters=Sum(Length("text")), segments=Count("pk"))
    return (size["characters"] or 0) > settings.LARGE_TRANSCRIPT_CHARACTERS or (
        size["segments"] > settings.LARGE_TRANSCRIPT_SEGMENTS
    )


def describe_export(
    transcript: Transcript, *, format_name: str, options: ExportOptions
) -> WantedExport:
    """Return which file it would be, as the transcript stands. Two queries, three with a
    translation; the words, where the format has them, unparsed. Raises NotTranslatedError."""
    digest = hashlib.sha256()
    translation = describe_translation(transcript, options)
    head = [
        _RENDERER,
        format_name,
        options.as_text(),
        transcript.title,
        transcript.language or transcript.job.language_requested,
        transcript.job.audio_duration_ms or transcript.recording.probed_ms,
        transcript.job.model_used,
        transcript.origin,
        transcript.is_corrected,
        [str(speaker) for speaker in transcript.speakers.all()],
        [gap.keys for gap in load_gaps(transcript)] if options.include_gaps else [],
        asdict(translation) if translation else None,
    ]
    digest.update(json.dumps(head).encode())
    fields = ["start_ms", "end_ms", "text", "speaker__label", "speaker__display_name"]
    has_words = needs_words(format_name, options)
    words = [Cast("words", TextField())] if has_words else []
    rows = transcript.segments.order_by("position").values_list(*fields, *words)
    for row in rows.iterator(chunk_size=_ROWS_WITH_WORDS if has_words else _ROWS):
        digest.update(json.dumps(row).encode())
    return WantedExport(transcript.pk, format_name, options, digest.hexdigest()[:40])


def order_export(wanted: WantedExport) -> None:
    """Enqueue an export, unless it was enqueued a moment ago or is there by now.

    A broker that is down is logged: the waiting request asks again.
    """
    marker = wanted.path.with_suffix(".pending")
    marker.parent.mkdir(parents=True, exist_ok=True)
    # Race: `make_export` writes the file before it removes the marker, so without a marker look for
    # the file once more.
    if _is_fresh(marker, for_s=_PENDING_S) or wanted.path.exists():
        return
    marker.touch()
    enqueue(
        EXPORT_TASK,
        [str(wanted.transcript_id), wanted.format_name, wanted.options.as_text()],
        queue=EXPORT_QUEUE,
        on_failure=lambda: marker.unlink(missing_ok=True),
    )


def make_export(transcript_id: UUID, *, format_name: str, options: ExportOptions) -> None:
    """Make the file as the transcript stands now; nothing if it exists or the transcript
    doesn't."""
    rows = Transcript.objects.filter(pk=transcript_id)
    transcript = rows.first()
    try:
        if transcript is not None:
            _make_once(transcript, format_name=format_name, options=options)
    except FileNotFoundError:
        # Race: `cancel.delete_transcript` removed the folder while this wrote into it.
        if rows.exists():
            raise
    finally:
        # Race: it may have removed the folder before this wrote into it, or before `order_export`
        # put its marker there.
        if not rows.exists():
            delete_exports(transcript_id)


def _make_once(transcript: Transcript, *, format_name: str, options: ExportOptions) -> None:
    wanted = describe_export(transcript, format_name=format_name, options=options)
    if not wanted.path.exists():
        _make(wanted, transcript)
    wanted.path.with_suffix(".pending").unlink(missing_ok=True)


def _make(wanted: WantedExport, transcript: Transcript) -> None:
    started = time.monotonic()
    try:
        content = export(
            load_for(wanted.format_name, transcript, wanted.options),
            wanted.format_name,
            wanted.options,
        )
    except Exception:
        # Waiting clients get an error, and none tries again at once.
        wanted.path.parent.mkdir(parents=True, exist_ok=True)
        wanted.path.with_suffix(".failed").touch()
        raise
    _write(wanted.path, content)
    logger.info(
        "event=export_made transcript_id=%s format=%s duration_ms=%d",
        wanted.transcript_id,
        wanted.format_name,
        (time.monotonic() - started) * 1000,
    )


def delete_exports(transcript_id: UUID) -> None:
    """Remove all files made of a transcript. Idempotent."""
    shutil.rmtree(_folder(transcript_id), ignore_errors=True)


def _is_fresh(marker: Path, *, for_s: float) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return time.time() - marker.stat().st_mtime < for_s
    return False


def _folder(transcript_id: UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / transcript_id.hex


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, own = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    os.replace(own, path)
