"""How this process gives memory back: rarely, since the next window needs the same amount again.

Recognising one window, Whisper's encoder takes and frees some 40 MB a layer with a tiny model and
up to 180 MB with a large one. By default glibc gets each of them from the kernel and returns it
at once, and every page is zeroed and faulted in again: measured with a tiny Whisper on one core,
that was more than half of the encoder's time (145 ms a window, 74 of them in the kernel, against
63 ms; batches of 8: 1,164 against 518 ms).
"""

import ctypes

# <malloc.h>, mallopt(3)
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_M_ARENA_MAX = -8
_RETAINED_BYTES = 1 << 30


def retain_freed_memory() -> bool:
    """Retain up to 1 GiB of freed memory for the next window. Once, before any thread is started.

    Returns whether the C library knows how (glibc does, musl and macOS don't).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    # Everything comes from one heap: a thread's own is given up above 64 MB.
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _RETAINED_BYTES), (_M_ARENA_MAX, 1))
    accepted = [mallopt(name, value) for name, value in settings]
    return all(accepted)
