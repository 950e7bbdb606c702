"""Frames of speech probability in, regions of speech out, while the audio still arrives.

The rules and numbers of faster-whisper's `get_speech_timestamps` (itself from Silero VAD's
`utils_vad.py`) as `BatchedInferencePipeline` sets them, made incremental. Everything counts in
frames, the padding too (13 frames, where it has 400 ms = 12.5): so a call that goes on at the end
of a region has its frames where they were, and finds the same regions.
"""

from collections.abc import Iterable
from dataclasses import dataclass

FRAME_S = 0.032
SPEECH_THRESHOLD = 0.5
SILENCE_THRESHOLD = 0.35  # between the two, what was before goes on
PAD_FRAMES = 13
# A pause of 160 ms ends a region.
_END_FRAMES = 5
# A region that grows too long is cut at its last pause of more than 98 ms.
_CUT_FRAMES = 3
# 30 s less a frame and the padding of both sides.
_MAX_FRAMES = 910


@dataclass(frozen=True, slots=True)
class Region:
    """Speech with its padding, in frames from the start of the call's audio."""

    start: int
    end: int  # > start


class RegionFinder:
    """Finds the regions of one recording.

    A region is returned once it can't change any more: with the start of the next one, or when the
    silence after it is longer than both paddings.
    """

    def __init__(self, *, first_frame: int = 0) -> None:
        """first_frame: where detection begins; no region reaches back before it."""
        self.frames = first_frame  # the next one
        self._start: int | None = None  # of the speech at hand
        self._quiet_since: int | None = None
        # The last pause at which speech that grows too long may be cut, and where it goes on.
        self._cut: int | None = None
        self._resumed: int | None = None
        self._ended: tuple[int, int] | None = None  # padded start, bare end; its padding is open
        self._returned_end = first_frame

    @property
    def final_frame(self) -> int:
        """No region that is still to come begins before this frame."""
        if self._ended:
            return self._ended[0]
        speech = self.frames if self._start is None else self._start
        return max(self._returned_end, speech - PAD_FRAMES)

    def push(self, probabilities: Iterable[float]) -> list[Region]:
        regions = []
        for probability in probabilities:
            regions += self._step(float(probability))
            self.frames += 1
        if self._ended and self._start is None:
            start, end = self._ended
            if self.frames - end >= 2 * PAD_FRAMES:
                regions.append(self._close_region(start, end + PAD_FRAMES))
        return regions

    def finish(self) -> list[Region]:
        """Return what is left. Nothing may be pushed afterwards."""
        if self._start is not None:
            self._end_speech(self._start, self.frames)
        regions = []
        if self._ended:
            start, end = self._ended
            regions.append(self._close_region(start, min(self.frames, end + PAD_FRAMES)))
        return regions

    def _step(self, probability: float) -> list[Region]:
        """Take one frame; returns a region where speech begins and closes the one before it."""
        now = self.frames
        is_speech = probability >= SPEECH_THRESHOLD
        if is_speech and self._quiet_since is not None:
            self._quiet_since = None
            if self._cut is not None and self._resumed is None:
                self._resumed = now
        if self._start is None:
            return self._begin_speech(now) if is_speech else []
        regions = []
        if now - self._start > _MAX_FRAMES:
            regions = self._cut_speech(self._start, now)
        if self._start is not None and probability < SILENCE_THRESHOLD:
            self._track_silence(self._start, now)
        return regions

    def _track_silence(self, start: int, now: int) -> None:
        if self._quiet_since is None:
            self._quiet_since = now
        quiet = now - self._quiet_since
        if quiet > _CUT_FRAMES:
            self._cut, self._resumed = self._quiet_since, None
        if quiet >= _END_FRAMES:
            self._end_speech(start, self._quiet_since)

    def _cut_speech(self, start: int, now: int) -> list[Region]:
        """Cut at the last pause, or here where there was none."""
        cut, resumed = self._cut, self._resumed
        self._end_speech(start, now if cut is None else cut)
        return [] if resumed is None else self._begin_speech(resumed)

    def _begin_speech(self, at: int) -> list[Region]:
        """Begin at the frame `at`; the silence before it is shared with the region that ended."""
        self._start = at
        if self._ended is None:
            return []
        start, end = self._ended
        return [self._close_region(start, end + min(PAD_FRAMES, (at - end) // 2))]

    def _end_speech(self, start: int, end: int) -> None:
        self._ended = (max(self._returned_end, start - PAD_FRAMES), end)
        self._start = self._quiet_since = self._cut = self._resumed = None

    def _close_region(self, start: int, end: int) -> Region:
        self._ended = None
        self._returned_end = end
        return Region(start, end)
