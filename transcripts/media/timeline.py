"""Where a frame belongs on the recording's timeline: late starts, gaps in the stamps, lost parts.

The timeline is the file's own, as players that go by time stamps show it. What has no sound there
is silence: audio that starts late, packets that were never sent (a muted microphone, a lost
network), parts that can't be read. Stamps that go back, or jump by more than can be believed, move
nothing. Runs in the child.
"""

from typing import Final

from transcripts.media.recording import OpenedMedia
from transcripts.media.report import Report

# Stamps are rounded, and encoders begin with priming: less than this is no gap.
AUDIBLE_S: Final = 0.1
LONGEST_GAP_S: Final = 600.0
# In these the timeline begins at 0; elsewhere (TS, MPG, Ogg, ASF) at any stamp.
_ZERO_BASED: Final = ("matroska", "mov")
# Their stamps are the file's. In others the demuxer adds up the lengths of the packets.
_STAMPED: Final = frozenset({"ogg", "flac", "mpegts", "mpeg", "asf"})


class Timeline:
    """The end of what was placed so far, and how much silence comes before the next piece.

    One for each part of a file: it begins at `origin_s`. Costs nothing; used for frames by the
    decoder and for packets, undecoded, by an excerpt.
    """

    def __init__(self, recording: OpenedMedia, *, origin_s: float, report: Report) -> None:
        name = recording.container.format.name
        self._recording = recording
        self._is_zero_based = name.startswith(_ZERO_BASED)
        self._is_stamped = self._is_zero_based or name in _STAMPED
        self._origin_s = origin_s
        self._report = report
        self._zero_s: float | None = None  # the stamp of `origin_s`
        self._stamp_s: float | None = None  # where the last piece ended, by its stamp
        self._lost_s = 0.0
        self._is_broken = False
        self.end_s = origin_s

    def place(self, stamp_s: float | None, length_s: float, *, lost_s: float = 0.0) -> float:
        """Return the silence in seconds before a piece, and move on behind the piece.

        `lost_s`: about how much couldn't be read between the last piece and this one; where stamps
        are enough, they decide.
        """
        self._lost_s += lost_s
        silence_s = self._silence_before(stamp_s)
        if silence_s and self._lost_s:
            self._report.add_unreadable(self.end_s, self.end_s + silence_s)
        if silence_s:
            self._lost_s = 0.0
            if self.end_s > self._origin_s:
                self._report.add_pause(self.end_s, silence_s)
        self.end_s += silence_s + length_s
        if stamp_s is not None:
            self._stamp_s = stamp_s + length_s
        elif self._stamp_s is not None:
            self._stamp_s += silence_s + length_s
        return silence_s

    def _silence_before(self, stamp_s: float | None) -> float:
        if self._zero_s is None:
            delay_s = self._delay_s(stamp_s)
            if stamp_s is not None:
                self._zero_s = stamp_s - delay_s - (self.end_s - self._origin_s)
            return delay_s
        if not self._is_stamped or stamp_s is None or self._is_broken:
            return self._lost_s if self._lost_s > AUDIBLE_S else 0.0
        ahead_s = self._origin_s + stamp_s - self._zero_s - self.end_s
        step_s = stamp_s - self._stamp_s if self._stamp_s is not None else 0.0
        if step_s < -AUDIBLE_S:
            self._zero_s += ahead_s  # they go back: from here on, they count from here
            self._is_broken = self.end_s > self._origin_s and not self._begins_again(stamp_s)
            return 0.0
        if ahead_s > LONGEST_GAP_S:
            self._report.jump_s.append((self.end_s, ahead_s))
            self._zero_s += ahead_s
            return 0.0
        return ahead_s if ahead_s > AUDIBLE_S else 0.0

    @staticmethod
    def _begins_again(stamp_s: float) -> bool:
        """Whether these are the stamps of a further recording that was joined to the first."""
        return stamp_s < AUDIBLE_S

    def _delay_s(self, stamp_s: float | None) -> float:
        """By how much the sound starts later than the timeline, 0 where that is not believable."""
        if stamp_s is None or self._origin_s:
            return 0.0
        delay_s = self._delay_from(0.0, stamp_s) if self._is_zero_based else 0.0
        start = self._recording.start_s
        if not delay_s and self._recording.has_video and start is not None:
            delay_s = self._delay_from(start, stamp_s)
        return delay_s

    @staticmethod
    def _delay_from(start_s: float, stamp_s: float) -> float:
        delay_s = stamp_s - start_s
        return delay_s if AUDIBLE_S < delay_s < LONGEST_GAP_S else 0.0
