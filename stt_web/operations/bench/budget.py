"""Time that a measurement may take: it plans by it, and what runs past it is cancelled."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stt_web.core.background import spawn_thread


class Budget:
    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left_s(self) -> float:
        """Return the seconds that are left, at least a tenth: a time limit of 0 is none."""
        return max(0.1, self._until - time.monotonic())

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    @contextmanager
    def watching(self, cancel: Callable[[], object]) -> Iterator[None]:
        """Call `cancel`, in another thread, if the block runs past the end."""
        ended = threading.Event()
        left_s = self.left_s()
        spawn_thread(lambda: ended.wait(left_s) or cancel(), name="bench-budget")
        try:
            yield
        finally:
            ended.set()
