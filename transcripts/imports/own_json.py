"""The JSON that our own exports have, read again: segments, words, speakers, gaps, language and
title. A segment that only stands for a gap (`include_gaps`) is not speech."""

import json
import math
from collections.abc import Sequence
from typing import Any

from transcripts.exports.origin import is_corrected_origin, is_machine_origin
from transcripts.imports.bounds import check_segment_count
from transcripts.imports.gap_marks import GapMarks
from transcripts.imports.segments import (
    Imported,
    ImportedGap,
    ImportFileError,
    Remark,
)
from transcripts.text.bounds import MAX_SEGMENT_WORDS
from transcripts.text.segments import Segment
from transcripts.text.words import IMPORTED, TIMINGS, Word

_LATEST_S = 1000 * 3600.0
# Of `models.GapReason`, those that are shown; the process that reads files knows no Django.
GAP_REASONS = ("not_recognised", "repetition", "low_confidence", "unreadable")


def read_json(text: str) -> Imported:
    """Return the transcript. Raises ImportFileError that names what is wrong."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise ImportFileError("This file begins like JSON, but isn't.") from None
    segments = body.get("segments") if isinstance(body, dict) else None
    if not isinstance(segments, list):
        raise ImportFileError("This JSON has no list “segments”.")
    check_segment_count(len(segments))
    origin, model = _text(body, "origin"), _text(body, "model")
    # An answer of our API, saved as it was, has no `origin`; it names the model.
    is_ours = is_machine_origin(origin) if origin else bool(model)
    read = tuple(
        _read_segment(number, segment, timing="" if is_ours else IMPORTED)
        for number, segment in enumerate(segments, 1)
        if not _stands_for_gap(segment)
    )
    gaps, remarks = _read_gaps(body, [each for each in segments if _stands_for_gap(each)])
    return Imported(
        segments=tuple(sorted(read, key=lambda segment: segment.start_ms)),
        title=_text(body, "title"),
        language=_text(body, "language"),
        model=model,
        duration_ms=_milliseconds(body.get("duration", 0), "duration"),
        is_machine_made=is_ours,
        is_corrected=is_corrected_origin(origin),
        remarks=remarks,
        gaps=gaps,
    )


def _stands_for_gap(segment: object) -> bool:
    return isinstance(segment, dict) and isinstance(segment.get("gap"), str)


def _read_gaps(
    body: dict[str, Any], stand_ins: Sequence[dict[str, Any]]
) -> tuple[tuple[ImportedGap, ...], tuple[Remark, ...]]:
    """Return the file's gaps, and a remark about each kind of what can't be restored: stand-ins
    of gaps that the list hasn't, and what is in the list and is no gap of ours."""
    listed = body.get("gaps")
    listed = listed if isinstance(listed, list) else []
    check_segment_count(len(listed), "gaps")
    gaps = [gap for each in listed if (gap := _read_gap(each)) is not None]
    starts = {gap.start_ms for gap in gaps}
    marks = GapMarks()
    for number, segment in enumerate(stand_ins, 1):
        start_ms = _milliseconds(segment.get("start"), f"start of the mark of gap {number}")
        end_ms = _milliseconds(segment.get("end"), f"end of the mark of gap {number}")
        if start_ms not in starts:
            marks.add(start_ms, f"{max(0, end_ms - start_ms) / 1000:.1f}")
    remarks = marks.remarks()
    if lost := len(listed) - len(gaps):
        message = f"{lost} of {len(listed)} entries of “gaps” in this JSON can't be read."
        remarks.append(Remark("gaps_skipped", message, is_loss=True))
    return tuple(sorted(gaps, key=lambda gap: gap.start_ms)), tuple(remarks)


def _read_gap(value: object) -> ImportedGap | None:
    if not isinstance(value, dict) or value.get("reason") not in GAP_REASONS:
        return None
    try:
        start_ms = _milliseconds(value.get("start"), "start of a gap")
        end_ms = _milliseconds(value.get("end"), "end of a gap")
    except ImportFileError:
        return None
    if end_ms <= start_ms:
        return None
    return ImportedGap(start_ms, end_ms, value["reason"], _text(value, "text"))


def _read_segment(number: int, segment: object, *, timing: str) -> Segment:
    where = f"segment {number}"
    if not isinstance(segment, dict) or not isinstance(segment.get("text"), str):
        raise ImportFileError(f"In this JSON, {where} has no text.")
    start_ms = _milliseconds(segment.get("start"), f"start of {where}")
    end_ms = _milliseconds(segment.get("end"), f"end of {where}")
    if end_ms <= start_ms:
        raise ImportFileError(f"In this JSON, {where} ends before it begins.")
    words = segment.get("words") or []
    if isinstance(words, list) and len(words) > MAX_SEGMENT_WORDS:
        raise ImportFileError(
            f"In this JSON, {where} has more than {MAX_SEGMENT_WORDS:,} words. Split it."
        )
    return Segment(
        start_ms,
        end_ms,
        segment["text"],
        speaker_name=segment["speaker"] if isinstance(segment.get("speaker"), str) else None,
        confidence=_share(segment.get("confidence")),
        words=(
            _read_words(words, segment["text"], where, timing=timing)
            if isinstance(words, list)
            else ()
        ),
    )


def _read_words(words: list[Any], text: str, where: str, *, timing: str) -> tuple[Word, ...]:
    """Return the words as they are stored; none where they don't spell the text.

    timing: of words whose own the file doesn't have.
    """
    read: list[Word] = []
    position = 0
    for word in words:
        if not isinstance(word, dict) or not isinstance(word.get("word"), str):
            raise ImportFileError(f"In this JSON, a word of {where} has no text.")
        start = text.find(word["word"], position)
        if start < 0 or text[position:start].strip():
            return ()
        read.append(
            Word(
                text=word["word"],
                start_ms=_milliseconds(word.get("start"), f"a word of {where}"),
                end_ms=_milliseconds(word.get("end"), f"a word of {where}"),
                confidence=_share(word.get("confidence")),
                space_before=start > position,
                timing=word["timing"] if word.get("timing") in TIMINGS else timing,
            )
        )
        position = start + len(word["word"])
    return () if text[position:].strip() else tuple(read)


def _milliseconds(value: object, what: str) -> int:
    # Compared before it is converted: an integer of 400 digits has no float.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST_S:
        raise ImportFileError(f"In this JSON, the time “{what}” is not a number of seconds.")
    return round(float(value) * 1000)


def _share(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value >= 1:  # compared before it is converted, as above
        return 1.0
    if value <= 0:
        return 0.0
    return None if math.isnan(value) else float(value)


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
