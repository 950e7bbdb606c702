"""The speaker turns of one window: contiguous audio, in CPU steps of some 30 ms.

The embedder is given the window with its silence, up to `MAX_SILENCE_SAMPLES` between two regions:
inside single regions the diarization error was a quarter higher, and cost a quarter more
(0.171 against 0.137 without a collar, 19 recordings).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference_service.engines.diarization import Embedder, VoiceTurn
from inference_service.priority import Priority
from inference_service.sessions.events import SpeakerTurn
from inference_service.sessions.windows import SAMPLE_RATE_HZ, DecodingWindow, Pcm, to_float
from inference_service.stages import CpuStages

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _ContiguousAudio:
    """Contiguous audio of a window, from the start of the call's audio."""

    start_sample: int
    pcm: Pcm
    speech: tuple[tuple[int, int], ...]  # samples from the start of the audio, end exclusive


class TurnFinder:
    """For all windows of one recording. What goes wrong here costs the turns only, not the text."""

    def __init__(
        self, embedder: Embedder | None, *, stages: CpuStages, priority: Priority, offset_ms: int
    ) -> None:
        """offset_ms: where in the recording the call's audio begins."""
        self._embedder = embedder
        self._stages = stages
        self._priority = priority
        self._offset_ms = offset_ms

    async def find(self, window: DecodingWindow) -> tuple[SpeakerTurn, ...]:
        """The turns of a window in time order, within it; none after a failure, for good."""
        found: list[SpeakerTurn] = []
        try:
            for audio in _join_chunks(window):
                found += await self._find_in(audio, window)
        except Exception:
            logger.exception("event=embedding_failed")
            self._embedder = None
            return ()
        return tuple(found)

    async def _find_in(self, audio: _ContiguousAudio, window: DecodingWindow) -> list[SpeakerTurn]:
        embedder = self._embedder
        if embedder is None:
            return []
        work = embedder.start_task(
            to_float(audio.pcm),
            offset_s=self._offset_ms / 1000 + audio.start_sample / SAMPLE_RATE_HZ,
            speech=[(a / SAMPLE_RATE_HZ, b / SAMPLE_RATE_HZ) for a, b in audio.speech],
        )
        while not work.is_done:
            await self._stages.run(self._priority, work.step)
        return self._place(work.turns, window)

    def _place(self, turns: Sequence[VoiceTurn], window: DecodingWindow) -> list[SpeakerTurn]:
        """In milliseconds, inside the window; those without length are left out."""
        low_ms = self._offset_ms + 1000 * window.start_sample // SAMPLE_RATE_HZ
        high_ms = self._offset_ms + 1000 * window.resume_sample // SAMPLE_RATE_HZ
        placed = (
            SpeakerTurn(
                start_ms=max(low_ms, round(1000 * turn.start_s)),
                end_ms=min(high_ms, round(1000 * turn.end_s)),
                embedding=np.asarray(turn.embedding, "<f4").tobytes(),
                overlap=turn.overlap,
            )
            for turn in turns
        )
        return [turn for turn in placed if turn.start_ms < turn.end_ms]


def _join_chunks(window: DecodingWindow) -> list[_ContiguousAudio]:
    """The chunks of a window joined with the silence before them, where that is short."""
    joined: list[_ContiguousAudio] = []
    parts: list[Pcm] = []
    speech: list[tuple[int, int]] = []
    start = 0
    for index, chunk in enumerate(window.chunks):
        is_joined = bool(parts) and len(chunk.lead) > 0
        is_adjacent = index > 0 and window.chunks[index - 1].end_sample == chunk.start_sample
        if parts and not (is_joined or is_adjacent):
            joined.append(_ContiguousAudio(start, np.concatenate(parts), tuple(speech)))
            parts, speech = [], []
        if parts:
            parts.append(chunk.lead)
        else:
            start = chunk.start_sample
        speech.append((chunk.start_sample - start, chunk.end_sample - start))
        parts.append(chunk.pcm)
    if parts:
        joined.append(_ContiguousAudio(start, np.concatenate(parts), tuple(speech)))
    return joined
