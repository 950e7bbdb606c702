"""A paced sender of live audio, and what it notes: how far the text is behind the speech.

**Cursor lag.** The audio sent less the audio that partials and finals cover, taken whenever a chunk
is sent. Silence needs no words, so the cursor moves over it: the lag is the age of the oldest
speech that nothing covers yet.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import grpc
import numpy as np
import numpy.typing as npt

from benchmarks.recordings import RATE_HZ, Pcm
from inference_service.engines.vad import FRAME_SAMPLES, SpeechDetector
from inference_service.sessions.windows import to_float
from protos.stt.v1 import speech_pb2, speech_pb2_grpc

CHUNK_MS = 100
_DEADLINE_S = 600.0


class SpeechMap:
    """Where a recording holds speech."""

    def __init__(self, pcm: Pcm) -> None:
        whole = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES]
        is_speech = SpeechDetector().push(to_float(whole)) >= 0.5
        frame_ms = 1000 * FRAME_SAMPLES // RATE_HZ
        self._starts_ms: npt.NDArray[np.int64] = np.flatnonzero(is_speech) * frame_ms

    def next_speech_ms(self, after_ms: float) -> float:
        """Return where speech goes on at or after this time; infinite if nowhere."""
        index = int(np.searchsorted(self._starts_ms, after_ms))
        return float(self._starts_ms[index]) if index < len(self._starts_ms) else float("inf")


@dataclass
class Notes:
    """What one session saw. Lags and delays in milliseconds."""

    lags: list[float] = field(default_factory=list)
    first_partials: list[float] = field(default_factory=list)
    final_after_stop: float = 0.0
    text: list[str] = field(default_factory=list)
    finals: list[str] = field(default_factory=list)  # the text of each utterance that has one
    hypotheses: int = 0
    compute_ms: int = 0
    intervals_ms: list[int] = field(default_factory=list)
    was_behind: bool = False


class PacedSession:
    """One live session at the speed of speech."""

    def __init__(self, pcm: Pcm, *, language: str = "en", model: str = "") -> None:
        self._pcm = pcm
        self._speech = SpeechMap(pcm)
        self._config = speech_pb2.StreamConfig(language=language, model=model)
        self._accepted = asyncio.Event()
        self._began = 0.0
        self._stopped = 0.0
        self._covered_ms = 0.0
        self._utterance_ms = -1
        self.notes = Notes()

    async def run(self, channel: grpc.aio.Channel) -> Notes:
        call = speech_pb2_grpc.SpeechStub(channel).Stream(self._send(), timeout=_DEADLINE_S)
        async for event in call:
            self._take(event)
        return self.notes

    async def _send(self) -> AsyncIterator[speech_pb2.StreamRequest]:
        yield speech_pb2.StreamRequest(config=self._config)
        await self._accepted.wait()
        self._began = time.perf_counter()
        step = RATE_HZ * CHUNK_MS // 1000
        for start in range(0, len(self._pcm), step):
            due = self._began + (start + step) / RATE_HZ
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self._note_lag()
            pcm = self._pcm[start : start + step].tobytes()
            yield speech_pb2.StreamRequest(audio=speech_pb2.AudioChunk(pcm=pcm))
        self._stopped = time.perf_counter()

    def _now_ms(self) -> float:
        return 1000 * (time.perf_counter() - self._began)

    def _note_lag(self) -> None:
        sent_ms = self._now_ms()
        self.notes.lags.append(max(0.0, sent_ms - self._speech.next_speech_ms(self._covered_ms)))

    def _take(self, event: speech_pb2.StreamEvent) -> None:
        kind = event.WhichOneof("event")
        if kind == "accepted":
            self._accepted.set()
        elif kind == "hypothesis":
            self._take_hypothesis(event.hypothesis)
        elif kind == "utterance":
            self._covered_ms = max(self._covered_ms, event.utterance.resume_ms)
            texts = [segment.text for segment in event.utterance.segments]
            self.notes.text += texts
            self.notes.finals += [" ".join(texts)] if texts else []
        elif kind == "pace":
            self.notes.intervals_ms.append(event.pace.update_interval_ms)
            self.notes.was_behind |= event.pace.mode == speech_pb2.Pace.MODE_CATCHING_UP
        elif kind == "finished":
            self.notes.final_after_stop = 1000 * (time.perf_counter() - self._stopped)
            self.notes.compute_ms = event.finished.compute_ms

    def _take_hypothesis(self, recognised: speech_pb2.Hypothesis) -> None:
        self._covered_ms = max(self._covered_ms, recognised.covered_ms)
        self.notes.hypotheses += 1
        has_words = bool(recognised.committed or recognised.pending)
        if has_words and recognised.start_ms != self._utterance_ms:
            self._utterance_ms = recognised.start_ms
            began_ms = self._speech.next_speech_ms(recognised.start_ms)
            self.notes.first_partials.append(self._now_ms() - began_ms)


async def run_sessions(address: str, recordings: Sequence[Pcm], *, language: str) -> list[Notes]:
    """Run a session for each recording side by side, begun over one second."""
    async with grpc.aio.insecure_channel(address) as channel:

        async def run_one(index: int, pcm: Pcm) -> Notes:
            await asyncio.sleep(index / len(recordings))
            return await PacedSession(pcm, language=language).run(channel)

        return await asyncio.gather(*(run_one(*each) for each in enumerate(recordings)))
