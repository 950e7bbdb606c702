"""From when to when cues stand: as long as they are spoken and as it takes to read them, one after
the other, with a gap between. The rules are the profile's; the text isn't read here.

Where there is more speech than the shortest durations leave room for, cues start late and catch up
in the next pause; where none comes soon, they share the time that there is. No cue flashes by.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from transcripts.exports.profiles import Profile

# How far the shortest durations may carry cues on, if they have caught up by then.
_CATCH_UP_MS = 10_000
# How much later than it is spoken text may start where there is no catching up.
_LATE_MS = 1_000
# What can still be taken in at a glance; below, a cue would be of no use.
_GLANCE_MS = 250
# Of the time of a cue and its gap: what the cue has where both must shrink.
_CUE_SHARE = 0.75
_MAX_LOOKAHEAD = 40


@dataclass(frozen=True, slots=True)
class CueSlot:
    """When a cue's words are spoken, and how long they take to read."""

    start_ms: int
    end_ms: int
    reading_ms: int


def fit_times(
    slots: Sequence[CueSlot], profile: Profile, *, duration_ms: int
) -> list[tuple[int, int]]:
    """Return when each begins and ends. None begins before it is spoken nor overlaps another; the
    last may outlast the recording a little where it would be too short."""
    times: list[tuple[int, int]] = []
    earliest_ms = 0
    # Where the next one begins; behind the last, where one could.
    starts_ms = [block.start_ms for block in slots[1:]]
    starts_ms += [max(duration_ms, block.end_ms) + profile.gap_ms for block in slots[-1:]]
    for number, block in enumerate(slots):
        start_ms = max(block.start_ms, earliest_ms)
        shortest_ms, gap_ms = _affordable_ms(starts_ms, number, start_ms, profile)
        limit_ms = starts_ms[number] - gap_ms
        reading_ms = max(block.reading_ms, profile.min_duration_ms)
        wanted_ms = min(max(block.end_ms, start_ms + reading_ms), limit_ms)
        end_ms = max(wanted_ms, start_ms + shortest_ms)
        end_ms = min(end_ms, start_ms + profile.max_duration_ms)
        times.append((start_ms, end_ms))
        earliest_ms = end_ms + gap_ms
    return times


def _affordable_ms(
    starts_ms: Sequence[int], number: int, start_ms: int, profile: Profile
) -> tuple[int, int]:
    """Return how long a cue may stand at least, and the gap after it: the profile's, if those that
    follow can be in time again soon."""
    whole_ms = profile.min_duration_ms + profile.gap_ms
    pitch_ms = float(whole_ms)  # from one beginning to the next
    most = min(_MAX_LOOKAHEAD, max(1, _CATCH_UP_MS // whole_ms))
    for ahead, next_ms in enumerate(starts_ms[number : number + most], 1):
        left_ms = next_ms - start_ms
        if left_ms >= ahead * whole_ms:
            return profile.min_duration_ms, profile.gap_ms
        pitch_ms = min(pitch_ms, (left_ms + _LATE_MS) / ahead)
    share_ms = max(int(pitch_ms) - profile.gap_ms, int(_CUE_SHARE * pitch_ms))
    shortest_ms = min(profile.min_duration_ms, max(_GLANCE_MS, share_ms))
    return shortest_ms, max(0, min(profile.gap_ms, int(pitch_ms) - shortest_ms))
