"""A transcript as a person reads it: turns of speech with a time, and a name where it changes."""

from dataclasses import dataclass

from transcripts.exports.document import Document
from transcripts.text.clock import format_clock
from transcripts.text.segments import Segment


@dataclass(frozen=True, slots=True)
class Line:
    """What a page shows of an interval of the recording, in the format of its template."""

    start_ms: int
    end_ms: int
    text: str

    @property
    def start_s(self) -> str:
        return f"{self.start_ms / 1000:.3f}"

    @property
    def end_s(self) -> str:
        return f"{self.end_ms / 1000:.3f}"

    @property
    def time(self) -> str:
        return format_clock(self.start_ms)


@dataclass(frozen=True, slots=True)
class SegmentLine(Line):
    """`speaker`: the name to show; `number` is theirs. `is_same`: as in the segment before."""

    speaker: str = ""
    key: str = ""
    number: int | None = None
    is_same: bool = False


@dataclass(frozen=True, slots=True)
class GapLine(Line):
    """`gap`: its id. `seconds` and `reason` are in the language of who reads."""

    gap: str = ""
    seconds: str = ""
    reason: str = ""


def list_turns(document: Document) -> list[SegmentLine]:
    """Return what a page shows of each segment; `speaker` empty where it is the one before."""
    return [
        SegmentLine(segment.start_ms, segment.end_ms, segment.text, speaker=speaker or "")
        for segment, speaker in _with_speakers(document.segments)
    ]


def _with_speakers(
    segments: tuple[Segment, ...],
) -> list[tuple[Segment, str | None]]:
    before = [None, *(segment.speaker_name for segment in segments)]
    return [
        (segment, segment.speaker_name if segment.speaker_name != known else None)
        for segment, known in zip(segments, before, strict=False)
    ]
