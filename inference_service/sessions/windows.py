"""Regions of speech in, windows out: what the recogniser gets at once, and where it lay.

A window is made of chunks of the recording, up to 30 s together, with the silence between them
left out (faster-whisper's `collect_chunks`). Its words come back in the window's time, and each
is mapped into one chunk: never across a cut.
"""

import bisect
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from inference_service.engines.asr import Samples
from inference_service.engines.vad import FRAME_SAMPLES
from inference_service.sessions.regions import FRAME_S, Region

SAMPLE_RATE_HZ = 16_000
WINDOW_SAMPLES = 30 * SAMPLE_RATE_HZ
# Between chunks, silence up to this stays with the window: at most 37 regions of 0.8 s with 5 s
# each, 7 MB, where a window without silence has 1.
MAX_LEAD_SAMPLES = 5 * SAMPLE_RATE_HZ
# Silence of this length is finalized by itself, so that progress moves.
_SILENT_WINDOW_FRAMES = round(30 / FRAME_S)

Pcm = npt.NDArray[np.int16]
Voiced = npt.NDArray[np.bool_]  # (n_frames,): in which frames of 512 samples someone speaks


def _no_frames() -> Voiced:
    return np.zeros(0, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class SpeechChunk:
    """A chunk of speech out of the recording."""

    start_sample: int  # from the start of the call's audio
    pcm: Pcm
    # Of its frames, the last one perhaps in part; empty where no one asks (`read_window` alone).
    voiced: Voiced = field(default_factory=_no_frames)
    # The silence between the chunk before and this one, where it is short: embedding voices
    # needs contiguous audio. Empty otherwise, and in the first chunk of a window.
    lead: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))

    @property
    def end_sample(self) -> int:
        return self.start_sample + len(self.pcm)

    def read(self) -> Samples:
        return to_float(self.pcm)


@dataclass(frozen=True, slots=True, eq=False)
class DecodingWindow:
    """What is finalized together: a window's worth of the recording, or silence (no chunks).

    Windows follow each other without a gap; `resume_sample` lies in silence where there is any.
    """

    start_sample: int
    resume_sample: int
    chunks: tuple[SpeechChunk, ...] = ()

    @property
    def speech_samples(self) -> int:
        return sum(len(chunk.pcm) for chunk in self.chunks)

    @property
    def voiced_samples(self) -> int:
        """What voice activity detection took for speech, without the padding around it."""
        return FRAME_SAMPLES * sum(int(chunk.voiced.sum()) for chunk in self.chunks)

    def read_window(self) -> Samples:
        """Return the chunks end to end, float32 (speech_samples,) in [-1, 1]."""
        return to_float(np.concatenate([chunk.pcm for chunk in self.chunks]))


class TimeMap:
    """From a window's time to the recording's."""

    def __init__(self, chunks: tuple[SpeechChunk, ...], *, offset_s: float) -> None:
        """offset_s: where in the recording the call's audio begins."""
        self._starts_s = [offset_s + chunk.start_sample / SAMPLE_RATE_HZ for chunk in chunks]
        lengths_s = [len(chunk.pcm) / SAMPLE_RATE_HZ for chunk in chunks]
        self._ends_s = [start + length for start, length in zip(self._starts_s, lengths_s)]  # noqa: B905
        self._offsets_s = [sum(lengths_s[:index]) for index in range(len(chunks))]

    def map_word(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Map a word. It lies where its middle lies; what reaches beyond its chunk is cut off."""
        middle_s = (start_s + end_s) / 2
        index = max(0, bisect.bisect_right(self._offsets_s, middle_s) - 1)
        shift_s = self._starts_s[index] - self._offsets_s[index]
        low, high = self._starts_s[index], self._ends_s[index]
        return min(max(start_s + shift_s, low), high), min(max(end_s + shift_s, low), high)

    def map_interval(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Map an interval that may reach across several chunks: each end lies in its own chunk."""
        first = max(0, bisect.bisect_right(self._offsets_s, start_s) - 1)
        last = max(first, bisect.bisect_left(self._offsets_s, end_s) - 1)
        start = start_s + self._starts_s[first] - self._offsets_s[first]
        end = end_s + self._starts_s[last] - self._offsets_s[last]
        return min(start, self._ends_s[first]), min(end, self._ends_s[last])


class WindowCutter:
    """Collects the regions of one recording into windows.

    Holds the audio of the window at hand and what came after it: a minute and a half at most.
    Whenever a window is closed, what follows it is to be detected again from its end
    (`WindowFinder`).
    """

    def __init__(self) -> None:
        self._pcm: Pcm = np.zeros(0, np.int16)  # from the end of the last chunk, or later
        self._pcm_start = 0
        self._window_start = 0
        self._chunks: list[SpeechChunk] = []

    def append(self, pcm: Pcm) -> None:
        self._pcm = np.concatenate([self._pcm, pcm])

    def read_from(self, sample: int) -> Pcm:
        """Return all audio from this sample on, which is not before the last window's end."""
        return self._pcm[sample - self._pcm_start :]

    def add(self, region: Region, voiced: Voiced) -> DecodingWindow | None:
        """Take a region in; or, where it doesn't fit, return the window that ends before it."""
        start, end = region.start * FRAME_SAMPLES, region.end * FRAME_SAMPLES
        lead = self._read(self._lead_start(start), start)
        chunk = SpeechChunk(start, self._read(start, end), voiced, lead)
        collected = sum(len(earlier.pcm) for earlier in self._chunks)
        if self._chunks and collected + len(chunk.pcm) > WINDOW_SAMPLES:
            return self._close_window(self._chunks[-1].end_sample)
        self._chunks.append(chunk)
        return None

    def _lead_start(self, start: int) -> int:
        if not self._chunks or start - self._chunks[-1].end_sample > MAX_LEAD_SAMPLES:
            return start
        return self._chunks[-1].end_sample

    def _read(self, start: int, end: int) -> Pcm:
        return self._pcm[start - self._pcm_start : end - self._pcm_start].copy()

    def advance(self, final_frame: int) -> DecodingWindow | None:
        """Take note that no further speech begins before this frame; long silence is finalized."""
        silent_since = self._chunks[-1].end_sample if self._chunks else self._window_start
        silent_until = silent_since + _SILENT_WINDOW_FRAMES * FRAME_SAMPLES
        if final_frame * FRAME_SAMPLES < silent_until:
            return None
        return self._close_window(silent_until)

    def discard_before(self, final_frame: int) -> None:
        """Discard audio that no region and no further detection can need."""
        needed = self._chunks[-1].end_sample if self._chunks else final_frame * FRAME_SAMPLES
        surplus = needed - self._pcm_start
        if surplus > 0:
            self._pcm = self._pcm[surplus:].copy()
            self._pcm_start = needed

    def finish(self, end_sample: int) -> list[DecodingWindow]:
        """Return the last window, up to the end of the audio; none if that was reached before."""
        return [self._close_window(end_sample)] if end_sample > self._window_start else []

    def _close_window(self, resume_sample: int) -> DecodingWindow:
        window = DecodingWindow(self._window_start, resume_sample, tuple(self._chunks))
        self._window_start = resume_sample
        self._chunks = []
        return window


def to_float(pcm: Pcm) -> Samples:
    """int16 → float32 in [-1, 1)."""
    return pcm.astype(np.float32) / np.float32(32768)
