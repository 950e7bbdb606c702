"""What every importer returns, and what it raises.

ImportFileError (ApiError, 400; 413 where it is too large)    not_a_transcript
"""

from dataclasses import dataclass

from stt_web.core.errors import ApiError
from transcripts.text.segments import Segment


class ImportFileError(ApiError):
    """Neither subtitles nor our JSON, or more than a transcript may hold."""

    status = 400
    code = "not_a_transcript"


class ImportTooLargeError(ImportFileError):
    """A file to import is too large."""

    status = 413
    code = "file_too_large"


@dataclass(frozen=True)
class ImportedGap:
    """Speech that our own export marks as missing in its text. `start_ms` < `end_ms`; `reason` as
    in `models.GapReason`; `text`: what was recognised there and not accepted."""

    start_ms: int
    end_ms: int
    reason: str
    text: str = ""


@dataclass(frozen=True)
class Remark:
    """What its owner should know about how the file was read. `is_loss`: text was left out."""

    code: str
    message: str
    is_loss: bool = False


@dataclass(frozen=True)
class Imported:
    """`segments`: `speaker_name` as the file names who speaks; without words where it has no times
    of their own."""

    segments: tuple[Segment, ...]
    title: str = ""
    language: str = ""
    model: str = ""
    duration_ms: int = 0
    is_machine_made: bool = False  # as far as the file has it
    is_corrected: bool = False
    remarks: tuple[Remark, ...] = ()
    gaps: tuple[ImportedGap, ...] = ()


def name_lines(lines: list[int]) -> str:
    """Return "line 3", or "lines 3, 9 and 12": the first ten of them. Lines count from 1."""
    shown = ", ".join(str(line) for line in lines[:10])
    more = f" and {len(lines) - 10} more" if len(lines) > 10 else ""
    return f"line{'s' if len(lines) > 1 else ''} {shown}{more}"
