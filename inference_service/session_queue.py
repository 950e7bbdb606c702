"""One session's queue at a scheduler: what it requests, and what it waits for."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from inference_service import tracing
from inference_service.batches import LiveWindow, TaskCost, WindowTask
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
    """The engine failed on this window, in a batch and alone."""


class QueueScheduler(Protocol):
    """What a session's queue needs of the scheduler that opened it (`scheduler.Scheduler`)."""

    changed: asyncio.Condition  # a permit was released, or a batch has ended
    metrics: Metrics
    clock: Callable[[], float]

    @property
    def even_share(self) -> int:
        """The windows in flight that each open queue may have, were all alike."""
        ...

    def enqueue(self, task: WindowTask, *, at_front: bool = False) -> None: ...

    def find_update_interval_s(self, recogniser: Recogniser) -> float: ...


@dataclass(slots=True, eq=False)
class SessionQueue:
    """One session's queue. Opened by `Scheduler.open_queue`."""

    scheduler: QueueScheduler
    recogniser: Recogniser
    priority: Priority
    permits_held: int = 0
    waiting: deque[WindowTask] = field(default_factory=deque)
    running: int = 0

    @contextlib.asynccontextmanager
    async def permit(self) -> AsyncIterator[None]:
        """Hold a permit for one window, from before it is prepared until it is answered.

        Waits while the queue's share is used up: the session should not read on until then.
        """
        await self.acquire()
        try:
            yield
        finally:
            await self.release()

    async def acquire(self) -> None:
        async with self.scheduler.changed:
            await self.scheduler.changed.wait_for(lambda: self.permits_held < self._share())
            self.permits_held += 1

    async def release(self) -> None:
        self.permits_held -= 1
        async with self.scheduler.changed:
            self.scheduler.changed.notify_all()

    async def recognise(
        self, request: WindowRequest, *, is_follow_up: bool = False
    ) -> tuple[WindowText, TaskCost]:
        """Decode one window. Raises RecognitionError.

        is_follow_up: a part of a window that was answered: its session waits for it.
        """
        text, cost = await self._recognise_as_is(request, at_front=is_follow_up)
        if text.verdict is not Verdict.PAD:
            return text, cost
        return await self._recognise_padded(request, before=cost)

    async def _recognise_as_is(
        self, request: WindowRequest, *, at_front: bool = False
    ) -> tuple[WindowText, TaskCost]:
        engine = self.recogniser
        is_retry = request.attempt > 0
        return await self._submit(
            kind=f"{engine.model_id} {'retry' if is_retry else 'recognise'}",
            key=self._key_of(request),
            payload=request,
            audio_s=request.duration_s,
            call=engine.recognise,
            at_front=at_front or is_retry or request.is_padded,
        )

    async def _recognise_padded(
        self, request: WindowRequest, *, before: TaskCost
    ) -> tuple[WindowText, TaskCost]:
        """Decode again a window that its own length was too short for."""
        text, cost = await self._recognise_as_is(replace(request, is_padded=True))
        total = TaskCost(before.queue_s + cost.queue_s, before.compute_s + cost.compute_s)
        return text, total

    async def recognise_newest(self, window: LiveWindow) -> tuple[WindowText, TaskCost]:
        """Decode a window as it is when it is scheduled. Raises RecognitionError.

        What would have become stale in the queue is never decoded. `window.read` runs just before
        the batch, beside those of its other windows.
        """
        request = window.peek()
        engine = self.recogniser
        text, cost = await self._submit(
            kind=f"{engine.model_id} recognise",
            key=self._key_of(request),
            payload=request,
            audio_s=request.duration_s,
            call=engine.recognise,
            at_front=False,
            window=window,
        )
        if text.verdict is not Verdict.PAD:
            return text, cost
        return await self._recognise_padded(window.request, before=cost)

    def record_gap(self, reason: str, *, seconds: float) -> None:
        """Count speech that is not in the text, for the metrics."""
        self.scheduler.metrics.record_gap(self.recogniser.model_id, reason, seconds=seconds)

    @property
    def update_interval_s(self) -> float:
        """How often a live session may ask for a hypothesis (`update_interval`)."""
        return self.scheduler.find_update_interval_s(self.recogniser)

    def renew(self, task: WindowTask) -> None:
        """Let a task of `recognise_newest` be what it would be now."""
        if task.window is not None:
            task.payload = request = task.window.peek()
            task.key, task.audio_s = self._key_of(request), request.duration_s

    async def detect_language(self, features: object) -> tuple[list[LanguageGuess], TaskCost]:
        """Guess the language of one window, likeliest first. Raises RecognitionError."""
        engine = self.recogniser
        return await self._submit(
            kind=f"{engine.model_id} detect",
            key=(engine.model_id, "detect"),
            payload=features,
            audio_s=0.0,
            call=engine.detect_language,
            at_front=True,
            has_follow_up=True,
        )

    async def align(
        self, request: AlignmentRequest, *, aligner: Aligner
    ) -> tuple[tuple[TimedWord, ...], TaskCost]:
        """Place given words in one window; `aligner` is the recogniser. Raises RecognitionError."""
        model_id = self.recogniser.model_id
        return await self._submit(
            kind=f"{model_id} align",
            key=(model_id, "align", request.language),
            payload=request,
            audio_s=request.duration_s,
            call=aligner.align,
            at_front=False,
        )

    async def _submit(
        self,
        *,
        kind: str,
        key: Hashable,
        payload: object,
        audio_s: float,
        call: Callable[[Any], Sequence[Any]],
        at_front: bool,
        window: LiveWindow | None = None,
        has_follow_up: bool = False,
    ) -> tuple[Any, TaskCost]:
        answer = asyncio.get_running_loop().create_future()
        queued_at = self.scheduler.clock()
        task = WindowTask(
            self,
            kind,
            key,
            payload,
            audio_s,
            call,
            answer,
            queued_at,
            window,
            has_follow_up=has_follow_up,
            span=tracing.begin_window(model=self.recogniser.model_id, audio_s=audio_s),
        )
        self.scheduler.enqueue(task, at_front=at_front)
        try:
            return await task.answer
        finally:
            tracing.end(task.span)
            if task in self.waiting:  # the caller was cancelled
                self.waiting.remove(task)

    def _key_of(self, request: WindowRequest) -> Hashable:
        engine = self.recogniser
        return (engine.model_id, "recognise", engine.batch_key(request))

    def _share(self) -> int:
        return max(_MIN_SHARE, min(2 * self.recogniser.max_batch, self.scheduler.even_share))

    async def close(self) -> None:
        """Cancel what waits, and wait for what runs."""
        for task in self.waiting:
            task.answer.cancel()
        self.waiting.clear()
        async with self.scheduler.changed:
            await self.scheduler.changed.wait_for(lambda: not self.running)
