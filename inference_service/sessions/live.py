"""Speech while it is spoken: messages in, hypotheses and utterances out.

    audio → voice activity (CPU stage) → endpoints → utterance under way → hypotheses
                                                   → utterances that ended → their final texts

Listening, recognising and the telling of events run side by side.

**Hypotheses.** The audio of the utterance under way is recognised again and again, one recognition
at a time: when an update interval of speech is unheard (`pacing`: 0.6 s, longer while many speak)
and the last one is back, or when the speaker pauses. It is read when its turn on the accelerator
comes, so nothing stale is recognised. Silence is never recognised, and no text twice: where the
last hypothesis holds all that was said, it is the final text. While speech goes on a hypothesis is
a draft (greedy, decoded once); in a pause it is decoded as a final text is, and may become it.

Each utterance is recognised without the text before it, as on the file path: prompts of different
lengths can't share a batch, and a tiny Whisper's errors double with them.

**Utterances** end with a pause (a longer one where a sentence isn't over), a flush, the end of the
audio, or by length (`endpoints`). What is committed of long speech is cut off (`live_cuts`).

**Falling behind.** Where more than 5 s and two intervals were received and not looked at, there are
no hypotheses: utterances that ended are packed into windows of up to 30 s, several of them under
way at once, as on the file path. Hypotheses come back once less than a second is left. Where more
than 60 s wait to be packed, or nobody takes the events, the call is not read on; nothing is
dropped.

**Leaving.** A draining server lets the utterance under way end; then DrainingError is raised.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from inference_service.admission import DrainingError
from inference_service.lanes import Lane
from inference_service.pacing import SHORTEST_S
from inference_service.sessions.endpoints import PAD_SAMPLES, Stretch
from inference_service.sessions.events import (
    HypothesisHeard,
    LiveEvent,
    RestoredSegment,
    SpanSettled,
)
from inference_service.sessions.hearing import Hearing
from inference_service.sessions.hypothesis import Agreement
from inference_service.sessions.live_cuts import choose_cut, is_unfinished
from inference_service.sessions.live_messages import LanguageWish, LiveMessage, LiveOptions
from inference_service.sessions.live_outbox import Events, LiveOutbox
from inference_service.sessions.live_pace import LivePace
from inference_service.sessions.live_recognition import LiveRecognition
from inference_service.sessions.tasks import cancel_all, raise_failure
from inference_service.sessions.utterance import Utterance, choose_pack, make_segments, unindent
from inference_service.sessions.windows import SAMPLE_RATE_HZ, Piece
from inference_service.sessions.word_times import WordTimer
from inference_service.stages import CpuStages

_FIRST_S = 0.4  # of an utterance, before it is worth a hypothesis
_WAITING_SAMPLES = 60 * SAMPLE_RATE_HZ
_SILENT_SAMPLES = 10 * SAMPLE_RATE_HZ  # of silence are settled by themselves
_LEAVE_WITHIN_S = 10.0


class LiveSession:
    """The transcription of one live stream; to be run once."""

    def __init__(
        self,
        options: LiveOptions,
        *,
        lane: Lane,
        stages: CpuStages,
        draining: asyncio.Event,
        timer: WordTimer | None = None,
    ) -> None:
        """draining: set once the server is going away. timer: None: word times stay as they are."""
        self._lane = lane
        self._draining = draining
        known_ms = options.committed[-1].end_ms - options.offset_ms if options.committed else 0
        known = known_ms * SAMPLE_RATE_HZ // 1000
        self._hearing = Hearing(stages, open_until=known)
        self._endpointer = self._hearing.endpointer
        self._recognition = LiveRecognition(
            options, lane=lane, stages=stages, hearing=self._hearing, timer=timer
        )
        self._wish: LanguageWish | None = None
        self._current: Utterance | None = None
        if options.committed:
            self._current = Utterance(
                0, options.language, Agreement(options.committed), covered=known
            )
        self._ended: deque[Utterance] = deque()
        self._finals: set[asyncio.Task[Events]] = set()
        self._dispatched = 0  # up to here, spans were handed out
        self._is_over = False
        self._has_left = False
        self._pace = LivePace()
        self._changed = asyncio.Event()  # something to do, for `_work`
        self._moved = asyncio.Event()  # something was done: whoever waits may look again
        self._outbox = LiveOutbox()

    async def run(self, messages: AsyncIterator[LiveMessage]) -> AsyncGenerator[LiveEvent, None]:
        """Yield the events of a session, `AllHeard` last.

        Raises RecognitionError, DrainingError, and what `messages` raises. PCM is int16
        little-endian, mono, 16 kHz, whole samples.
        """
        listening = asyncio.create_task(self._listen(messages))
        listening.add_done_callback(self._end_listening)
        working = asyncio.create_task(self._work())
        working.add_done_callback(lambda _: self._outbox.close())
        leaving = asyncio.create_task(self._leave(listening))
        try:
            async for event in self._outbox.read():
                yield event
            raise_failure(listening, working)
            if self._has_left:
                raise DrainingError("The server is draining. Go on at another replica.")
            yield self._recognition.summarise()
        finally:
            await cancel_all(listening, working, leaving, *self._finals)
            await self._outbox.cancel()

    async def _listen(self, messages: AsyncIterator[LiveMessage]) -> None:
        async for message in messages:
            if isinstance(message, bytes):
                self._hearing.receive(message)
                while self._hearing.has_block:
                    await self._note(await self._hearing.hear_block())
            elif isinstance(message, LanguageWish):
                self._wish = message
            else:
                await self._flush()
        await self._flush()

    async def _flush(self) -> None:
        stretches = await self._hearing.flush()
        end = self._hearing.received
        # Silence is settled too, so that every flush is answered up to its place.
        await self._note(stretches or [Stretch(end, end, end)])

    def _end_listening(self, listening: asyncio.Task[None]) -> None:
        self._is_over = True
        self._changed.set()
        if not listening.cancelled() and listening.exception():
            self._outbox.close()

    async def _note(self, stretches: Sequence[Stretch]) -> None:
        """Take note of the utterances that ended, and of the one that is under way."""
        if stretches:
            self._recognition.drop_draft()
        for stretch in stretches:
            utterance = self._current or self._begin(stretch.start)
            utterance.end, utterance.speech_end = stretch.end, stretch.speech_end
            utterance.is_cut = stretch.is_cut
            utterance.speech_samples = stretch.speech_samples
            self._ended.append(utterance)
            self._current = None
        if self._current is None and self._endpointer.start is not None:
            self._current = self._begin(self._endpointer.start)
        self._changed.set()
        self._moved.set()
        while self._ended and self._endpointer.heard - self._ended[0].start > _WAITING_SAMPLES:
            self._moved.clear()
            await self._moved.wait()

    def _begin(self, start: int) -> Utterance:
        if self._wish:
            self._recognition.language.choose(self._wish.language)
            self._wish = None
        return Utterance(start, self._recognition.language.settled, covered=start)

    async def _work(self) -> None:
        while not self._is_done:
            self._changed.clear()
            if not await self._step():
                await self._changed.wait()
        if not self._has_left and self._endpointer.heard > self._dispatched:
            await self._outbox.put((self._settle(self._endpointer.heard),))

    @property
    def _is_done(self) -> bool:
        return self._is_over and not self._ended and (self._current is None or self._has_left)

    async def _step(self) -> bool:
        """Do the next thing there is to do; False if there is none."""
        await self._tell_pace()
        if self._ended and self._may_dispatch:
            await self._dispatch()
        elif self._current and self._is_due(self._current):
            await self._update(self._current)
        elif self._is_long_silent:
            await self._outbox.put((self._settle(self._endpointer.settle()),))
        else:
            return False
        self._forget_audio()
        self._moved.set()
        return True

    @property
    def _may_dispatch(self) -> bool:
        """One final text at a time; when catching up several, but full windows then."""
        if not self._finals or self._ended[0].is_known:
            return True
        if not self._pace.is_catching_up or not self._recognition.language.settled:
            return False
        return self._is_over or len(choose_pack(self._ended, is_catching_up=True)) < len(
            self._ended
        )

    def _is_due(self, utterance: Utterance) -> bool:
        ears = self._endpointer
        if self._finals or self._pace.is_catching_up:
            return False
        if utterance.covered >= ears.speech_end:
            return ears.is_paused and utterance.is_draft
        if ears.is_paused:
            return True
        interval_s = self._lane.update_interval_s
        if utterance.covered == utterance.start and interval_s <= SHORTEST_S:
            interval_s = _FIRST_S
        unheard = ears.heard - max(utterance.covered, utterance.start + PAD_SAMPLES)
        return unheard >= round(SAMPLE_RATE_HZ * interval_s)

    @property
    def _is_long_silent(self) -> bool:
        is_silent = self._current is None and not self._ended
        return is_silent and self._endpointer.heard - self._dispatched >= _SILENT_SAMPLES

    async def _update(self, utterance: Utterance) -> None:
        """Recognise what there is of the utterance under way, and tell it."""
        is_believed = await self._recognition.hypothesise(utterance)
        if not is_believed:
            self._split(utterance)
        if not is_believed or utterance.end is not None:
            return
        to_ms = self._recognition.to_ms
        words, count = utterance.agreement, len(utterance.agreement.committed)
        told = unindent((*words.committed, *words.pending))
        start_ms, covered_ms = to_ms(utterance.start), to_ms(utterance.covered)
        hypothesis = HypothesisHeard(start_ms, covered_ms, told[:count], told[count:])
        news = self._recognition.language.take_sure_news() if told else ()
        await self._outbox.put((*news, hypothesis))
        if words.committed:
            self._endpointer.hold(self._recognition.to_sample(words.committed[-1].end_ms))
        if utterance.end is not None:  # it ended while the hypothesis was told
            return
        spoken_s = (self._endpointer.speech_end - utterance.start) / SAMPLE_RATE_HZ
        is_waiting = not self._pace.is_catching_up
        self._endpointer.is_unfinished = is_waiting and is_unfinished(told, spoken_s=spoken_s)
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
        """Settle the beginning of long speech."""
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
        settled = words.release(count, cut_ms=cut_ms)
        piece = self._recognition.cut_piece(utterance, end=cut)
        utterance.start = cut
        speech = self._endpointer.cut(cut)
        segments = make_segments(settled, heard=utterance.heard, end_ms=cut_ms)
        span = self._settle(cut, segments, speech_samples=speech)
        events: Events = (*self._recognition.language.note_text(segments), span)
        await self._outbox.put_timed(self._recognition.time_events(events, utterance, piece))

    async def _dispatch(self) -> None:
        """Give the first utterances that ended their final text."""
        if self._ended[0].is_known:
            utterance = self._ended.popleft()
            piece = self._recognition.cut_piece(utterance)
            known = self._settle_words(utterance)
            return await self._outbox.put_timed(
                self._recognition.time_events(known, utterance, piece)
            )
        await self._lane.take_slot()
        pack = choose_pack(self._ended, is_catching_up=self._pace.is_catching_up)
        for _ in pack:
            self._ended.popleft()
        # Its place among the events is known now, its text later.
        start, end = self._dispatched, pack[-1].end or self._dispatched
        self._dispatched = end
        # Cut out now: audio that was handed out is forgotten.
        pieces = tuple(map(self._recognition.cut_piece, pack))
        task = asyncio.create_task(self._finish(pack, pieces, start=start, end=end))
        self._finals.add(task)
        task.add_done_callback(self._end_final)
        if len(pack) == 1:
            timing = self._recognition.time_events(task, pack[0], pieces[0])
            await self._outbox.put_timed(timing)
        else:
            await self._outbox.put(task)

    def _end_final(self, task: asyncio.Task[Events]) -> None:
        self._finals.discard(task)
        self._changed.set()

    async def _finish(
        self, pack: Sequence[Utterance], pieces: tuple[Piece, ...], *, start: int, end: int
    ) -> Events:
        """Recognise the final text, with a slot held."""
        try:
            heard = await self._recognition.finish(pack[0], pieces)
        finally:
            await self._lane.free_slot()
        if len(pack) > 1:
            heard = await self._recognition.time_pack(heard)
        segments = self._recognition.place(heard, end=end)
        if len(pack) == 1 and not pack[0].is_fresh:
            segments = pack[0].finish(heard.text, segments, end_ms=self._recognition.to_ms(end))
        span = self._recognition.make_span(
            start,
            end,
            segments,
            gaps=self._recognition.place_gaps(heard, segments, end=end),
            speech_samples=sum(utterance.speech_samples for utterance in pack),
        )
        return (*self._recognition.language.note_text(segments), span)

    def _settle_words(self, utterance: Utterance) -> Events:
        """Settle an utterance whose last hypothesis held all that was said."""
        self._recognition.language.keep(utterance.ballot)
        start, end = self._dispatched, utterance.end or self._dispatched
        self._dispatched, heard = end, utterance.heard
        words, end_ms = utterance.agreement.finish(), self._recognition.to_ms(end)
        segments = make_segments(words, heard=heard, end_ms=end_ms)
        span = self._recognition.make_span(
            start, end, segments, speech_samples=utterance.speech_samples
        )
        return (*self._recognition.language.note_text(segments), span)

    def _settle(
        self, end: int, segments: tuple[RestoredSegment, ...] = (), *, speech_samples: int = 0
    ) -> SpanSettled:
        start, self._dispatched = self._dispatched, end
        return self._recognition.make_span(start, end, segments, speech_samples=speech_samples)

    def _forget_audio(self) -> None:
        first = self._ended[0] if self._ended else self._current
        needed = self._endpointer.earliest_start if first is None else first.start
        self._hearing.audio.forget_before(needed)

    async def _tell_pace(self) -> None:
        """Say when the rule changes by which the session keeps up; see above."""
        backlog_s = (self._hearing.received - self._looked_at()) / SAMPLE_RATE_HZ
        news = self._pace.update(
            backlog_s=backlog_s,
            interval_s=self._lane.update_interval_s,
            is_finishing=bool(self._finals),
        )
        if news:
            # While catching up no hypothesis says what is a whole sentence, and windows are packed.
            self._endpointer.holds = not news.is_catching_up
            self._endpointer.is_unfinished &= not news.is_catching_up
            await self._outbox.put((news,))

    def _looked_at(self) -> int:
        """Return the sample up to which everything was recognised or is silent."""
        first = self._ended[0] if self._ended else self._current
        if first is None:
            return self._endpointer.heard
        if first.end is None and first.covered >= self._endpointer.speech_end:
            return self._endpointer.heard
        return max(first.start, first.covered)

    async def _leave(self, listening: asyncio.Task[None]) -> None:
        """Once the server drains, stop listening between two utterances, or after a while."""
        await self._draining.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_WITHIN_S):
                while self._current and not self._is_over:
                    self._moved.clear()
                    await self._moved.wait()
        if not self._is_over:
            self._has_left = True
            listening.cancel()
