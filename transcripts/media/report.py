"""What a child finds amiss while it reads a recording."""

from dataclasses import dataclass, field
from typing import Any, Final

_MAX_INTERVALS: Final = 500


@dataclass
class Report:
    """What was found amiss while a recording was read. Times in seconds of the timeline."""

    promised_ms: int = 0  # what the parts that were read should have lasted, 0: unknown
    failures: int = 0  # packets that couldn't be decoded, and reads that failed
    unreadable_s: list[tuple[float, float]] = field(default_factory=list)
    jump_s: list[tuple[float, float]] = field(default_factory=list)  # (place, length): not believed
    pauses_s: list[tuple[float, float]] = field(default_factory=list)  # (place, length) of silence
    unread_parts: int = 0  # further recordings in the same file that can't be read

    def add_pause(self, start_s: float, length_s: float) -> None:
        """Note silence that stands for what the file doesn't hold."""
        if len(self.pauses_s) < _MAX_INTERVALS:
            self.pauses_s.append((start_s, length_s))

    def add_unreadable(self, start_s: float, end_s: float) -> None:
        if len(self.unreadable_s) < _MAX_INTERVALS:
            self.unreadable_s.append((start_s, end_s))

    def as_fields(self, *, decoded_ms: int) -> dict[str, Any]:
        """Return the fields of the note at the end, of which warnings are made."""
        return {
            "decoded_ms": decoded_ms,
            "promised_ms": self.promised_ms,
            "unread_parts": self.unread_parts,
            "unreadable": _in_ms(self.unreadable_s),
            "pauses": _in_ms(self.pauses_s),
            "jumps": _in_ms(self.jump_s),
        }


def _in_ms(intervals_s: list[tuple[float, float]]) -> list[list[int]]:
    return [[round(first * 1000), round(second * 1000)] for first, second in intervals_s]
