"""The classes of work: who goes first wherever sessions share something."""

from enum import IntEnum


class Priority(IntEnum):
    """Lower goes first."""

    LIVE = 0  # somebody is speaking now
    SHORT = 1  # somebody waits for a short recording
    BULK = 2  # everything else
