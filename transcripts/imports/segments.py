"""What every importer returns, and what it raises.

ImportFileError (ApiError, 400)    not_a_transcript
"""

from dataclasses import dataclass, field
from typing import Any

from stt_web.errors import ApiError


class ImportFileError(ApiError):
    status = 400
    code = "not_a_transcript"


@dataclass(frozen=True)
class ImportedSegment:
    """`start_ms` < `end_ms`. `words` as in `models.Segment`; empty: shared out by length."""

    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None
    confidence: float | None = None  # nobody measured any
    words: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Imported:
    segments: tuple[ImportedSegment, ...]
    title: str = ""
    language: str = ""
    model: str = ""
    duration_ms: int = 0
    is_machine_made: bool = False  # as far as the file says
    is_corrected: bool = False
    speakers: tuple[str, ...] = field(default=())
