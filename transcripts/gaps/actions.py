"""What can be done about a gap: its discarded text becomes the text, or it is recognised again.

Both end in one revision that fills the gap, which can be taken back. Nothing is charged: the minute
in which the gap lies was. A recording that is recognised again is read and recognised before the
revision's transaction, bounded in time; of two at once the second finds the gap resolved.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile

from stt_web.core.errors import ApiError
from transcripts.editing.draft import Editing, open_draft
from transcripts.editing.errors import (
    GapNotFoundError,
    GapResolvedError,
    RevisionChangedError,
    StillWorkedOnError,
)
from transcripts.editing.segment_operations import EditError
from transcripts.gaps.insertion import GapWords, fill_gap, words_of, words_within
from transcripts.inference.client import start_transcribe
from transcripts.inference.errors import (
    BrokenAnswerError,
    FullError,
    InferenceError,
    ModelNotInstalledError,
    UnsupportedRequestError,
)
from transcripts.inference.results import Finished, TranscribeOptions, WindowResult
from transcripts.inference.routing import inference_for
from transcripts.media import DecoderDiedError, MediaError, Pick, open_decoder, read_excerpt
from transcripts.models import OPEN_STATUSES, EditAction, Transcript
from transcripts.services.recordings import local_recording
from transcripts.services.shown_gaps import ShownGap, show_gaps
from transcripts.services.sources import pick_of_source
from transcripts.text.words import Word

logger = logging.getLogger(__name__)

ACCEPTED, RETRIED = "kept", "retried"
DEADLINE_S = 40.0  # of a retry: below what browsers and proxies wait for an answer
LONGEST_RETRY_MS = 120_000  # base on two cores takes about 10 s for it
# Of audio around a gap: words are cut a little short, and a recogniser needs a breath before them.
_MARGIN_MS = 300
_PCM_BYTES_A_MS = 32
_CHUNK_BYTES = 320_000
# Damage is skipped by a full decode only; an excerpt would come from another place.
_UNCERTAIN = frozenset({"corrupt_audio_skipped"})
# Each holds a thread, up to two minutes of PCM (4 MB) and a decoder's process.
RETRIES_AT_ONCE = 4
_slots = threading.BoundedSemaphore(RETRIES_AT_ONCE)


class RecordingDeletedError(ApiError):
    """Its recording is deleted: there is nothing to recognise."""

    status = 409
    code = "no_recording"

    def __init__(self, transcript: Transcript) -> None:
        why = (
            "your account's retention has removed it"
            if transcript.recording.audio_deleted_at is not None
            else "it is not stored"
        )
        super().__init__(f"The recording can't be recognised again: {why}.")


class RetriesBusyError(ApiError):
    """Other gaps are being recognised again; with Retry-After."""

    status = 429
    code = "too_many_retries"

    def __init__(self) -> None:
        super().__init__(
            "Other gaps are being recognised again just now. Try again shortly.", retry_after_s=5
        )


class UnreadableGapError(ApiError):
    """This part of the recording can't be read."""

    status = 409
    code = "unreadable"

    def __init__(self) -> None:
        super().__init__("This part of the recording can't be read.")


class RetryFailedError(ApiError):
    """The inference service can't be reached; nothing was changed."""

    status = 503
    code = "inference_unavailable"


# For `stt_web.core.documentation.raises`: what is raised beside the errors of every edit.
GAP_ERRORS: tuple[type[ApiError] | ApiError, ...] = (
    GapNotFoundError,
    GapResolvedError,
    RecordingDeletedError,
    RetriesBusyError,
    UnreadableGapError,
    RetryFailedError,
    RetryFailedError("The inference service is full.", code=FullError.code),
    RetryFailedError("The inference service failed.", code=BrokenAnswerError.code),
    RetryFailedError("No model is installed for it.", code=ModelNotInstalledError.code),
    RetryFailedError("The model lacks the language.", code=UnsupportedRequestError.code),
)


@dataclass(frozen=True)
class _Recognised:
    words: list[Word]
    language: str


def accept_gap(editing: Editing, key: str) -> None:
    """Make what was recognised in the gap the text. One revision.

    Raises what `open_draft` raises, EditError, GapNotFoundError, GapResolvedError.
    """
    with open_draft(editing, EditAction.ACCEPT_GAP) as draft:
        gap = _find_gap(editing.transcript, key)
        if not gap.text:
            raise EditError(
                "Nothing was recognised there that could be kept. Try it again instead."
            )
        fill_gap(draft, gap, words_of(gap))
        draft.gaps.resolve(gap.keys, ACCEPTED)


def retry_gap(editing: Editing, key: str, *, language: str = "") -> bool:
    """Recognise the gap again, in `language` or the transcript's; False where nothing was found.

    Blocks ≤ `DEADLINE_S`, without a transaction, then makes one revision. Raises also
    RecordingDeletedError, RetriesBusyError, RetryFailedError.
    """
    transcript = editing.transcript
    if transcript.status in OPEN_STATUSES:
        raise StillWorkedOnError
    if editing.expected not in (None, transcript.revision):
        raise RevisionChangedError(transcript.revision)
    gap = _find_gap(transcript, key)
    if gap.length_ms > LONGEST_RETRY_MS:
        raise EditError("This gap is too long for that. Transcribe the recording again instead.")
    recognised = _recognise(transcript, gap, language=language)
    if not recognised.words:
        return False
    with open_draft(editing, EditAction.RETRY_GAP) as draft:
        gap = _find_gap(transcript, key)
        fill_gap(draft, gap, GapWords(words_within(gap, recognised.words), recognised.language))
        draft.gaps.resolve(gap.keys, RETRIED)
    return True


def _find_gap(transcript: Transcript, key: str) -> ShownGap:
    """Return the shown gap that this stored one is a part of. One query."""
    rows = list(transcript.gaps.all())
    found = next((gap for gap in show_gaps(rows) if key in gap.keys), None)
    if found is not None:
        return found
    if any(row.key == key and row.resolution for row in rows):
        raise GapResolvedError
    raise GapNotFoundError


def _recognise(transcript: Transcript, gap: ShownGap, *, language: str) -> _Recognised:
    if not transcript.recording.path or not local_recording(transcript).is_file():
        raise RecordingDeletedError(transcript)
    began = time.monotonic()
    with _one_of_few():
        try:
            recognised = _ask(transcript, gap, language=language)
        except InferenceError as error:
            raise RetryFailedError(error.message, code=error.code, retry_after_s=10) from error
        except (MediaError, DecoderDiedError) as error:
            raise UnreadableGapError from error
    logger.info(
        "event=gap_retried transcript_id=%s gap_ms=%d words=%d duration_ms=%d",
        transcript.pk,
        gap.length_ms,
        len(recognised.words),
        round(1000 * (time.monotonic() - began)),
    )
    return recognised


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _slots.acquire(blocking=False):
        raise RetriesBusyError
    try:
        yield
    finally:
        _slots.release()


def _ask(transcript: Transcript, gap: ShownGap, *, language: str) -> _Recognised:
    """Raises InferenceError, MediaError, DecoderDiedError."""
    start_ms = max(0, gap.start_ms - _MARGIN_MS)
    pick = pick_of_source(transcript, gap.source)
    length_ms = gap.end_ms + _MARGIN_MS - start_ms
    pcm = _read(transcript, start_ms=start_ms, length_ms=length_ms, pick=pick)
    if len(pcm) < _PCM_BYTES_A_MS:
        return _Recognised([], "")
    options = TranscribeOptions(
        asked=transcript.job.options,
        model=transcript.job.model_used or transcript.job.model_requested,
        language=language or gap.language or transcript.language,
        priority="short",
        offset_ms=start_ms,
        expected_duration_ms=len(pcm) // _PCM_BYTES_A_MS,
    )
    route = inference_for(transcript.owner).pick(model=options.model)
    chunks = (pcm[at : at + _CHUNK_BYTES] for at in range(0, len(pcm), _CHUNK_BYTES))
    call = start_transcribe(options, chunks, server=route.server)
    too_late = threading.Timer(DEADLINE_S, call.cancel)
    too_late.start()
    try:
        windows = [
            event
            for event in takewhile(lambda event: not isinstance(event, Finished), call)
            if isinstance(event, WindowResult)
        ]
    finally:
        too_late.cancel()
        call.cancel()
    segments = [segment for window in windows for segment in window.segments]
    words = [word for segment in segments for word in segment.words]
    found = next((segment.language for segment in segments if segment.language), options.language)
    return _Recognised(words_within(gap, words), found)


def _read(transcript: Transcript, *, start_ms: int, length_ms: int, pick: Pick) -> bytes:
    path = local_recording(transcript)
    if not any(warning.get("code") in _UNCERTAIN for warning in transcript.job.warnings):
        return read_excerpt(
            path, start_ms=start_ms, length_ms=length_ms, patience_s=DEADLINE_S, pick=pick
        )
    wanted = length_ms * _PCM_BYTES_A_MS
    pcm = bytearray()
    with open_decoder(path, start_ms=start_ms, pick=pick) as decoder:
        for chunk in decoder:
            pcm += chunk
            if len(pcm) >= wanted:
                break
    return bytes(pcm[:wanted])
