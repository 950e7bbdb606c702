"""PCM in, spans out: voice activity, regions and windows of one recording, run as one CPU stage."""

import numpy as np

from inference_service.engines.vad import FRAME_SAMPLES, SpeechDetector
from inference_service.sessions.regions import RegionFinder
from inference_service.sessions.windows import Pcm, Span, WindowCutter, to_float


class SpanFinder:
    """Not thread-safe; its calls may come from different threads, one after the other."""

    def __init__(self) -> None:
        self._detector = SpeechDetector()
        self._finder = RegionFinder()
        self._cutter = WindowCutter()
        self._part_frame: Pcm = np.zeros(0, np.int16)
        self.samples = 0  # heard
        self.speech_samples = 0  # of them in spans that were returned

    def push(self, pcm: bytes) -> list[Span]:
        """Hear more; return the spans that are complete.

        pcm: int16 little-endian, mono, 16 kHz, a whole number of samples. About 4 ms for a second.
        """
        samples = np.frombuffer(pcm, "<i2")
        self.samples += len(samples)
        self._cutter.append(samples)
        waiting = np.concatenate([self._part_frame, samples])
        whole = len(waiting) - len(waiting) % FRAME_SAMPLES
        self._part_frame = waiting[whole:].copy()
        return self._count(self._find(waiting[:whole]))

    def finish(self) -> list[Span]:
        """Return what is left, up to the end of the audio."""
        missing = -len(self._part_frame) % FRAME_SAMPLES
        spans = self._find(np.pad(self._part_frame, (0, missing)))
        for region in self._finder.finish():
            spans += self._cutter.add(region)
        return self._count(spans + self._cutter.finish(self.samples))

    def _find(self, frames: Pcm) -> list[Span]:
        spans = []
        for region in self._finder.push(self._detector.push(to_float(frames))):
            spans += self._cutter.add(region)
        return spans + self._cutter.advance(self._finder.settled)

    def _count(self, spans: list[Span]) -> list[Span]:
        self.speech_samples += sum(span.speech_samples for span in spans)
        return spans
