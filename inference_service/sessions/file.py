"""One recording's way through the service: PCM in, events out, strictly in order.

    chunks → spans (CPU stage) → [language] → prepare (CPU stage) → lane → restored segments
                                              speaker turns (CPU stage)   ↗

Listening, the windows under way and the telling of events run side by side. Memory stays flat:
listening stops while the lane has no slot for a further window, or while too many answers are not
yet taken; nobody reads the call then, and gRPC's flow control stops the sender.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace

import numpy as np

from inference_service.batches import Timing
from inference_service.engines.asr import DecodeOptions
from inference_service.engines.diarization import Embedder
from inference_service.session_queue import Lane
from inference_service.sessions.events import (
    AllHeard,
    Event,
    LanguageKnown,
    SpanSettled,
    SpeakerTurn,
)
from inference_service.sessions.language import LanguageVote, LanguageWish
from inference_service.sessions.recognition import Recognised, SpeechRecognition, SpeechWindow
from inference_service.sessions.segment_times import restore_gaps, restore_segments
from inference_service.sessions.session_timer import SessionTimer
from inference_service.sessions.tasks import cancel_all
from inference_service.sessions.turns import TurnFinder
from inference_service.sessions.window_finder import SpanFinder
from inference_service.sessions.windows import SAMPLE_RATE_HZ, Span, TimeMap
from inference_service.sessions.word_times import WordTimer
from inference_service.stages import CpuStages

# Voice activity is heard in blocks: long enough not to pay for the hand-over to a thread (about
# 0.2 ms), short enough (18 ms of work) that nobody waits for a thread that hears another's.
_BLOCK_BYTES = 5 * 2 * SAMPLE_RATE_HZ
_MIN_BLOCK_BYTES = 2 * SAMPLE_RATE_HZ
# Events that nobody took yet: a few kB each, some 100 kB with turns.
_MAX_UNTOLD = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    language: str = ""  # empty: to be detected
    task: str = "transcribe"
    prompt: str = ""
    hot_words: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()  # that may occur; none: all that the model knows
    is_multilingual: bool = False  # the language may change anywhere
    detected: str = ""  # what was detected before, where a broken-off call goes on
    offset_ms: int = 0  # where in the recording the first sample lies


class FileSession:
    """The transcription of one recording; to be run once."""

    def __init__(
        self,
        options: SessionOptions,
        *,
        lane: Lane,
        stages: CpuStages,
        embedder: Embedder | None = None,
        timer: WordTimer | None = None,
    ) -> None:
        self._options = options
        self._lane = lane
        self._stages = stages
        self._turns = TurnFinder(
            embedder, stages=stages, priority=lane.priority, offset_ms=options.offset_ms
        )
        self._timer = SessionTimer(timer, lane=lane, stages=stages, task=options.task)
        self._finder = SpanFinder()
        self._language = ""
        self._wish = LanguageWish(
            given=options.language,
            languages=options.languages,
            is_multilingual=options.is_multilingual,
        )
        self._vote = LanguageVote(self._wish.limit(lane.recogniser.languages))
        self._recognition = SpeechRecognition(lane=lane, stages=stages, count=self._count)
        self._held: list[tuple[Span, object]] = []  # with features, until the language is known
        self._untold = asyncio.Semaphore(_MAX_UNTOLD)
        self._outbox: asyncio.Queue[Event | asyncio.Task[SpanSettled] | None] = asyncio.Queue()
        self._windows: set[asyncio.Task[SpanSettled]] = set()
        self._queue_s = 0.0
        self._compute_s = 0.0

    async def run(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[Event, None]:
        """Yield the events of a recording, `AllHeard` last. Raises RecognitionError.

        chunks: PCM as it arrives, int16 little-endian mono 16 kHz, whole samples. What it raises
        is raised here, after the events of what was heard until then were told or dropped.
        """
        guess: LanguageKnown | None = None
        async with contextlib.aclosing(self._run(chunks)) as events:
            async for event in events:
                if isinstance(event, LanguageKnown) and self._is_guess:
                    guess = event
                    continue
                # A guess about sound without a word says nothing.
                if guess and isinstance(event, AllHeard):
                    yield LanguageKnown("", 0.0, False)
                if guess and isinstance(event, SpanSettled) and event.segments:
                    yield guess
                    guess = None
                yield event

    async def _run(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[Event, None]:
        listening = asyncio.create_task(self._listen(chunks))
        listening.add_done_callback(lambda _: self._outbox.put_nowait(None))
        try:
            while (entry := await self._outbox.get()) is not None:
                self._untold.release()
                yield await entry if isinstance(entry, asyncio.Task) else entry
            await listening
            yield self._summarise()
        finally:
            await cancel_all(listening, *self._windows)

    @property
    def _can_switch(self) -> bool:
        return self._lane.recogniser.detects_language

    @property
    def _is_guess(self) -> bool:
        """Say whether the language is detected here, not given."""
        is_given = self._options.language or self._options.detected
        return self._can_switch and not is_given

    async def _listen(self, chunks: AsyncIterator[bytes]) -> None:
        await self._know_language_beforehand()
        block = bytearray()
        async for chunk in chunks:
            block += chunk
            while len(block) >= _MIN_BLOCK_BYTES:
                await self._hear(bytes(block[:_BLOCK_BYTES]))
                del block[:_BLOCK_BYTES]
        if block:
            await self._hear(bytes(block))
        for span in await self._stages.run(self._lane.priority, self._finder.finish):
            await self._dispatch(span)
        await self._settle_language()

    async def _know_language_beforehand(self) -> None:
        recogniser = self._lane.recogniser
        known = self._options.language or self._options.detected
        if known:
            self._language = known
            await self._tell(LanguageKnown(known, 1.0, True))
        elif not recogniser.detects_language:
            only = min(recogniser.languages)
            self._language = only
            await self._tell(LanguageKnown(only, 1.0, False))

    async def _hear(self, pcm: bytes) -> None:
        for span in await self._stages.run(self._lane.priority, self._finder.push, pcm):
            await self._dispatch(span)

    async def _dispatch(self, span: Span) -> None:
        if not span.pieces:
            # A vote is not held open over half a minute of silence: progress would stand still.
            await self._settle_language(is_final=False)
            start_ms, resume_ms = self._place(span)
            return await self._tell(SpanSettled(start_ms, resume_ms))
        await self._lane.take_slot()
        if self._language:
            return await self._begin_window(span)
        return await self._vote_on_language(span)

    async def _vote_on_language(self, span: Span) -> None:
        try:
            features = await self._prepare(span)
            guesses, timing = await self._lane.detect_language(features)
        except BaseException:
            await self._lane.free_slot()
            raise
        self._count(timing)
        self._held.append((span, features))
        self._vote.add(guesses, speech_s=span.speech_samples / SAMPLE_RATE_HZ)
        if self._vote.is_settled:
            await self._settle_language()

    async def _settle_language(self, *, is_final: bool = True) -> None:
        """Take the likeliest language and let the held windows go; without a vote, only say so."""
        if self._language or not (self._held or is_final):
            return
        guess = self._vote.best()
        self._language = guess.language
        await self._tell(LanguageKnown(guess.language, guess.probability, bool(guess.language)))
        held, self._held = self._held, []
        for span, features in held:
            await self._begin_window(span, features)

    async def _begin_window(self, span: Span, features: object = None) -> None:
        """Start on a window for which a slot is held; its task frees it."""
        task = asyncio.create_task(self._recognise(span, features))
        self._windows.add(task)
        task.add_done_callback(self._windows.discard)
        await self._tell(task)

    async def _tell(self, entry: Event | asyncio.Task[SpanSettled]) -> None:
        await self._untold.acquire()
        self._outbox.put_nowait(entry)

    async def _recognise(self, span: Span, features: object) -> SpanSettled:
        turns = asyncio.create_task(self._turns.find(span))
        try:
            window = SpeechWindow(
                np.concatenate([piece.pcm for piece in span.pieces]),
                np.concatenate([piece.voiced for piece in span.pieces]),
            )
            recognised = await self._recognition.recognise(
                window, self._make_options(), features=features
            )
            timed = await self._timer.time_words(
                span.read_window, recognised.segments, language=self._language
            )
            return self._settle(span, replace(recognised, segments=timed), await turns)
        finally:
            await cancel_all(turns)
            await self._lane.free_slot()

    async def _prepare(self, span: Span) -> object:
        prepare = self._lane.recogniser.prepare
        return await self._stages.run(self._lane.priority, lambda: prepare(span.read_window()))

    def _make_options(self) -> DecodeOptions:
        return DecodeOptions(
            language=self._language,
            task=self._options.task,
            prompt=self._options.prompt,
            hot_words=self._options.hot_words,
            switch_penalty=self._wish.switch_penalty if self._can_switch else None,
            languages=self._options.languages,
        )

    def _settle(
        self, span: Span, recognised: Recognised, turns: tuple[SpeakerTurn, ...]
    ) -> SpanSettled:
        start_ms, resume_ms = self._place(span)
        time_map = TimeMap(span.pieces, offset_s=self._options.offset_ms / 1000)
        segments = restore_segments(
            recognised.segments, time_map, start_ms=start_ms, end_ms=resume_ms
        )
        gaps = restore_gaps(recognised.gaps, time_map, start_ms=start_ms, end_ms=resume_ms)
        for gap in gaps:
            self._lane.note_gap(gap.reason.value, seconds=(gap.end_ms - gap.start_ms) / 1000)
        speech_ms = 1000 * span.voiced_samples // SAMPLE_RATE_HZ
        return SpanSettled(start_ms, resume_ms, segments, turns, gaps, speech_ms)

    def _summarise(self) -> AllHeard:
        return AllHeard(
            audio_duration_ms=self._to_ms(self._finder.samples),
            speech_ms=1000 * self._finder.speech_samples // SAMPLE_RATE_HZ,
            queue_ms=round(1000 * self._queue_s),
            compute_ms=round(1000 * self._compute_s),
        )

    def _place(self, span: Span) -> tuple[int, int]:
        return self._to_ms(span.start_sample), self._to_ms(span.resume_sample)

    def _to_ms(self, sample: int) -> int:
        """From the call's audio to the recording, rounded down: never after the audio's end."""
        return self._options.offset_ms + 1000 * sample // SAMPLE_RATE_HZ

    def _count(self, timing: Timing) -> None:
        self._queue_s += timing.queue_s
        self._compute_s += timing.compute_s
