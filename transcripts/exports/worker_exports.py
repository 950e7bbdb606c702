"""Exports that take too long for a web process: made by a worker, and stored.

A file lies at `MEDIA_ROOT/<id>/exports/<key>.<format>`; the key is a digest of all that goes into
it, so that a transcript that was edited has another one, and no file is ever out of date. It goes
with its transcript, and by itself some hours after it was made (`retention/purge`: a folder below
MEDIA_ROOT without a recording).

An export is enqueued once at a time: the marker `<key>.pending`, which counts for a while only,
since a worker may die. Writing is atomic, so two workers at one file do no harm.
"""

import hashlib
import json
import logging
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Sum, TextField
from django.db.models.functions import Cast, Length

from stt_web.core import media_store
from stt_web.core.broker import enqueue
from stt_web.core.errors import ApiError
from stt_web.core.media_store.notes import discard_note, read_note, write_note
from transcripts.exports.document import load_gaps
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import export, load_for, needs_words
from transcripts.exports.translations import describe_translation
from transcripts.exports.verification import RedactionFailedError
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


class ExportFailedError(ApiError):
    """The file could not be made; another format may work."""

    status = 500
    code = "export_failed"

    def __init__(self) -> None:
        super().__init__(
            "This file could not be made. The fault is ours, and is in the log; another format may"
            " work."
        )


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
    def failure(self) -> ApiError | None:
        """Why a worker could not make it a moment ago; None where none failed."""
        noted = read_note(self.path.with_suffix(".failed"), within_s=_FAILED_S)
        if noted is None:
            return None
        kinds = noted.split()
        return RedactionFailedError(kinds) if kinds else ExportFailedError()


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
    translation = describe_translation(transcript, options)
    has_words = needs_words(format_name, options)
    head = [_RENDERER, format_name, options.as_text(), asdict(translation) if translation else None]
    key = digest_transcript(transcript, head, has_words=has_words, has_gaps=options.include_gaps)
    return WantedExport(transcript.pk, format_name, options, key)


def digest_transcript(
    transcript: Transcript, head: list[object], *, has_words: bool, has_gaps: bool
) -> str:
    """Return 40 hex digits that change with the transcript, and with `head`. Two queries."""
    digest = hashlib.sha256()
    whole = [
        *head,
        transcript.title,
        transcript.language or transcript.job.language_requested,
        transcript.job.audio_duration_ms or transcript.recording.probed_ms,
        transcript.job.model_used,
        transcript.origin,
        transcript.is_corrected,
        [str(speaker) for speaker in transcript.speakers.all()],
        [gap.keys for gap in load_gaps(transcript)] if has_gaps else [],
    ]
    digest.update(json.dumps(whole).encode())
    fields = ["start_ms", "end_ms", "text", "speaker__label", "speaker__display_name"]
    words = [Cast("words", TextField())] if has_words else []
    rows = transcript.segments.order_by("position").values_list(*fields, *words)
    for row in rows.iterator(chunk_size=_ROWS_WITH_WORDS if has_words else _ROWS):
        digest.update(json.dumps(row).encode())
    return digest.hexdigest()[:40]


def order_export(wanted: WantedExport) -> None:
    """Enqueue an export, unless it was enqueued a moment ago or is there by now.

    A broker that is down is logged: the waiting request asks again.
    """
    marker = wanted.path.with_suffix(".pending")
    marker.parent.mkdir(parents=True, exist_ok=True)
    # Race: `make_export` writes the file before it removes the marker, so without a marker look for
    # the file once more.
    is_pending = read_note(marker, within_s=_PENDING_S) is not None
    if is_pending or media_store.exists(wanted.path):
        return
    write_note(marker)
    enqueue(
        EXPORT_TASK,
        [str(wanted.transcript_id), wanted.format_name, wanted.options.as_text()],
        queue=EXPORT_QUEUE,
        on_failure=lambda: discard_note(marker),
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
    if not media_store.exists(wanted.path):
        _make(wanted, transcript)
    discard_note(wanted.path.with_suffix(".pending"))


def _make(wanted: WantedExport, transcript: Transcript) -> None:
    started = time.monotonic()
    try:
        content = export(
            load_for(wanted.format_name, transcript, wanted.options),
            wanted.format_name,
            wanted.options,
        )
    except Exception as error:
        # Waiting clients get an error, and none tries again at once.
        kinds = error.kinds if isinstance(error, RedactionFailedError) else ()
        wanted.path.parent.mkdir(parents=True, exist_ok=True)
        write_note(wanted.path.with_suffix(".failed"), " ".join(kinds))
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
    media_store.delete_folder(_folder(transcript_id))


def _folder(transcript_id: UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / transcript_id.hex


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, own = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        media_store.publish(Path(own), path)
    finally:
        Path(own).unlink(missing_ok=True)
