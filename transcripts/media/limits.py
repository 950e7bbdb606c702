"""What one recording may cost, and what the child that reads it may do.

The bounds are ours alone: metadata is never trusted. `confine` is irreversible.
"""

import os
import resource
import sys
from typing import Final

MAX_RECORDING_S: Final = 24 * 3600
# Silence in FLAC or Opus with DTX costs next to nothing; below 400 bit/s there is no speech. The
# hour in advance leaves every small honest file alone: a 1 MB bomb ends after 6.5 hours of audio.
_FEWEST_BITS_PER_S: Final = 400
_FREE_S: Final = 3600
MAX_CHANNELS: Final = 64
MIN_RATE_HZ: Final = 1_000
MAX_RATE_HZ: Final = 768_000
MAX_FRAME_SAMPLES: Final = 1 << 20

# The index of a 24-hour MP4 takes about 150 MB; the child itself maps 130 MB.
_MEMORY_BYTES: Final = 768 << 20
# PyAV's encoders resample in a graph that starts a thread a core: address space, not memory.
_THREAD_BYTES: Final = 80 << 20
_PROBE_CPU_S: Final = 10
# The slowest promised codec decodes at 148 × real time (engine-facts.md); 20 leaves room.
_SLOWEST_RTFX: Final = 20
_DECODE_CPU_S: Final = 60
# The time to stop between the signal and the kill.
_CPU_GRACE_S: Final = 5


def longest_s(size_bytes: int) -> float:
    """The most audio that a file of this size is decoded to, in seconds."""
    return min(MAX_RECORDING_S, _FREE_S + size_bytes * 8 / _FEWEST_BITS_PER_S)


def cpu_seconds(size_bytes: int, *, is_probe: bool) -> int:
    if is_probe:
        return _PROBE_CPU_S
    return _DECODE_CPU_S + int(longest_s(size_bytes) / _SLOWEST_RTFX)


def confine(*, cpu_s: int, next_fd: int, is_encoding: bool = False) -> None:
    """Forbid the process to write files, dump core, grow, or open more than the fd `next_fd`.

    With `next_fd` the lowest free descriptor, exactly one more can be made: the one that FFmpeg
    duplicates from the open recording. After that the kernel refuses every file and socket.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, next_fd + 1)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + _CPU_GRACE_S))
    if sys.platform == "linux":  # macOS refuses this one
        threads = (os.cpu_count() or 1) if is_encoding else 0
        _limit(resource.RLIMIT_AS, _MEMORY_BYTES + threads * _THREAD_BYTES)


def _limit(kind: int, value: int) -> None:
    resource.setrlimit(kind, (value, value))
