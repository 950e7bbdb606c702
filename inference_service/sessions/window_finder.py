"""PCM in, windows out: voice activity, regions and windows of one recording, run as one CPU stage.

Each window is detected afresh, from its own first sample: the voice activity model is reset. So a
call that goes on at a window's end detects exactly what the broken-off call would have, and finds
the same windows. (With the state carried on, 5 of 6 resumed runs over a recording of three minutes
had regions that differed, one in how they were packed.) The price is that the last seconds are
detected twice, the region that didn't fit any more: about a fifth of the voice activity.
"""

import numpy as np
import numpy.typing as npt

from inference_service.engines.vad import FRAME_SAMPLES, SpeechDetector
from inference_service.sessions.regions import SPEECH_THRESHOLD, Region, RegionFinder
from inference_service.sessions.windows import DecodingWindow, Pcm, Voiced, WindowCutter, to_float


class WindowFinder:
    """Not thread-safe; its calls may come from different threads, one after the other."""

    def __init__(self) -> None:
        self._detector = SpeechDetector()
        self._finder = RegionFinder()
        self._cutter = WindowCutter()
        self._part_frame: Pcm = np.zeros(0, np.int16)
        # Of the frames that were processed since the last window ended.
        self._voiced: Voiced = np.zeros(0, np.bool_)
        self._voiced_start = 0
        self._is_ending = False
        self.samples = 0  # received
        self.speech_samples = 0  # of them speech, in windows that were returned

    def push(self, pcm: bytes) -> list[DecodingWindow]:
        """Process more; return the windows that are complete.

        pcm: int16 little-endian, mono, 16 kHz, a whole number of samples. About 4 ms for a second.
        """
        samples = np.frombuffer(pcm, "<i2")
        self.samples += len(samples)
        self._cutter.append(samples)
        waiting = np.concatenate([self._part_frame, samples])
        frames = _drop_part_frame(waiting)
        self._part_frame = waiting[len(frames) :].copy()
        return self._count(self._process(frames))

    def finish(self) -> list[DecodingWindow]:
        """Return what is left, up to the end of the audio. Nothing may be pushed afterwards."""
        self._is_ending = True
        windows = self._process(_fill_last_frame(self._part_frame))
        while window := self._take(self._finder.finish()):
            windows += [window, *self._process(self._restart(window))]
        return self._count(windows + self._cutter.finish(self.samples))

    def _process(self, frames: Pcm) -> list[DecodingWindow]:
        """Process whole frames, and again from the end of each window that they complete."""
        windows = []
        while window := self._take(self._finder.push(self._detect(frames))):
            windows.append(window)
            frames = self._restart(window)
        self._cutter.discard_before(self._finder.final_frame)
        return windows

    def _detect(self, frames: Pcm) -> npt.NDArray[np.float32]:
        probabilities = self._detector.push(to_float(frames))
        self._voiced = np.concatenate([self._voiced, probabilities >= SPEECH_THRESHOLD])
        return probabilities

    def _read_voiced(self, region: Region) -> Voiced:
        start, end = region.start - self._voiced_start, region.end - self._voiced_start
        return self._voiced[start:end].copy()

    def _take(self, regions: list[Region]) -> DecodingWindow | None:
        """Collect the regions up to the first that completes a window; those after it are found
        again."""
        for region in regions:
            window = self._cutter.advance(region.start)
            window = window or self._cutter.add(region, self._read_voiced(region))
            if window:
                return window
        return self._cutter.advance(self._finder.final_frame)

    def _restart(self, window: DecodingWindow) -> Pcm:
        """Discard what was detected after the window; return its audio in whole frames."""
        self._detector = SpeechDetector()
        self._voiced_start = window.resume_sample // FRAME_SAMPLES
        self._voiced = np.zeros(0, np.bool_)
        self._finder = RegionFinder(first_frame=self._voiced_start)
        rest = self._cutter.read_from(window.resume_sample)
        return _fill_last_frame(rest) if self._is_ending else _drop_part_frame(rest)

    def _count(self, windows: list[DecodingWindow]) -> list[DecodingWindow]:
        self.speech_samples += sum(window.voiced_samples for window in windows)
        return windows


def _drop_part_frame(samples: Pcm) -> Pcm:
    return samples[: len(samples) - len(samples) % FRAME_SAMPLES]


def _fill_last_frame(samples: Pcm) -> Pcm:
    """Fill the last frame up with silence."""
    return np.pad(samples, (0, -len(samples) % FRAME_SAMPLES))
