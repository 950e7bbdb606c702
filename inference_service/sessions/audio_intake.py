"""A live session's audio: PCM in, ended utterances out; retains what may still be recognised."""

import numpy as np

from inference_service.engines.vad import FRAME_SAMPLES, SpeechDetector
from inference_service.priority import Priority
from inference_service.sessions.endpoints import EndedUtterance, Endpointer
from inference_service.sessions.windows import Pcm, to_float
from inference_service.stages import CpuStages

_FRAME_BYTES = 2 * FRAME_SAMPLES
# Voice activity is detected in blocks of 0.2 s at least (measured: 1.2 ms of work for a second of
# audio, against 2.0 ms frame by frame, and a hand-over to a thread each) and 5 s at most.
_LEAST_BYTES = 6 * _FRAME_BYTES
_MOST_BYTES = 156 * _FRAME_BYTES


class AudioIntake:
    """Voice activity and endpoints of one session. Calls come one after the other."""

    def __init__(self, stages: CpuStages, *, open_until: int, pause_ms: int = 0) -> None:
        """open_until, pause_ms: see `Endpointer`."""
        self._stages = stages
        self._detector = SpeechDetector()
        self._unprocessed = bytearray()
        self.endpointer = Endpointer(open_until=open_until, holds=True, pause_ms=pause_ms)
        self.received = 0  # samples
        self.audio = AudioTail()

    def receive(self, pcm: bytes) -> None:
        self.received += len(pcm) // 2
        self._unprocessed += pcm

    @property
    def has_block(self) -> bool:
        return len(self._unprocessed) >= _LEAST_BYTES

    async def process_block(self) -> list[EndedUtterance]:
        """Process a block of what was received; return the utterances that ended in it."""
        size = min(len(self._unprocessed) // _FRAME_BYTES * _FRAME_BYTES, _MOST_BYTES)
        pcm = bytes(self._unprocessed[:size])
        del self._unprocessed[:size]
        self.audio.append(pcm)
        samples = np.frombuffer(pcm, "<i2")
        # The endpoints are followed here, not in the thread: others read them concurrently.
        probabilities = await self._stages.run(
            Priority.LIVE, lambda: self._detector.push(to_float(samples))
        )
        return self.endpointer.push(map(float, probabilities))

    async def flush(self) -> list[EndedUtterance]:
        """Process all that was received, and end the utterance under way with it."""
        ended = []
        while len(self._unprocessed) >= _FRAME_BYTES:
            ended += await self.process_block()
        if self._unprocessed:
            end = self.received
            rest = bytes(self._unprocessed)
            self._unprocessed += bytes(_FRAME_BYTES - len(rest))
            ended += await self.process_block()
            self.audio.discard_after(end)
        # The frames restart: what the model carries from frame to frame doesn't fit any more.
        self._detector = SpeechDetector()
        return ended + self.endpointer.flush(self.received)


class AudioTail:
    """The last part of the audio, int16: appended at one end, discarded at the other."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._start = 0

    @property
    def end(self) -> int:
        return self._start + len(self._pcm) // 2

    def append(self, pcm: bytes) -> None:
        self._pcm += pcm

    def read(self, start: int, end: int) -> Pcm:
        """Return a copy of the samples [start, end)."""
        low, high = start - self._start, end - self._start
        return np.frombuffer(bytes(self._pcm[2 * low : 2 * high]), "<i2")

    def discard_before(self, sample: int) -> None:
        surplus = min(sample, self.end) - self._start
        if surplus > 0:
            del self._pcm[: 2 * surplus]
            self._start += surplus

    def discard_after(self, sample: int) -> None:
        del self._pcm[2 * (sample - self._start) :]
