"""The recording with beeps in the place of personal data: made by a worker, and stored.

A copy lies at `MEDIA_ROOT/<id>/audio/<text>-<options>.<format>`; the first part of its name is a
digest of the transcript's text, its words' times and its gaps, so that a copy of an older text is
never handed out, and is deleted when the next one is asked for. All go with the recording
(`services/recordings`), with the transcript, and by themselves some hours later
(`retention/purge`). A copy gets its name only once it was read again (`beep_check`).
"""

import contextlib
import hashlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from uuid import UUID

from django.conf import settings

from stt_web.core import media_store
from stt_web.core.broker import enqueue
from stt_web.core.errors import ApiError
from stt_web.core.media_store.notes import discard_note, read_note, write_note
from transcripts.exports.beep_check import is_beeped
from transcripts.exports.document import load_document
from transcripts.exports.redaction import redact
from transcripts.exports.spoken_intervals import find_intervals
from transcripts.exports.verification import fail_redaction, still_found
from transcripts.exports.worker_exports import ExportFailedError, digest_transcript
from transcripts.media import Pick, write_beeped
from transcripts.media.passes import PassSource, passes_from
from transcripts.models import Recording, Transcript
from transcripts.option_kinds import InvalidOptionError
from transcripts.pii.kinds import PiiKind
from transcripts.pii.redactor import StillFoundError
from transcripts.services.recordings import (
    delete_masked_audio,
    local_recording,
    masked_audio_folder,
)

logger = logging.getLogger(__name__)

MASK_AUDIO_TASK = "transcripts.mask_audio"
# Those of recordings that are transcribed: both decode.
SHORT_QUEUE, BULK_QUEUE = "short", "bulk"
_PENDING_S, _FAILED_S = 120, 60
_MARK_S = 2.0
_WRITING = 0.8  # of the work; the rest is reading it again
_VERSION = 1  # moves on where what is beeped does


@dataclass(frozen=True)
class WantedAudio:
    """One copy. `kinds`: of `redaction.KINDS`; `track`: 0 for the default one."""

    transcript_id: UUID
    kinds: tuple[str, ...]
    format_name: str
    track: int
    text_key: str

    @property
    def path(self) -> Path:
        options = hashlib.sha256(json.dumps([self.kinds, self.track]).encode()).hexdigest()[:12]
        name = f"{self.text_key}-{options}.{self.format_name}"
        return masked_audio_folder(self.transcript_id) / name

    @property
    def progress(self) -> float:
        """0 to 1."""
        with contextlib.suppress(ValueError):
            return float(read_note(self.marker(".pending"), within_s=_PENDING_S) or 0)
        return 0.0

    @property
    def failure(self) -> ApiError | None:
        """Why a worker could not make it a moment ago."""
        noted = read_note(self.marker(".failed"), within_s=_FAILED_S)
        return None if noted is None else ApiError(**json.loads(noted))

    def marker(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)


def describe_masked_audio(
    transcript: Transcript, *, kinds: tuple[str, ...], format_name: str, track: int | None
) -> WantedAudio:
    """Return which copy it would be, as the transcript stands; older ones are deleted.

    Raises InvalidOptionError for a track that was not transcribed. Three queries.
    """
    chosen = _choose_track(transcript, track)
    text_key = digest_transcript(transcript, [_VERSION], has_words=True, has_gaps=True)[:20]
    wanted = WantedAudio(transcript.pk, kinds, format_name, chosen, text_key)
    folder = masked_audio_folder(transcript.pk)
    for name in media_store.list_names(folder):
        if fnmatch(name, "*-*.*") and not name.startswith(f"{text_key}-"):
            media_store.delete(folder / name)
    return wanted


def order_masked_audio(wanted: WantedAudio, transcript: Transcript) -> None:
    """Enqueue it, unless a worker is at it or it is there by now."""
    marker = wanted.marker(".pending")
    marker.parent.mkdir(parents=True, exist_ok=True)
    # Race: `make_masked_audio` writes the file before it removes the marker, so without a marker
    # look for the file once more.
    is_pending = read_note(marker, within_s=_PENDING_S) is not None
    if is_pending or media_store.exists(wanted.path):
        return
    write_note(marker)
    is_short = 0 < transcript.recording.probed_ms <= settings.SHORT_RECORDING_MS
    enqueue(
        MASK_AUDIO_TASK,
        [str(wanted.transcript_id), list(wanted.kinds), wanted.format_name, wanted.track],
        queue=SHORT_QUEUE if is_short else BULK_QUEUE,
        on_failure=lambda: discard_note(marker),
    )


def make_masked_audio(
    transcript_id: UUID, *, kinds: tuple[str, ...], format_name: str, track: int
) -> None:
    """Make the copy as the transcript stands now; nothing where it exists, or the transcript or
    its recording doesn't."""
    rows = Transcript.objects.filter(pk=transcript_id).select_related("recording")
    transcript = rows.first()
    if transcript is None or not transcript.recording.path:
        return
    wanted = describe_masked_audio(transcript, kinds=kinds, format_name=format_name, track=track)
    try:
        if not media_store.exists(wanted.path):
            _make(wanted, transcript)
    except FileNotFoundError:
        # Race: `recordings.detach_recording` or `cancel.delete_transcript` removed the folder while
        # this wrote into it.
        if _has_recording(transcript_id):
            raise
    except ApiError as error:
        _note_failure(wanted, error)
        logger.warning("event=audio_not_masked transcript_id=%s code=%s", transcript_id, error.code)
    except Exception:
        _note_failure(wanted, ExportFailedError())
        raise
    finally:
        discard_note(wanted.marker(".pending"))
        # Race: or before this wrote into it.
        if not _has_recording(transcript_id):
            delete_masked_audio(transcript_id)


def _has_recording(transcript_id: UUID) -> bool:
    return Recording.objects.filter(transcript=transcript_id).exclude(path="").exists()


def _choose_track(transcript: Transcript, track: int | None) -> int:
    tracks = list(dict.fromkeys(source.track for source in _sources_of(transcript)))
    if track is None:
        return tracks[0]
    if track in tracks:
        return track
    named = ", ".join(str(each) for each in tracks if each) or "the default one"
    raise InvalidOptionError("track", f"track is {track}, but transcribed was {named}.")


def _sources_of(transcript: Transcript) -> list[PassSource]:
    job = transcript.job
    return passes_from(job.sources or [{}], index=job.source, resume_ms=0).sources


def _pick_of(transcript: Transcript, track: int) -> Pick:
    """Return the sound that was transcribed, and no other: what no one read is not handed out."""
    channels = {each.channel for each in _sources_of(transcript) if each.track == track}
    return Pick(track=track, channel=channels.pop() if len(channels) == 1 else 0)


def _make(wanted: WantedAudio, transcript: Transcript) -> None:
    started = time.monotonic()
    document = load_document(transcript)
    try:
        redacted = redact(document, kinds=wanted.kinds)
    except StillFoundError as error:
        raise still_found(error, document.id, wanted.format_name) from error
    intervals = find_intervals(document, redacted.items)
    progress = _Progress(wanted, document.duration_ms)
    wanted.path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, own = tempfile.mkstemp(dir=wanted.path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            duration_ms = write_beeped(
                local_recording(transcript),
                file,
                intervals_ms=intervals,
                format_name=wanted.format_name,
                pick=_pick_of(transcript, wanted.track),
                on_progress=progress.of(0.0, _WRITING),
            )
        checked = is_beeped(
            Path(own),
            intervals_ms=intervals,
            duration_ms=duration_ms,
            on_progress=progress.of(_WRITING, 1.0),
        )
        if not checked:
            kinds = {PiiKind(kind.upper()) for kind in wanted.kinds}
            raise fail_redaction(kinds, document.id, wanted.format_name)
        media_store.publish(Path(own), wanted.path)
    finally:
        Path(own).unlink(missing_ok=True)
    logger.info(
        "event=audio_masked transcript_id=%s format=%s intervals=%d audio_ms=%d duration_ms=%d",
        wanted.transcript_id,
        wanted.format_name,
        len(intervals),
        duration_ms,
        (time.monotonic() - started) * 1000,
    )


class _Progress:
    """Writes how far it is into the marker, which is fresh as long as a worker is at it."""

    def __init__(self, wanted: WantedAudio, total_ms: int) -> None:
        self._marker = wanted.marker(".pending")
        self._total_ms = max(1, total_ms)
        self._marked = 0.0

    def of(self, first: float, last: float) -> Callable[[int], None]:
        """Return what takes the ms of a part of the work, from `first` to `last` of the whole."""

        def mark(done_ms: int) -> None:
            now = time.monotonic()
            if now - self._marked >= _MARK_S:
                self._marked = now
                share = first + (last - first) * min(1.0, done_ms / self._total_ms)
                write_note(self._marker, f"{share:.2f}")

        return mark


def _note_failure(wanted: WantedAudio, error: ApiError) -> None:
    """Waiting clients get the error, and no worker tries again at once."""
    marker = wanted.marker(".failed")
    marker.parent.mkdir(parents=True, exist_ok=True)
    noted = {"message": error.message, "code": error.code, "status": error.status}
    write_note(marker, json.dumps(noted))
