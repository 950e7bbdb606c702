"""Speech while it is spoken: messages in, hypotheses and utterances out.

    audio → voice activity (CPU stage) → endpoints → utterance under way → hypotheses
                                                   → utterances that ended → their final texts

Receiving, recognising and the delivery of events run concurrently.

**Hypotheses.** The audio of the utterance under way is recognised again and again, one recognition
at a time: when an update interval of speech is unprocessed (0.6 s, longer while many speak) and the
last one is back, or when the speaker pauses. It is read when its turn on the accelerator comes, so
nothing stale is recognised. Silence is never recognised, and no text twice: where the last
hypothesis holds all that was spoken, it is the final text. While speech goes on a hypothesis is a
draft (greedy, decoded once); in a pause it is decoded as a final text is, and may become it.

Each utterance is recognised without the text before it, as on the file path: prompts of different
lengths can't share a batch, and a tiny Whisper's errors double with them.

**Utterances** end with a pause (a longer one where a sentence isn't over), a flush, the end of the
audio, or by length (`endpoints`). What is committed of long speech is cut off (`live_cuts`).

**Falling behind.** Where more than 5 s and two intervals were received and not yet recognised,
there are no hypotheses: utterances that ended are packed into windows of up to 30 s, several of
them under way at once, as on the file path. Hypotheses come back once less than a second is left.
Where over 60 s wait to be packed, or events are undelivered, reading stops; nothing is dropped.

**Draining.** A draining server lets the utterance under way end; then DrainingError is raised.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import replace

from inference_service.admission import DrainingError
from inference_service.session_queue import SessionQueue
from inference_service.sessions.audio_intake import AudioIntake
from inference_service.sessions.catch_up import CatchUp
from inference_service.sessions.endpoints import PAD_SAMPLES, EndedUtterance
from inference_service.sessions.event_queue import EventQueue, Events
from inference_service.sessions.events import (
    HypothesisUpdated,
    LiveEvent,
    OutputSegment,
    WindowFinalized,
)
from inference_service.sessions.hypothesis import LocalAgreement
from inference_service.sessions.live_cuts import choose_cut, is_unfinished
from inference_service.sessions.live_messages import LanguageRequest, LiveMessage, LiveOptions
from inference_service.sessions.live_recognition import LiveRecognition
from inference_service.sessions.tasks import cancel_all, raise_failure
from inference_service.sessions.utterance import (
    Utterance,
    choose_pack,
    make_segments,
    strip_leading_space,
)
from inference_service.sessions.windows import SAMPLE_RATE_HZ, SpeechChunk
from inference_service.sessions.word_times import WordTimer
from inference_service.stages import CpuStages
from inference_service.update_interval import SHORTEST_S

_FIRST_S = 0.4  # of an utterance, before it is worth a hypothesis
_WAITING_SAMPLES = 60 * SAMPLE_RATE_HZ
_SILENT_SAMPLES = 10 * SAMPLE_RATE_HZ  # of silence are finalized by themselves
_DRAIN_WITHIN_S = 10.0


class StreamSession:
    """The transcription of one live stream; to be run once."""

    def __init__(
        self,
        options: LiveOptions,
        *,
        queue: SessionQueue,
        stages: CpuStages,
        draining: asyncio.Event,
        timer: WordTimer | None = None,
    ) -> None:
        """draining: set once the server is going away. timer: None: word times stay as they are."""
        self._queue = queue
        self._draining = draining
        known_ms = options.committed[-1].end_ms - options.offset_ms if options.committed else 0
        known = known_ms * SAMPLE_RATE_HZ // 1000
        self._intake = AudioIntake(stages, open_until=known, pause_ms=options.endpointing_ms)
        self._endpointer = self._intake.endpointer
        self._recognition = LiveRecognition(
            options, queue=queue, stages=stages, intake=self._intake, timer=timer
        )
        self._language_request: LanguageRequest | None = None
        self._current: Utterance | None = None
        if options.committed:
            agreement = LocalAgreement(options.committed)
            self._current = Utterance(0, options.language, agreement, covered=known)
        self._ended: deque[Utterance] = deque()
        self._finals: set[asyncio.Task[Events]] = set()
        self._dispatched = 0  # up to here, windows were dispatched
        self._is_over = False
        self._is_drained = False
        self._pace = CatchUp()
        self._changed = asyncio.Event()  # something to do, for `_work`
        self._moved = asyncio.Event()  # something was done: waiting tasks check again
        self._send_queue = EventQueue()

    async def run(self, messages: AsyncIterator[LiveMessage]) -> AsyncGenerator[LiveEvent, None]:
        """Yield the events of a session, `StreamFinished` last.

        Raises RecognitionError, DrainingError, and what `messages` raises. PCM is int16
        little-endian, mono, 16 kHz, whole samples.
        """
        receiving = asyncio.create_task(self._receive(messages))
        receiving.add_done_callback(self._end_receiving)
        working = asyncio.create_task(self._work())
        working.add_done_callback(lambda _: self._send_queue.close())
        ending_early = asyncio.create_task(self._end_early(receiving))
        try:
            async for event in self._send_queue.read():
                yield event
            raise_failure(receiving, working)
            if self._is_drained:
                raise DrainingError("The server is draining. Go on at another replica.")
            yield self._recognition.summarise()
        finally:
            await cancel_all(receiving, working, ending_early, *self._finals)
            await self._send_queue.cancel()

    async def _receive(self, messages: AsyncIterator[LiveMessage]) -> None:
        async for message in messages:
            if isinstance(message, bytes):
                self._intake.receive(message)
                while self._intake.has_block:
                    await self._apply_ended(await self._intake.process_block())
            elif isinstance(message, LanguageRequest):
                self._language_request = message
            else:
                await self._flush()
        await self._flush()

    async def _flush(self) -> None:
        all_ended = await self._intake.flush()
        end = self._intake.received
        # Silence is finalized too, so that every flush is answered up to its place.
        await self._apply_ended(all_ended or [EndedUtterance(end, end, end)])

    def _end_receiving(self, receiving: asyncio.Task[None]) -> None:
        self._is_over = True
        self._changed.set()
        if not receiving.cancelled() and receiving.exception():
            self._send_queue.close()

    async def _apply_ended(self, all_ended: Sequence[EndedUtterance]) -> None:
        """Take note of the utterances that ended, and of the one that is under way."""
        if all_ended:
            self._recognition.cancel_draft()
        for ended in all_ended:
            utterance = self._current or self._begin(ended.start)
            utterance.end, utterance.speech_end = ended.end, ended.speech_end
            utterance.is_cut = ended.is_cut
            utterance.speech_samples = ended.speech_samples
            self._ended.append(utterance)
            self._current = None
        if self._current is None and self._endpointer.start is not None:
            self._current = self._begin(self._endpointer.start)
        self._changed.set()
        self._moved.set()
        while self._ended and self._endpointer.processed - self._ended[0].start > _WAITING_SAMPLES:
            self._moved.clear()
            await self._moved.wait()

    def _begin(self, start: int) -> Utterance:
        if self._language_request:
            self._recognition.language.choose(self._language_request.language)
            self._language_request = None
        return Utterance(start, self._recognition.language.decided, covered=start)

    async def _work(self) -> None:
        while not self._is_done:
            self._changed.clear()
            if not await self._step():
                await self._changed.wait()
        if not self._is_drained and self._endpointer.processed > self._dispatched:
            await self._send_queue.put((self._finalize(self._endpointer.processed),))

    @property
    def _is_done(self) -> bool:
        return self._is_over and not self._ended and (self._current is None or self._is_drained)

    async def _step(self) -> bool:
        """Do the next thing there is to do; False if there is none."""
        await self._report_pace()
        if self._ended and self._may_dispatch:
            await self._dispatch()
        elif self._current and self._is_due(self._current):
            await self._update(self._current)
        elif self._is_long_silent:
            await self._send_queue.put((self._finalize(self._endpointer.finalize_silence()),))
        else:
            return False
        self._discard_audio()
        self._moved.set()
        return True

    @property
    def _may_dispatch(self) -> bool:
        """One final text at a time; when catching up several, but full windows then."""
        if not self._finals or self._ended[0].is_known:
            return True
        if not self._pace.is_catching_up or not self._recognition.language.decided:
            return False
        return self._is_over or len(choose_pack(self._ended, is_catching_up=True)) < len(
            self._ended
        )

    def _is_due(self, utterance: Utterance) -> bool:
        endpointer = self._endpointer
        if self._finals or self._pace.is_catching_up:
            return False
        if utterance.covered >= endpointer.speech_end:
            return endpointer.is_paused and utterance.is_draft
        if endpointer.is_paused:
            return True
        interval_s = self._queue.update_interval_s
        if utterance.covered == utterance.start and interval_s <= SHORTEST_S:
            interval_s = _FIRST_S
        unprocessed = endpointer.processed - max(utterance.covered, utterance.start + PAD_SAMPLES)
        return unprocessed >= round(SAMPLE_RATE_HZ * interval_s)

    @property
    def _is_long_silent(self) -> bool:
        is_silent = self._current is None and not self._ended
        return is_silent and self._endpointer.processed - self._dispatched >= _SILENT_SAMPLES

    async def _update(self, utterance: Utterance) -> None:
        """Recognise what there is of the utterance under way, and deliver it."""
        is_accepted = await self._recognition.update_hypothesis(utterance)
        if not is_accepted:
            self._split(utterance)
        if not is_accepted or utterance.end is not None:
            return
        to_ms = self._recognition.to_ms
        words, count = utterance.agreement, len(utterance.agreement.committed)
        shown = strip_leading_space((*words.committed, *words.pending))
        start_ms, covered_ms = to_ms(utterance.start), to_ms(utterance.covered)
        hypothesis = HypothesisUpdated(start_ms, covered_ms, shown[:count], shown[count:])
        news = self._recognition.language.take_sure_change() if shown else ()
        await self._send_queue.put((*news, hypothesis))
        if words.committed:
            self._endpointer.hold(self._recognition.to_sample(words.committed[-1].end_ms))
        if utterance.end is not None:  # it ended while the hypothesis was delivered
            return
        spoken_s = (self._endpointer.speech_end - utterance.start) / SAMPLE_RATE_HZ
        is_waiting = not self._pace.is_catching_up
        self._endpointer.is_unfinished = is_waiting and is_unfinished(shown, spoken_s=spoken_s)
        await self._cut(utterance)

    def _split(self, utterance: Utterance) -> None:
        """End an utterance where another language begins; the rest is an utterance of its own."""
        change, committed = utterance.change, utterance.agreement.committed
        if not change or not change.is_confirmed or utterance.end is not None:
            return
        known_ms = committed[-1].end_ms if committed else 0
        cut = max(change.sample, self._recognition.to_sample(known_ms))
        if not utterance.start < cut < utterance.covered:
            return
        utterance.language, utterance.is_change_near = change.before, True
        utterance.end = utterance.speech_end = cut
        utterance.is_cut, utterance.speech_samples = True, self._endpointer.cut(cut)
        self._ended.append(utterance)
        self._current = Utterance(cut, change.after, covered=cut, is_change_near=True)
        self._changed.set()

    async def _cut(self, utterance: Utterance) -> None:
        """Finalize the beginning of long speech."""
        words, to_ms = utterance.agreement, self._recognition.to_ms
        count, cut_ms = choose_cut(
            words,
            length_s=(utterance.covered - utterance.start) / SAMPLE_RATE_HZ,
            compute_s=self._recognition.last_compute_s,
            pauses_ms=[(to_ms(start), to_ms(end)) for start, end in self._endpointer.find_pauses()],
        )
        cut = self._recognition.to_sample(cut_ms)
        if not count or utterance.end is not None or cut <= utterance.start:
            return
        final_words = words.release(count, cut_ms=cut_ms)
        chunk = self._recognition.cut_chunk(utterance, end=cut)
        utterance.start = cut
        speech = self._endpointer.cut(cut)
        segments = make_segments(final_words, recognised=utterance.recognised, end_ms=cut_ms)
        window = replace(self._finalize(cut, segments, speech_samples=speech), is_cut=True)
        events: Events = (*self._recognition.language.update_languages(segments), window)
        await self._send_queue.put_timed(self._recognition.time_events(events, utterance, chunk))

    async def _dispatch(self) -> None:
        """Give the first utterances that ended their final text."""
        if self._ended[0].is_known:
            utterance = self._ended.popleft()
            chunk = self._recognition.cut_chunk(utterance)
            known = self._finalize_words(utterance)
            return await self._send_queue.put_timed(
                self._recognition.time_events(known, utterance, chunk)
            )
        await self._queue.acquire()
        pack = choose_pack(self._ended, is_catching_up=self._pace.is_catching_up)
        for _ in pack:
            self._ended.popleft()
        # Its place among the events is known now, its text later.
        start, end = self._dispatched, pack[-1].end or self._dispatched
        self._dispatched = end
        # Cut out now: audio that was dispatched is discarded.
        chunks = tuple(map(self._recognition.cut_chunk, pack))
        task = asyncio.create_task(self._finish(pack, chunks, start=start, end=end))
        self._finals.add(task)
        task.add_done_callback(self._end_final)
        if len(pack) == 1:
            timing = self._recognition.time_events(task, pack[0], chunks[0])
            await self._send_queue.put_timed(timing)
        else:
            await self._send_queue.put(task)

    def _end_final(self, task: asyncio.Task[Events]) -> None:
        self._finals.discard(task)
        self._changed.set()

    async def _finish(
        self, pack: Sequence[Utterance], chunks: tuple[SpeechChunk, ...], *, start: int, end: int
    ) -> Events:
        """Recognise the final text, with a permit held."""
        try:
            found = await self._recognition.finish(pack[0], chunks)
        finally:
            await self._queue.release()
        if len(pack) > 1:
            found = await self._recognition.time_pack(found)
        segments = self._recognition.place(found, end=end)
        if len(pack) == 1 and not pack[0].is_fresh:
            segments = pack[0].finish(found.text, segments, end_ms=self._recognition.to_ms(end))
        gaps = self._recognition.place_gaps(found, segments, end=end)
        speech = sum(utterance.speech_samples for utterance in pack)
        window = self._recognition.make_window(
            start, end, segments, gaps=gaps, speech_samples=speech
        )
        window = replace(window, is_cut=pack[-1].is_cut, is_unaligned=found.is_unaligned)
        return (*self._recognition.language.update_languages(segments), window)

    def _finalize_words(self, utterance: Utterance) -> Events:
        """Finalize an utterance whose last hypothesis held all that was spoken."""
        self._recognition.language.count_ballot(utterance.ballot)
        end = utterance.end or self._dispatched
        words, end_ms = utterance.agreement.finish(), self._recognition.to_ms(end)
        segments = make_segments(words, recognised=utterance.recognised, end_ms=end_ms)
        window = self._finalize(end, segments, speech_samples=utterance.speech_samples)
        window = replace(window, is_cut=utterance.is_cut)
        return (*self._recognition.language.update_languages(segments), window)

    def _finalize(
        self, end: int, segments: tuple[OutputSegment, ...] = (), *, speech_samples: int = 0
    ) -> WindowFinalized:
        start, self._dispatched = self._dispatched, end
        return self._recognition.make_window(start, end, segments, speech_samples=speech_samples)

    def _discard_audio(self) -> None:
        first = self._ended[0] if self._ended else self._current
        needed = self._endpointer.earliest_start if first is None else first.start
        self._intake.audio.discard_before(needed)

    async def _report_pace(self) -> None:
        """Report a change of the rule by which the session catches up; see above."""
        backlog_s = (self._intake.received - self._recognised_until()) / SAMPLE_RATE_HZ
        news = self._pace.update(
            backlog_s=backlog_s,
            interval_s=self._queue.update_interval_s,
            is_finishing=bool(self._finals),
        )
        if news:
            # While catching up no hypothesis shows a whole sentence, and windows are packed.
            self._endpointer.holds = not news.is_catching_up
            self._endpointer.is_unfinished &= not news.is_catching_up
            await self._send_queue.put((news,))

    def _recognised_until(self) -> int:
        """Return the sample up to which everything was recognised or is silent."""
        first = self._ended[0] if self._ended else self._current
        if first is None:
            return self._endpointer.processed
        if first.end is None and first.covered >= self._endpointer.speech_end:
            return self._endpointer.processed
        return max(first.start, first.covered)

    async def _end_early(self, receiving: asyncio.Task[None]) -> None:
        """Once the server drains, stop receiving between two utterances, or after a while."""
        await self._draining.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_WITHIN_S):
                while self._current and not self._is_over:
                    self._moved.clear()
                    await self._moved.wait()
        if not self._is_over:
            self._is_drained = True
            receiving.cancel()
