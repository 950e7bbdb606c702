"""Clock times of subtitle files, from integer milliseconds: nothing is rounded here."""


def clock_time(milliseconds: int, *, separator: str) -> str:
    """Return `HH:MM:SS<separator>mmm`; hours grow beyond 99 where they must."""
    seconds, rest_ms = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{separator}{rest_ms:03d}"


def short_time(milliseconds: int) -> str:
    """Return `HH:MM:SS`, for people: the fraction is dropped, so that no time comes too late."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}"
