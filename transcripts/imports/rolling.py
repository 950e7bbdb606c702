"""Captions that roll: each cue shows the line before once more, above the new one (YouTube's)."""

from collections.abc import Iterable
from dataclasses import replace

from transcripts.imports.cue_lines import RawCue
from transcripts.imports.markup import has_times, read_vtt

_ADJACENT_MS = 200


def without_repeats(cues: Iterable[RawCue]) -> list[RawCue]:
    """Return the cues with each line once: where it has times of its own.

    A line without times that the cue directly before has shown is left out.
    """
    retained: list[RawCue] = []
    shown: list[str] = []
    shown_until_ms = -_ADJACENT_MS
    for cue in cues:
        is_adjacent = cue.stamp.start_ms - shown_until_ms <= _ADJACENT_MS
        plain = [_plain(line) for line in cue.lines]
        lines = [
            line
            for line, text in zip(cue.lines, plain, strict=True)
            if has_times(line) or not (is_adjacent and text in shown)
        ]
        shown, shown_until_ms = plain, cue.stamp.end_ms
        if lines:
            retained.append(replace(cue, lines=tuple(lines)))
    return retained


def _plain(line: str) -> str:
    return " ".join("".join(chunk.text for chunk in read_vtt(line)).split())
