"""What the scheduler hands to the accelerator: tasks, and the batches that they make."""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from inference_service.engines.asr import Recogniser, WindowRequest
from inference_service.priority import Priority

if TYPE_CHECKING:
    from opentelemetry.trace import Span


@dataclass(frozen=True, slots=True)
class TaskCost:
    """What an answer cost: its waiting, and its part of the batch's time."""

    queue_s: float
    compute_s: float


class LiveWindow(Protocol):
    """A window that grows while it waits: someone is speaking."""

    @property
    def request(self) -> WindowRequest:
        """What was read last."""
        ...

    def peek(self) -> WindowRequest:
        """Return what would be decoded if it were scheduled now, without features."""
        ...

    async def read(self) -> WindowRequest:
        """Return what is decoded, once it is scheduled: what `peek` returned last.

        The batch was put together by that: a longer window may not fit into it.
        """
        ...


class TaskQueue(Protocol):
    """What the scheduler needs of a session's queue (`session_queue.SessionQueue`)."""

    recogniser: Recogniser
    priority: Priority
    waiting: "deque[WindowTask]"
    running: int

    def renew(self, task: "WindowTask") -> None:
        """Replace the payload of a `LiveWindow`'s task by what would be decoded now."""
        ...


@dataclass(slots=True, eq=False)
class WindowTask:
    """One window on its way to the accelerator and back."""

    queue: TaskQueue
    kind: str  # what it costs like
    key: Hashable  # what it may share a batch with
    payload: Any  # a WindowRequest, or features
    audio_s: float
    call: Callable[[list[Any]], Sequence[Any]]  # payloads of a batch → answers
    answer: asyncio.Future[tuple[Any, TaskCost]]
    queued_at: float
    window: LiveWindow | None = None  # what the payload is read from when it is scheduled
    must_be_alone: bool = False
    has_follow_up: bool = False  # its session decodes the same window once this is answered
    span: "Span | None" = None  # where it is traced

    async def read_payload(self) -> Any:
        return await self.window.read() if self.window else self.payload


@dataclass(slots=True)
class Batch:
    """Tasks that share a call, bounded by the engine's `max_batch` and by predicted time."""

    tasks: list[WindowTask]
    predicted_s: float
    bound_s: float
    behind: asyncio.Task[None] | None = None  # the batch that it waits for once it has been read

    @property
    def has_room(self) -> bool:
        return len(self.tasks) < self.tasks[0].queue.recogniser.max_batch

    def accepts(self, task: WindowTask) -> bool:
        task.queue.renew(task)
        return task.key == self.tasks[0].key and not task.must_be_alone

    def add(self, task: WindowTask, predicted_s: float) -> None:
        self.tasks.append(task)
        self.predicted_s += predicted_s
