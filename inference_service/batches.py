"""What the scheduler hands to the accelerator: jobs, and the batches that they make."""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from inference_service.engines.asr import Recogniser, WindowRequest
from inference_service.priority import Priority


@dataclass(frozen=True, slots=True)
class Timing:
    """What an answer cost: its waiting, and its part of the batch's time."""

    queue_s: float
    compute_s: float


class LiveWindow(Protocol):
    """A window that grows while it waits: somebody is speaking."""

    @property
    def request(self) -> WindowRequest:
        """What was read last."""
        ...

    def peek(self) -> WindowRequest:
        """Return what would be decoded if its turn came now, without features."""
        ...

    async def read(self) -> WindowRequest:
        """Return what is decoded, its turn having come: what `peek` returned last.

        The batch was put together by that: a longer window may not fit into it.
        """
        ...


class Queue(Protocol):
    """What the scheduler needs of a session's queue (`session_queue.Lane`)."""

    recogniser: Recogniser
    priority: Priority
    waiting: "deque[Job]"
    running: int

    def renew(self, job: "Job") -> None:
        """Replace the payload of a `LiveWindow`'s job by what would be decoded now."""
        ...


@dataclass(slots=True, eq=False)
class Job:
    """One window on its way to the accelerator and back."""

    lane: Queue
    kind: str  # what it costs like
    key: Hashable  # what it may share a batch with
    payload: Any  # a WindowRequest, or features
    audio_s: float
    call: Callable[[list[Any]], Sequence[Any]]  # payloads of a batch → answers
    answer: asyncio.Future[tuple[Any, Timing]]
    queued_at: float
    window: LiveWindow | None = None  # what the payload is read from when its turn comes
    must_be_alone: bool = False

    async def read_payload(self) -> Any:
        return await self.window.read() if self.window else self.payload


@dataclass(slots=True)
class Batch:
    """Jobs that share a call, bounded by the engine's `max_batch` and by predicted time."""

    jobs: list[Job]
    predicted_s: float
    bound_s: float

    @property
    def has_room(self) -> bool:
        return len(self.jobs) < self.jobs[0].lane.recogniser.max_batch

    def accepts(self, job: Job) -> bool:
        job.lane.renew(job)
        return job.key == self.jobs[0].key and not job.must_be_alone

    def add(self, job: Job, predicted_s: float) -> None:
        self.jobs.append(job)
        self.predicted_s += predicted_s
