"""Results of a session are stored, then delivered: so what was delivered is stored.

Guesses wait for no database: until an utterance is stored, its words lead each partial as
committed ones. So the text that was delivered and what is committed only grow, in this order.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from stt_web.core.metrics import LIVE_FINAL_SECONDS
from transcripts.inference.errors import BrokenAnswerError
from transcripts.inference.live_results import Hypothesis, Pace, StreamEvent
from transcripts.inference.results import (
    Accepted,
    LanguageDetected,
    WindowResult,
)
from transcripts.jobs import results
from transcripts.jobs.language_doubt import find_uncertain, note_doubt
from transcripts.jobs.results import JobRun
from transcripts.jobs.stages.recognise import take_language
from transcripts.jobs.unaligned_words import note_unaligned
from transcripts.live.events import Final, Partial, SessionNotice, Silence, make_finals
from transcripts.live.executors import in_database
from transcripts.live.send_queue import SendQueue
from transcripts.live.upstream import Interrupted
from transcripts.live.window_batcher import window_batcher
from transcripts.text.segments import Segment
from transcripts.text.words import Word, with_first_space
from transcripts.text.writing import is_spaced
from transcripts.warnings import LANGUAGE_UNCERTAIN, WORDS_NOT_ALIGNED

MAX_UNSTORED = 16
STORE_AFTER_MS = 30_000  # of silence, which is stored with the next words or after this long


class SilenceCoalescer:
    """Joins final windows without words to what follows them."""

    def __init__(self) -> None:
        self._pending: WindowResult | None = None
        self._resume_ms = 0

    def join(self, result: WindowResult) -> WindowResult | None:
        """Return the window that is to be stored now, if one is.

        Raises `BrokenAnswerError` where it lies before the last one.
        """
        if result.start_ms < self._resume_ms:
            raise BrokenAnswerError("The inference service sent a window twice.")
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


@dataclass(frozen=True)
class _Unstored:
    """To be stored, then delivered. `silent_until_ms`: there is silence behind it, up to there."""

    window: WindowResult
    finals: tuple[Final, ...]
    silent_until_ms: int = 0

    @property
    def segments(self) -> tuple[Segment, ...]:
        return tuple(segment for final in self.finals for segment in final.segments)


class ResultWriter:
    """`audio_duration_ms`: the length of all audio, once the service reported it; `accepted_ms`:
    how much has come by now, for the metrics.

    `on_failure` is called (once) where something couldn't be stored: nothing is from then on, and
    `flush` raises it.
    """

    def __init__(
        self,
        job: JobRun,
        send_queue: SendQueue,
        *,
        on_failure: Callable[[], None],
        accepted_ms: Callable[[], int] | None = None,
    ) -> None:
        self._accepted_ms = accepted_ms
        self.audio_duration_ms: int | None = None
        self._job = job
        self._queue = send_queue
        self._on_failure = on_failure
        self._silence = SilenceCoalescer()
        self._guess: Hypothesis | None = None  # the newest, where nothing was finalized since
        self._unstored: deque[_Unstored] = deque()
        self._storing: asyncio.Task[None] | None = None
        self._language = job.row.language_requested or job.transcript.language
        self._pace = Pace(is_catching_up=False, update_interval_ms=0, backlog_ms=0)

    async def take(self, event: StreamEvent | Interrupted) -> None:
        """Raises `LeaseLostError`, `BrokenAnswerError`."""
        if isinstance(event, Hypothesis):
            await self._take_hypothesis(event)
        elif isinstance(event, WindowResult):
            await self._take_utterance(event)
        elif isinstance(event, LanguageDetected):
            await self._take_language(event)
        elif isinstance(event, Pace):
            await self._take_pace(event)
        elif isinstance(event, Accepted):
            await in_database(results.store_accepted, self._job, event)
        elif isinstance(event, Interrupted):
            await self._send_notice(
                "reconnecting", "The speech recognition service is being changed."
            )
        else:
            self.audio_duration_ms = event.audio_duration_ms

    async def flush(self) -> None:
        """Return once all that was finalized is stored and delivered. Raises where it couldn't
        be."""
        if self._storing is not None:
            await asyncio.wait([self._storing])
            self._storing.result()

    async def store_rest(self) -> None:
        """Store what is left, and the silence at the end, which nothing followed; after a failure,
        nothing."""
        if self._has_failed():
            return
        await self.flush()
        window = self._silence.take()
        if window is not None:
            await window_batcher().store(self._job, window)

    def close(self) -> None:
        """Store nothing more."""
        if self._storing is not None:
            self._storing.cancel()

    async def _take_hypothesis(self, received: Hypothesis) -> None:
        await self._queue.wait_for_space()  # what is unstored is read after that
        self._guess = received
        self._send_hypothesis(received)

    def _send_hypothesis(self, received: Hypothesis) -> None:
        unstored = [segment for entry in self._unstored for segment in entry.segments]
        chunks = [segment.words for segment in unstored]
        words = _join([*chunks, received.committed + received.pending], language=self._language)
        committed_count = len(words) - len(received.pending)
        self._queue.put_nowait(
            Partial(
                start_ms=unstored[0].start_ms if unstored else received.start_ms,
                covered_ms=received.covered_ms,
                committed=words[:committed_count],
                pending=words[committed_count:],
                is_ahead=bool(self._unstored),
            )
        )

    async def _take_utterance(self, received: WindowResult) -> None:
        if len(self._unstored) >= MAX_UNSTORED or self._has_failed():
            await self.flush()
        self._guess = None
        window = self._silence.join(received)
        if window is None:
            self._note_silence(received.resume_ms)
            return
        finals = make_finals(
            received.segments,
            language=self._language,
            finalized_ms=received.resume_ms,
            is_cut=received.is_cut,
        )
        self._unstored.append(_Unstored(window, finals))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store(), name="live-result-writer")
            self._storing.add_done_callback(self._check_stored)

    def _note_silence(self, end_ms: int) -> None:
        """Report it behind the text that is being stored."""
        if self._unstored:
            self._unstored[-1] = replace(self._unstored[-1], silent_until_ms=end_ms)
        else:
            self._queue.put_nowait(Silence(end_ms))

    async def _store(self) -> None:
        while self._unstored:
            entry = self._unstored[0]
            await window_batcher().store(self._job, entry.window)
            await self._note_doubt(entry.window)
            await self._note_unaligned(entry.window)
            for final in entry.finals:
                await self._queue.put(final)
            self._measure(entry.finals)
            silent_until_ms = self._unstored.popleft().silent_until_ms  # as of now
            if silent_until_ms or not entry.finals:
                self._queue.put_nowait(Silence(max(silent_until_ms, entry.window.resume_ms)))
            if self._guess is not None:
                self._send_hypothesis(self._guess)  # it was sent after what is final by now

    def _measure(self, finals: tuple[Final, ...]) -> None:
        """Audio that came since its end is how long a final took, where it comes as spoken."""
        if finals and self._accepted_ms is not None:
            since_ms = self._accepted_ms() - finals[-1].segments[-1].end_ms
            LIVE_FINAL_SECONDS.observe(max(0, since_ms) / 1000)

    async def _note_doubt(self, window: WindowResult) -> None:
        if find_uncertain(window.segments) is None:
            return
        if message := await in_database(note_doubt, self._job, window):
            await self._send_notice(LANGUAGE_UNCERTAIN, message)

    async def _note_unaligned(self, window: WindowResult) -> None:
        if not window.is_unaligned:
            return
        if message := await in_database(note_unaligned, self._job, window):
            await self._send_notice(WORDS_NOT_ALIGNED, message)

    def _check_stored(self, _: asyncio.Task[None]) -> None:
        if self._has_failed():
            self._on_failure()

    def _has_failed(self) -> bool:
        task = self._storing
        if task is None or not task.done():
            return False
        return not task.cancelled() and task.exception() is not None

    async def _take_language(self, received: LanguageDetected) -> None:
        is_new = received.language != self._language
        self._language = received.language
        await in_database(take_language, self._job, received)
        if is_new and received.detected:
            await self._send_notice("language_detected", received.language)

    async def _take_pace(self, pace: Pace) -> None:
        before, self._pace = self._pace, pace
        if pace.is_catching_up and not before.is_catching_up:
            await self._send_notice("catching_up", "Audio came faster than it can be shown live.")
        elif before.is_catching_up and not pace.is_catching_up:
            await self._send_notice("caught_up", "The backlog is gone.")
        elif 0 < before.update_interval_ms < pace.update_interval_ms:
            await self._send_notice(
                "updates_slowed", "The server is busy: updates come less often."
            )

    async def _send_notice(self, code: str, message: str) -> None:
        await self._queue.put(SessionNotice(code=code, message=message))


def _join(parts: Iterable[tuple[Word, ...]], *, language: str) -> tuple[Word, ...]:
    """Return the words of all, spaced like the texts of pieces that follow one another."""
    words: list[Word] = []
    for part in parts:
        words += with_first_space(part, has_space=True) if words and is_spaced(language) else part
    return tuple(words)
