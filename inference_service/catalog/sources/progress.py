"""Lines that report the progress of a long download: one every ten seconds, in any terminal or
log."""

import time
from collections.abc import Callable

from inference_service.catalog.sources.source import Report

_EVERY_S = 10.0


class Progress:
    """Reports how much has been fetched. `total_bytes` 0: it isn't known."""

    def __init__(
        self,
        name: str,
        *,
        report: Report,
        total_bytes: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._report = report
        self._total_bytes = total_bytes
        self._clock = clock
        self._reported_at = clock()

    def note(self, have_bytes: int) -> None:
        """Update the bytes that are here; reports them when due."""
        if self._clock() - self._reported_at < _EVERY_S:
            return
        self._reported_at = self._clock()
        of_all = f" of {self._total_bytes / 1e6:.0f}" if self._total_bytes else ""
        self._report(f"{self._name}: {have_bytes / 1e6:.0f}{of_all} MB are here.")
