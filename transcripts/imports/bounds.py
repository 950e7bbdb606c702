"""How much an import may hold: what is beyond would occupy the database, or a reader, for long.

The words are bounded, too: each is read and written again by every view and export.
"""

from stt_web.core.strict_json import find_unstorable
from transcripts.imports.segments import Imported, ImportFileError, ImportTooLargeError
from transcripts.text.bounds import MAX_SEGMENT_WORDS
from transcripts.text.segments import Segment

MAX_BYTES = 16 * 1024 * 1024  # ten hours of our own JSON are 10 MB
MAX_LINES = 500_000  # thirty thousand cues of a dozen lines
MAX_SEGMENTS = 30_000  # forty hours, five seconds each
MAX_CHARACTERS = 3_000_000  # fifty hours of speech
MAX_SEGMENT_CHARACTERS = 20_000
MAX_WORDS = 500_000  # fifty-five hours of speech
MAX_SPEAKERS = 100


def check_size(size_bytes: int) -> None:
    """Raise ImportFileError (413) for a file that isn't even read."""
    if size_bytes > MAX_BYTES:
        raise ImportTooLargeError(f"A file to import may have at most {MAX_BYTES // 2**20} MB.")


def check_bounds(imported: Imported) -> None:
    """Raise ImportFileError for more than a transcript may hold, or what is no text."""
    segments = imported.segments
    if len(segments) > MAX_SEGMENTS:
        raise ImportFileError(f"A transcript may have at most {MAX_SEGMENTS:,} segments.")
    words = 0
    for number, segment in enumerate(segments, 1):
        words += _check_segment(segment, f"Segment {number}")
    for number, gap in enumerate(imported.gaps, 1):
        as_segment = Segment(gap.start_ms, gap.end_ms, gap.text)
        words += _check_segment(as_segment, f"Gap {number}")
    if words > MAX_WORDS:
        raise ImportFileError(f"A transcript may have at most {MAX_WORDS:,} words.")
    characters = sum(len(segment.text) for segment in segments)
    if characters + sum(len(gap.text) for gap in imported.gaps) > MAX_CHARACTERS:
        raise ImportFileError(f"A transcript may have at most {MAX_CHARACTERS:,} characters.")
    if len({segment.speaker_name for segment in segments if segment.speaker_name}) > MAX_SPEAKERS:
        raise ImportFileError(f"A transcript may have at most {MAX_SPEAKERS} speakers.")
    _check_text(imported.title + imported.model, "The title")


def check_segment_count(count: int, what: str = "segments") -> None:
    """Raise ImportFileError before so many are read."""
    if count > MAX_SEGMENTS:
        raise ImportFileError(f"A transcript may have at most {MAX_SEGMENTS:,} {what}.")


def _check_segment(segment: Segment, what: str) -> int:
    """Return how many words it has."""
    if len(segment.text) > MAX_SEGMENT_CHARACTERS:
        raise ImportFileError(
            f"{what} has more than {MAX_SEGMENT_CHARACTERS:,} characters. Split it."
        )
    words = len(segment.words) or len(segment.text.split())
    if words > MAX_SEGMENT_WORDS:
        raise ImportFileError(f"{what} has more than {MAX_SEGMENT_WORDS:,} words. Split it.")
    _check_text(segment.text + (segment.speaker_name or ""), what)
    return words


def _check_text(text: str, what: str) -> None:
    problem = find_unstorable(text)
    if problem:
        raise ImportFileError(f"{what} holds {problem}.")
