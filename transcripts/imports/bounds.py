"""How much an import may hold: what is beyond would keep the database busy for minutes."""

import re

from transcripts.imports.segments import Imported, ImportedSegment, ImportFileError

MAX_BYTES = 16 * 1024 * 1024  # ten hours of our own JSON are 10 MB
MAX_SEGMENTS = 30_000  # forty hours, five seconds each
MAX_CHARACTERS = 3_000_000  # fifty hours of speech
MAX_SEGMENT_CHARACTERS = 20_000
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")  # JSON can hold it, UTF-8 can't


def check_size(size_bytes: int) -> None:
    """Raise ImportFileError (413) for a file that isn't even read."""
    if size_bytes > MAX_BYTES:
        raise ImportFileError(
            f"A file to import may have at most {MAX_BYTES // 2**20} MB.",
            status=413,
            code="file_too_large",
        )


def check_bounds(imported: Imported) -> None:
    """Raise ImportFileError for more than a transcript may hold, or what is no text."""
    if len(imported.segments) > MAX_SEGMENTS:
        raise ImportFileError(f"A transcript may have at most {MAX_SEGMENTS} segments.")
    for number, segment in enumerate(imported.segments, 1):
        _check_segment(segment, number)
    if sum(len(segment.text) for segment in imported.segments) > MAX_CHARACTERS:
        raise ImportFileError(f"A transcript may have at most {MAX_CHARACTERS} characters.")
    _check_text(imported.title + imported.model, "The title")


def _check_segment(segment: ImportedSegment, number: int) -> None:
    if len(segment.text) > MAX_SEGMENT_CHARACTERS:
        raise ImportFileError(
            f"Segment {number} has more than {MAX_SEGMENT_CHARACTERS} characters. Split it."
        )
    _check_text(segment.text + (segment.speaker or ""), f"Segment {number}")


def _check_text(text: str, what: str) -> None:
    if _HALF_A_CHARACTER.search(text):
        raise ImportFileError(f"{what} holds half a character (a lone surrogate).")
