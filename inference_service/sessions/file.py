"""One recording's way through the service: PCM in, events out, strictly in order.

    chunks → windows (CPU stage) → [language] → prepare (CPU stage) → queue → mapped segments
                                              speaker turns (CPU stage)   ↗

Receiving, the windows in flight and the delivery of events run concurrently. Memory stays flat:
receiving stops while the queue has no permit for a further window, or while too many events are
undelivered; the call is not read then, and gRPC's flow control stops the sender.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace

import numpy as np

from inference_service.batches import TaskCost
from inference_service.engines.asr import NO_CONTEXT, DecodeContext, DecodeOptions
from inference_service.engines.diarization import Embedder
from inference_service.session_queue import SessionQueue
from inference_service.sessions.enhanced import EnhancedRecognition
from inference_service.sessions.events import (
    Event,
    LanguageDetected,
    SpeakerTurn,
    StreamFinished,
    WindowFinalized,
)
from inference_service.sessions.language import LanguageOptions, LanguageVote
from inference_service.sessions.recognition import Recognised, SpeechRecognition, SpeechWindow
from inference_service.sessions.segment_times import map_gaps, map_to_recording
from inference_service.sessions.session_timer import SessionTimer
from inference_service.sessions.tasks import cancel_all
from inference_service.sessions.turns import TurnFinder
from inference_service.sessions.window_finder import WindowFinder
from inference_service.sessions.windows import SAMPLE_RATE_HZ, DecodingWindow, TimeMap
from inference_service.sessions.word_times import WordTimer
from inference_service.stages import CpuStages

# Voice activity is detected in blocks: long enough not to pay for the hand-over to a thread (about
# 0.2 ms), short enough (18 ms of work) that none waits long for a thread that processes another's.
_BLOCK_BYTES = 5 * 2 * SAMPLE_RATE_HZ
_MIN_BLOCK_BYTES = 2 * SAMPLE_RATE_HZ
# Events that are not delivered yet: a few kB each, some 100 kB with turns.
_MAX_UNDELIVERED = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    language: str = ""  # empty: to be detected
    task: str = "transcribe"
    context: DecodeContext = NO_CONTEXT
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
        queue: SessionQueue,
        stages: CpuStages,
        embedder: Embedder | None = None,
        timer: WordTimer | None = None,
        enhanced: EnhancedRecognition | None = None,
    ) -> None:
        """enhanced: windows are recognised without their noise as well."""
        self._options = options
        self._enhanced = enhanced
        self._queue = queue
        self._stages = stages
        self._turns = TurnFinder(
            embedder, stages=stages, priority=queue.priority, offset_ms=options.offset_ms
        )
        self._timer = SessionTimer(timer, queue=queue, stages=stages, task=options.task)
        self._finder = WindowFinder()
        self._language = ""
        self._language_options = LanguageOptions(
            given=options.language,
            languages=options.languages,
            is_multilingual=options.is_multilingual,
        )
        self._vote = LanguageVote(self._language_options.limit(queue.recogniser.languages))
        self._recognition = SpeechRecognition(queue=queue, stages=stages, count=self._count)
        # With features, until the language is known.
        self._undecided: list[tuple[DecodingWindow, object]] = []
        self._undelivered = asyncio.Semaphore(_MAX_UNDELIVERED)
        self._send_queue: asyncio.Queue[Event | asyncio.Task[WindowFinalized] | None] = (
            asyncio.Queue()
        )
        self._windows: set[asyncio.Task[WindowFinalized]] = set()
        self._queue_s = 0.0
        self._compute_s = 0.0
        self._unaligned_windows = 0

    async def run(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[Event, None]:
        """Yield the events of a recording, `StreamFinished` last. Raises RecognitionError.

        chunks: PCM as it arrives, int16 little-endian mono 16 kHz, whole samples. What it raises is
        raised here, after the events of what was received until then were delivered or discarded.
        """
        guess: LanguageDetected | None = None
        async with contextlib.aclosing(self._run(chunks)) as events:
            async for event in events:
                if isinstance(event, LanguageDetected) and self._is_guess:
                    guess = event
                    continue
                # A guess about sound without a word means nothing.
                if guess and isinstance(event, StreamFinished):
                    yield LanguageDetected("", 0.0, False)
                if guess and isinstance(event, WindowFinalized) and event.segments:
                    yield guess
                    guess = None
                yield event

    async def _run(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[Event, None]:
        receiving = asyncio.create_task(self._receive(chunks))
        receiving.add_done_callback(lambda _: self._send_queue.put_nowait(None))
        try:
            while (entry := await self._send_queue.get()) is not None:
                self._undelivered.release()
                yield await entry if isinstance(entry, asyncio.Task) else entry
            await receiving
            yield self._summarise()
        finally:
            await cancel_all(receiving, *self._windows)

    @property
    def _can_switch(self) -> bool:
        return self._queue.recogniser.detects_language

    @property
    def _is_guess(self) -> bool:
        """Return whether the language is detected here, not given."""
        is_given = self._options.language or self._options.detected
        return self._can_switch and not is_given

    async def _receive(self, chunks: AsyncIterator[bytes]) -> None:
        await self._set_known_language()
        block = bytearray()
        async for chunk in chunks:
            block += chunk
            while len(block) >= _MIN_BLOCK_BYTES:
                await self._process_block(bytes(block[:_BLOCK_BYTES]))
                del block[:_BLOCK_BYTES]
        if block:
            await self._process_block(bytes(block))
        for window in await self._stages.run(self._queue.priority, self._finder.finish):
            await self._start_window(window)
        await self._decide_language()

    async def _set_known_language(self) -> None:
        recogniser = self._queue.recogniser
        known = self._options.language or self._options.detected
        if known:
            self._language = known
            await self._deliver(LanguageDetected(known, 1.0, True))
        elif not recogniser.detects_language:
            only = min(recogniser.languages)
            self._language = only
            await self._deliver(LanguageDetected(only, 1.0, False))

    async def _process_block(self, pcm: bytes) -> None:
        for window in await self._stages.run(self._queue.priority, self._finder.push, pcm):
            await self._start_window(window)

    async def _start_window(self, window: DecodingWindow) -> None:
        if not window.chunks:
            # A vote does not stay open over half a minute of silence: progress would stand still.
            await self._decide_language(is_final=False)
            start_ms, resume_ms = self._bounds_ms(window)
            return await self._deliver(WindowFinalized(start_ms, resume_ms))
        await self._queue.acquire()
        if self._language:
            return await self._begin_window(window)
        return await self._vote_on_language(window)

    async def _vote_on_language(self, window: DecodingWindow) -> None:
        try:
            features = await self._prepare(window)
            guesses, cost = await self._queue.detect_language(features)
        except BaseException:
            await self._queue.release()
            raise
        self._count(cost)
        self._undecided.append((window, features))
        self._vote.add(guesses, speech_s=window.speech_samples / SAMPLE_RATE_HZ)
        if self._vote.is_decided:
            await self._decide_language()

    async def _decide_language(self, *, is_final: bool = True) -> None:
        """Take the likeliest language and start the undecided windows; without a vote, report
        that."""
        if self._language or not (self._undecided or is_final):
            return
        guess = self._vote.best()
        self._language = guess.language
        await self._deliver(
            LanguageDetected(guess.language, guess.probability, bool(guess.language))
        )
        undecided, self._undecided = self._undecided, []
        for window, features in undecided:
            await self._begin_window(window, features)

    async def _begin_window(self, window: DecodingWindow, features: object = None) -> None:
        """Start on a window for which a permit is held; its task releases it."""
        task = asyncio.create_task(self._recognise(window, features))
        self._windows.add(task)
        task.add_done_callback(self._windows.discard)
        await self._deliver(task)

    async def _deliver(self, entry: Event | asyncio.Task[WindowFinalized]) -> None:
        await self._undelivered.acquire()
        self._send_queue.put_nowait(entry)

    async def _recognise(self, window: DecodingWindow, features: object) -> WindowFinalized:
        turns = asyncio.create_task(self._turns.find(window))
        try:
            speech = SpeechWindow(
                np.concatenate([chunk.pcm for chunk in window.chunks]),
                np.concatenate([chunk.voiced for chunk in window.chunks]),
            )
            recognised = await self._recognition.recognise(
                speech, self._make_options(), features=features
            )
            if self._enhanced is not None:
                recognised = await self._enhanced.improve(
                    speech,
                    recognised,
                    lambda other: self._recognition.recognise(other, self._make_options()),
                )
            timed = await self._timer.time_words(
                window.read_window, recognised.segments, language=self._language
            )
            self._unaligned_windows += timed.is_unaligned
            recognised = replace(recognised, segments=timed.segments)
            return self._finalize(window, recognised, await turns)
        finally:
            await cancel_all(turns)
            await self._queue.release()

    async def _prepare(self, window: DecodingWindow) -> object:
        prepare = self._queue.recogniser.prepare
        return await self._stages.run(self._queue.priority, lambda: prepare(window.read_window()))

    def _make_options(self) -> DecodeOptions:
        return DecodeOptions(
            language=self._language,
            task=self._options.task,
            context=self._options.context,
            switch_penalty=self._language_options.switch_penalty if self._can_switch else None,
            languages=self._options.languages,
        )

    def _finalize(
        self, window: DecodingWindow, recognised: Recognised, turns: tuple[SpeakerTurn, ...]
    ) -> WindowFinalized:
        start_ms, resume_ms = self._bounds_ms(window)
        time_map = TimeMap(window.chunks, offset_s=self._options.offset_ms / 1000)
        segments = map_to_recording(
            recognised.segments, time_map, start_ms=start_ms, end_ms=resume_ms
        )
        gaps = map_gaps(recognised.gaps, time_map, start_ms=start_ms, end_ms=resume_ms)
        for gap in gaps:
            self._queue.record_gap(gap.reason.value, seconds=(gap.end_ms - gap.start_ms) / 1000)
        speech_ms = 1000 * window.voiced_samples // SAMPLE_RATE_HZ
        return WindowFinalized(start_ms, resume_ms, segments, turns, gaps, speech_ms)

    def _summarise(self) -> StreamFinished:
        return StreamFinished(
            audio_duration_ms=self._to_ms(self._finder.samples),
            speech_ms=1000 * self._finder.speech_samples // SAMPLE_RATE_HZ,
            queue_ms=round(1000 * self._queue_s),
            compute_ms=round(1000 * self._compute_s),
            enhancer=self._enhanced.model_id if self._enhanced else "",
            enhanced_windows=self._enhanced.taken if self._enhanced else 0,
            unaligned_windows=self._unaligned_windows,
        )

    def _bounds_ms(self, window: DecodingWindow) -> tuple[int, int]:
        return self._to_ms(window.start_sample), self._to_ms(window.resume_sample)

    def _to_ms(self, sample: int) -> int:
        """From the call's audio to the recording, rounded down: never after the audio's end."""
        return self._options.offset_ms + 1000 * sample // SAMPLE_RATE_HZ

    def _count(self, cost: TaskCost) -> None:
        self._queue_s += cost.queue_s
        self._compute_s += cost.compute_s
