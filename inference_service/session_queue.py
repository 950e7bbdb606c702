"""A session's place in a scheduler's queue: what the session asks, and what it waits for."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from inference_service.batches import Job, LiveWindow, Timing
from inference_service.engines.alignment import Aligner, AlignmentRequest
from inference_service.engines.asr import (
    LanguageGuess,
    Recogniser,
    TimedWord,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.metrics import Metrics
from inference_service.priority import Priority

# One window runs, one waits, one is prepared; and language detection holds up to three.
_MIN_SHARE = 3


class RecognitionError(Exception):
    """The engine failed on this window, in company and alone."""


class QueueScheduler(Protocol):
    """What a session's queue needs of the scheduler that opened it (`scheduler.Scheduler`)."""

    changed: asyncio.Condition  # a permit was released, or a batch has ended
    metrics: Metrics
    clock: Callable[[], float]

    @property
    def even_share(self) -> int:
        """The windows in flight that each open queue may have, were all alike."""
        ...

    def enqueue(self, job: Job, *, goes_first: bool = False) -> None: ...

    def find_live_interval_s(self, recogniser: Recogniser) -> float: ...


@dataclass(slots=True, eq=False)
class Lane:
    """One session's queue. Opened by `Scheduler.open_lane`."""

    scheduler: QueueScheduler
    recogniser: Recogniser
    priority: Priority
    slots_held: int = 0
    waiting: deque[Job] = field(default_factory=deque)
    running: int = 0

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a place for one window, from before it is prepared until it is answered.

        Waits while the lane's share is used up: the session should not read on meanwhile.
        """
        await self.take_slot()
        try:
            yield
        finally:
            await self.free_slot()

    async def take_slot(self) -> None:
        async with self.scheduler.changed:
            await self.scheduler.changed.wait_for(lambda: self.slots_held < self._share())
            self.slots_held += 1

    async def free_slot(self) -> None:
        self.slots_held -= 1
        async with self.scheduler.changed:
            self.scheduler.changed.notify_all()

    async def recognise(
        self, request: WindowRequest, *, is_follow_up: bool = False
    ) -> tuple[WindowText, Timing]:
        """Decode one window. Raises RecognitionError.

        is_follow_up: a part of a window that was answered: its session waits for it.
        """
        text, timing = await self._recognise_as_is(request, goes_first=is_follow_up)
        if text.verdict is not Verdict.PAD:
            return text, timing
        return await self._recognise_padded(request, before=timing)

    async def _recognise_as_is(
        self, request: WindowRequest, *, goes_first: bool = False
    ) -> tuple[WindowText, Timing]:
        engine = self.recogniser
        is_retry = request.attempt > 0
        return await self._submit(
            kind=f"{engine.model_id} {'retry' if is_retry else 'recognise'}",
            key=self._key_of(request),
            payload=request,
            audio_s=request.duration_s,
            call=engine.recognise,
            goes_first=goes_first or is_retry or request.is_padded,
        )

    async def _recognise_padded(
        self, request: WindowRequest, *, before: Timing
    ) -> tuple[WindowText, Timing]:
        """Decode once more a window that its own length was too short for."""
        text, timing = await self._recognise_as_is(replace(request, is_padded=True))
        total = Timing(before.queue_s + timing.queue_s, before.compute_s + timing.compute_s)
        return text, total

    async def recognise_newest(self, window: LiveWindow) -> tuple[WindowText, Timing]:
        """Decode a window as it is when its turn comes. Raises RecognitionError.

        What would have become stale in the queue is never decoded. `window.read` runs just before
        the batch, beside those of its other windows.
        """
        request = window.peek()
        engine = self.recogniser
        text, timing = await self._submit(
            kind=f"{engine.model_id} recognise",
            key=self._key_of(request),
            payload=request,
            audio_s=request.duration_s,
            call=engine.recognise,
            goes_first=False,
            window=window,
        )
        if text.verdict is not Verdict.PAD:
            return text, timing
        return await self._recognise_padded(window.request, before=timing)

    def note_gap(self, reason: str, *, seconds: float) -> None:
        """Count speech that is not in the text, for the metrics."""
        self.scheduler.metrics.note_gap(reason, seconds=seconds)

    @property
    def update_interval_s(self) -> float:
        """How often a live session may ask for a hypothesis (`update_interval`)."""
        return self.scheduler.find_live_interval_s(self.recogniser)

    def renew(self, job: Job) -> None:
        """Let a job of `recognise_newest` be what it would be now."""
        if job.window is not None:
            job.payload = request = job.window.peek()
            job.key, job.audio_s = self._key_of(request), request.duration_s

    async def detect_language(self, features: object) -> tuple[list[LanguageGuess], Timing]:
        """Guess the language of one window, likeliest first. Raises RecognitionError."""
        engine = self.recogniser
        return await self._submit(
            kind=f"{engine.model_id} detect",
            key=(engine.model_id, "detect"),
            payload=features,
            audio_s=0.0,
            call=engine.detect_language,
            goes_first=True,
        )

    async def align(
        self, request: AlignmentRequest, *, aligner: Aligner
    ) -> tuple[tuple[TimedWord, ...], Timing]:
        """Place given words in one window; `aligner` is the recogniser. Raises RecognitionError."""
        model_id = self.recogniser.model_id
        return await self._submit(
            kind=f"{model_id} align",
            key=(model_id, "align", request.language),
            payload=request,
            audio_s=request.duration_s,
            call=aligner.align,
            goes_first=False,
        )

    async def _submit(
        self,
        *,
        kind: str,
        key: Hashable,
        payload: object,
        audio_s: float,
        call: Callable[[Any], Sequence[Any]],
        goes_first: bool,
        window: LiveWindow | None = None,
    ) -> tuple[Any, Timing]:
        answer = asyncio.get_running_loop().create_future()
        queued_at = self.scheduler.clock()
        job = Job(self, kind, key, payload, audio_s, call, answer, queued_at, window)
        self.scheduler.enqueue(job, goes_first=goes_first)
        try:
            return await job.answer
        finally:
            if job in self.waiting:  # the caller was cancelled
                self.waiting.remove(job)

    def _key_of(self, request: WindowRequest) -> Hashable:
        engine = self.recogniser
        return (engine.model_id, "recognise", engine.batch_key(request))

    def _share(self) -> int:
        return max(_MIN_SHARE, min(2 * self.recogniser.max_batch, self.scheduler.even_share))

    async def leave(self) -> None:
        """Drop what waits, and wait for what runs."""
        for job in self.waiting:
            job.answer.cancel()
        self.waiting.clear()
        async with self.scheduler.changed:
            await self.scheduler.changed.wait_for(lambda: not self.running)
