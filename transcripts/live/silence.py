"""Silence is reported every few seconds and stored seldom: with the next words, or once a while."""

from dataclasses import replace

from transcripts.inference.errors import BrokenAnswerError
from transcripts.inference.results import WindowResult

STORE_AFTER_MS = 30_000


class SilenceCoalescer:
    """Joins final windows without words to what follows them."""

    def __init__(self) -> None:
        self._pending: WindowResult | None = None
        self._resume_ms = 0

    def join(self, result: WindowResult) -> WindowResult | None:
        """Return the span that is to be stored now, if one is.

        Raises `BrokenAnswerError` where it lies before the last one.
        """
        if result.start_ms < self._resume_ms:
            raise BrokenAnswerError("The inference service sent a span twice.")
        self._resume_ms = result.resume_ms
        whole = result
        if self._pending is not None:
            whole = replace(
                result,
                start_ms=self._pending.start_ms,
                gaps=self._pending.gaps + result.gaps,
                speech_ms=self._pending.speech_ms + result.speech_ms,
            )
        is_due = whole.segments or whole.gaps or whole.resume_ms - whole.start_ms >= STORE_AFTER_MS
        self._pending = None if is_due else whole
        return whole if is_due else None

    def take(self) -> WindowResult | None:
        """Return what is pending, to be stored at the end."""
        pending, self._pending = self._pending, None
        return pending if pending is not None and pending.resume_ms > pending.start_ms else None
