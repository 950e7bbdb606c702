"""The peaks of a recording, made once by a worker and kept beside it.

The file lies in the recording's own folder, so whatever deletes the recording deletes its peaks.
Where it is missing, asking for it orders it: recordings of earlier versions, live sessions, and
those whose order the broker lost get theirs then. Made twice is harmless: files appear whole.
"""

import base64
import contextlib
import json
import logging
import os
import tempfile
import time
from pathlib import Path
from uuid import UUID

from stt_web.core import media_store
from stt_web.core.broker import enqueue
from stt_web.core.media_store.notes import discard_note, read_note, write_note
from transcripts.media import DecoderDiedError, MediaError, open_decoder
from transcripts.media.peaks import Peaks, measure_peaks, peaks_a_second
from transcripts.models import Transcript
from transcripts.services.recordings import local_recording, recording_path
from transcripts.services.sources import pick_of_source

logger = logging.getLogger(__name__)

PEAKS_TASK = "transcripts.make_peaks"
_QUEUE = "housekeeping"
_PENDING_S = 120.0  # then it is ordered again
_NAME = "peaks.json"


def peaks_path(transcript: Transcript) -> Path:
    return recording_path(transcript).parent / _NAME


def read_peaks(transcript: Transcript) -> bytes | None:
    """Return them as JSON: {"peaks_per_second": int, "peaks": base64 of a byte a peak, 0 to 255}.

    None while they are not made. No query; one access to the storage.
    """
    return media_store.read_bytes(peaks_path(transcript)) if transcript.recording.path else None


def order_peaks(transcript: Transcript) -> None:
    """Have a worker make them, unless one is at it."""
    if not transcript.recording.path:
        return
    marker = _marker(transcript)
    if read_note(marker, within_s=_PENDING_S) is not None:
        return
    with contextlib.suppress(OSError):  # the recording is just being deleted
        write_note(marker)
        # Race: `cancel.delete_transcript` may have been emptying the folder, which has this in it.
        if not Transcript.objects.filter(pk=transcript.pk).exists():
            media_store.delete_folder(marker.parent)
            return
        discard = lambda: discard_note(marker)  # noqa: E731
        enqueue(PEAKS_TASK, [str(transcript.pk)], queue=_QUEUE, on_failure=discard)


def make_peaks(transcript_id: UUID) -> None:
    """Make them, if they are not there. Costs a full decode: 150 to 600 times real time.

    None at all of one that can't be read to its end. Nothing where it is deleted meanwhile.
    """
    transcript = Transcript.objects.filter(pk=transcript_id).first()
    if transcript is None or not transcript.recording.path:
        return
    if media_store.exists(peaks_path(transcript)):
        return
    started = time.monotonic()
    length_ms = transcript.job.audio_duration_ms or transcript.recording.probed_ms
    pick = pick_of_source(transcript, 0)
    try:
        with open_decoder(local_recording(transcript), pick=pick) as decoder:
            peaks = measure_peaks(decoder, a_second=peaks_a_second(length_ms))
    except (MediaError, DecoderDiedError) as error:
        logger.warning("event=peaks_failed transcript_id=%s error=%s", transcript_id, error)
        peaks = measure_peaks((), a_second=peaks_a_second(length_ms))
    with contextlib.suppress(FileNotFoundError):  # `recordings.delete_recording` was faster
        _write(peaks_path(transcript), peaks)
        discard_note(_marker(transcript))
    logger.info(
        "event=peaks_made transcript_id=%s peaks=%d duration_ms=%d",
        transcript_id,
        len(peaks.levels),
        (time.monotonic() - started) * 1000,
    )


def _marker(transcript: Transcript) -> Path:
    return peaks_path(transcript).with_suffix(".pending")


def _write(path: Path, peaks: Peaks) -> None:
    body = {
        "peaks_per_second": peaks.a_second,
        "peaks": base64.b64encode(peaks.levels).decode("ascii"),
    }
    descriptor, own = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(body, file)
        media_store.publish(Path(own), path)
    finally:
        Path(own).unlink(missing_ok=True)
