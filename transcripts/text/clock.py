"""Times as they are written: one format for people, one for files. Nothing is rounded here."""


def format_clock(time_ms: int, *, has_tenths: bool = False) -> str:
    """Return "1:02:03", or "2:03" within the first hour; what is smaller is dropped."""
    hours, minutes, seconds = _divide(time_ms)
    tenths = f".{time_ms % 1000 // 100}" if has_tenths else ""
    head = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{head}:{seconds:02}{tenths}"


def format_timestamp(time_ms: int, *, separator: str = "") -> str:
    """Return "HH:MM:SS<separator>mmm"; hours grow beyond 99 where they must.

    Without a separator the fraction is dropped, so that no time comes too late.
    """
    hours, minutes, seconds = _divide(time_ms)
    fraction = f"{separator}{time_ms % 1000:03}" if separator else ""
    return f"{hours:02}:{minutes:02}:{seconds:02}{fraction}"


def _divide(time_ms: int) -> tuple[int, int, int]:
    minutes, seconds = divmod(time_ms // 1000, 60)
    return *divmod(minutes, 60), seconds
