"""How far a transcription is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OVER = ("completed", "completed_with_warnings", "failed", "cancelled")


@dataclass(frozen=True)
class ProgressReport:
    """`stage`: `uploading` (`done` and `total` in bytes), `queued` (`done`: its place),
    `processing` (seconds of the recording) or how it ended. `segment`: text that was recognised.
    `total` is None while it isn't known.
    """

    stage: str
    done: float = 0
    total: float | None = None
    segment: Mapping[str, Any] | None = None

    @classmethod
    def of_event(cls, name: str, data: Mapping[str, Any]) -> ProgressReport | None:
        """Return what an event of the server says; None for one that isn't known."""
        if name == "queue":
            return cls("queued", done=data["position"] or 0)
        if name == "progress":
            return cls("processing", done=data["done_s"], total=data["total_s"])
        if name == "segment":
            return cls("processing", done=data["end"], segment=data)
        if name in ("status", "done"):
            return cls(data["status"])
        return None


def is_over(status: str) -> bool:
    """Return whether a transcription has ended, one way or another."""
    return status in OVER
