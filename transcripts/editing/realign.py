"""Times for words that a person typed, from the recording: what is spoken there is aligned again.

Asked in the background, after an edit was answered with interpolated times
(`editing/align_edits`), and never a reason for an edit to wait or to fail.

Only the words without a time of their own are aligned, together with some that stand around them,
so that the aligner knows where it is. What is further apart than a window is aligned in pieces; a
piece longer than a window (over half a minute of new text) stays interpolated, since it isn't known
when which of its words was spoken. What can't be true of an answer isn't taken
(`editing/alignment_checks`).
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stt_web.core.errors import ApiError
from transcripts.editing.alignment_checks import is_implausible, redistribute_times
from transcripts.inference.align import LONGEST_MS, align_words
from transcripts.inference.errors import InferenceError, UnsupportedRequestError
from transcripts.inference.results import Model
from transcripts.inference.routing import Inference, inference_for
from transcripts.media import DecoderDiedError, MediaError, Pick, read_excerpt
from transcripts.models import Transcript
from transcripts.services.recordings import local_recording
from transcripts.services.sources import pick_of
from transcripts.text.retokenize import between, fit_words, retime
from transcripts.text.segments import Segment
from transcripts.text.words import INTERPOLATED, Word

logger = logging.getLogger(__name__)

DEADLINE_S = 20.0  # of one try, over all pieces
_MAX_CHUNKS = 3
# How much is aligned around the words in question, so that their neighbours hold them in place.
_CONTEXT_MS = 4_000
# Of audio beyond the first and the last word: recognisers cut words a little short.
_MARGIN_MS = 200
# Damage is skipped by a full decode; an excerpt wouldn't notice, and read the wrong place.
_UNCERTAIN = frozenset({"corrupt_audio_skipped"})
_PCM_BYTES_A_MS = 32


@dataclass(frozen=True)
class _Chunk:
    """Some words of a segment, and the interval of the recording that holds them."""

    first: int
    behind: int
    start_ms: int
    end_ms: int


class NotNowError(Exception):
    """No server answers at present: a later try may succeed. `code` names the error."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _TooLateError(NotNowError):
    def __init__(self) -> None:
        super().__init__("too_late")


def has_new_words(before: Segment, after: Segment) -> bool:
    """Whether an edit placed words by interpolation that weren't there before."""
    known = {(word.text, word.start_ms, word.end_ms) for word in before.words}
    return any(
        (word.text, word.start_ms, word.end_ms) not in known
        for word in after.words
        if word.timing == INTERPOLATED
    )


def can_be_aligned(transcript: Transcript) -> bool:
    """Whether there is a recording in which these words were spoken, in their language."""
    return (
        bool(transcript.recording.path)
        and bool(transcript.language)
        and transcript.job.task == "transcribe"
        and not any(warning.get("code") in _UNCERTAIN for warning in transcript.job.warnings)
    )


def align_segment(transcript: Transcript, segment: Segment) -> tuple[Word, ...]:
    """Return the segment's words, the interpolated ones with better times where these can be had.

    Blocks ≤ `DEADLINE_S`, once the recording is here; a query or two, no transaction. Raises
    NotNowError.
    """
    targets = [at for at, word in enumerate(segment.words) if word.timing == INTERPOLATED]
    chunks = _find_chunks(segment, targets)[:_MAX_CHUNKS]
    if not chunks or not can_be_aligned(transcript):
        return segment.words
    return _align(transcript, segment, targets, chunks)


def _align(
    transcript: Transcript, segment: Segment, targets: Sequence[int], chunks: list[_Chunk]
) -> tuple[Word, ...]:
    began = time.monotonic()
    words = list(segment.words)
    outcome = "aligned"
    try:
        local_recording(transcript)  # to be fetched, perhaps: that is no part of `DEADLINE_S`
        began = time.monotonic()
        inference = inference_for(transcript.owner)
        models = _able_models(inference, transcript)
        pick = pick_of(transcript, speaker=segment.speaker)
        for chunk in chunks if models else ():
            until = began + DEADLINE_S
            aligned_words = _ask(
                transcript, inference, models, words, chunk, pick=pick, until=until
            )
            _put(words, targets, chunk, aligned_words, segment)
        outcome = "aligned" if models else "no_model"
    except (InferenceError, ApiError, MediaError, DecoderDiedError) as error:
        outcome = error.code
        if getattr(error, "retryable", True):
            raise NotNowError(error.code) from error
    finally:
        logger.info(
            "event=edit_aligned transcript_id=%s outcome=%s words=%d duration_ms=%d",
            transcript.pk,
            outcome,
            len(targets),
            round(1000 * (time.monotonic() - began)),
        )
    return tuple(words)


def _able_models(inference: Inference, transcript: Transcript) -> list[Model]:
    """Return what may know the language: the model that wrote the text, and the default one.

    Raises ApiError where no server answers.
    """
    known = inference.list_models()
    found: list[Model] = []
    for name in (transcript.job.model_used, known.default_model):
        asked = known.find(name)
        model = known.find(asked.served_by) if asked is not None else None
        if model is not None and transcript.language in model.languages and model not in found:
            found.append(model)
    return found


def _ask(
    transcript: Transcript,
    inference: Inference,
    models: Iterable[Model],
    words: Sequence[Word],
    chunk: _Chunk,
    *,
    pick: Pick,
    until: float,
) -> list[Word]:
    """Raises InferenceError, MediaError, DecoderDiedError, _TooLateError."""
    pcm = read_excerpt(
        local_recording(transcript),
        start_ms=chunk.start_ms,
        length_ms=chunk.end_ms - chunk.start_ms,
        patience_s=_left_s(until),
        pick=pick,
    )
    refusal: InferenceError = UnsupportedRequestError("No model can align.")
    if len(pcm) < _PCM_BYTES_A_MS:
        raise refusal  # the recording ends before
    own = words[chunk.first : chunk.behind]
    for model in models:
        route = inference.pick(model=model.id)
        try:
            return align_words(
                own,
                pcm,
                model=model.id,
                language=transcript.language,
                offset_ms=chunk.start_ms,
                server=route.server,
                deadline_s=_left_s(until),
            )
        except UnsupportedRequestError as error:
            refusal = error
    raise refusal


def _left_s(until: float) -> float:
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise _TooLateError
    return left_s


def _find_chunks(segment: Segment, targets: Sequence[int]) -> list[_Chunk]:
    """Return what is to be aligned, with its surroundings; what is too long for a window is
    left."""
    chunks: list[_Chunk] = []
    for first, behind in _runs(targets):
        chunk = _surround(segment, first, behind)
        if chunks and chunk.end_ms - chunks[-1].start_ms <= LONGEST_MS:
            last = chunks.pop()
            chunk = replace(chunk, first=last.first, start_ms=last.start_ms)
        if chunk.end_ms - chunk.start_ms <= LONGEST_MS:
            chunks.append(chunk)
    return chunks


def _runs(targets: Sequence[int]) -> list[tuple[int, int]]:
    """Return the words that stand together: (first, behind the last)."""
    runs: list[tuple[int, int]] = []
    for at in targets:
        if runs and runs[-1][1] == at:
            runs[-1] = (runs[-1][0], at + 1)
        else:
            runs.append((at, at + 1))
    return runs


def _surround(segment: Segment, first: int, behind: int) -> _Chunk:
    words = segment.words
    earliest_ms = words[first].start_ms - _CONTEXT_MS
    latest_ms = words[behind - 1].end_ms + _CONTEXT_MS
    while first > 0 and words[first - 1].start_ms >= earliest_ms:
        first -= 1
    while behind < len(words) and words[behind].end_ms <= latest_ms:
        behind += 1
    start_ms = segment.start_ms if first == 0 else words[first].start_ms
    end_ms = segment.end_ms if behind == len(words) else words[behind - 1].end_ms
    return _Chunk(first, behind, max(0, start_ms - _MARGIN_MS), end_ms + _MARGIN_MS)


def _put(
    words: list[Word],
    targets: Sequence[int],
    chunk: _Chunk,
    aligned_words: Sequence[Word],
    segment: Segment,
) -> None:
    """Give the words in question their times, between those that are not."""
    inside = [at for at in targets if chunk.first <= at < chunk.behind]
    for first, behind in _runs(inside):
        most = segment.end_ms if behind == len(words) else words[behind].start_ms
        least = segment.start_ms if first == 0 else min(words[first - 1].end_ms, most)
        own = aligned_words[first - chunk.first : behind - chunk.first]
        fitted = _fit(words[first:behind], own, least, most)
        if fitted is not None:
            words[first:behind] = fitted


def _fit(
    words: Sequence[Word], aligned_words: Sequence[Word], least: int, most: int
) -> tuple[Word, ...] | None:
    """Return the words where they were aligned, within the interval; None where that can't be
    true."""
    fitted = [
        (between(w.start_ms, least, most), between(w.end_ms, least, most)) for w in aligned_words
    ]
    spoken_ms = sum(word.end_ms - word.start_ms for word in aligned_words)
    is_elsewhere = 2 * sum(end - start for start, end in fitted) < spoken_ms
    if is_elsewhere or most <= least or is_implausible(aligned_words):
        return None
    aligned = [
        replace(retime(word, *times), timing=placed.timing)
        for word, times, placed in zip(words, fitted, aligned_words, strict=True)
    ]
    shared = redistribute_times(aligned)
    # A sign that isn't spoken may be aligned with no length.
    return None if shared is None else fit_words(shared, start_ms=least, end_ms=most)
