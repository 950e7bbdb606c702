"""The classes of work: which goes first where sessions share something."""

from enum import IntEnum


class Priority(IntEnum):
    """Lower goes first."""

    LIVE = 0  # someone is speaking now
    SHORT = 1  # someone waits for a short recording
    BULK = 2  # everything else
