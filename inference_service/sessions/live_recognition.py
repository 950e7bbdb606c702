"""How a live session recognises: hypotheses of an utterance that grows, and the final texts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inference_service.batches import TaskCost
from inference_service.engines.asr import (
    DecodeOptions,
    LanguageRun,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.engines.language_track import SLICE_S
from inference_service.engines.vad import FRAME_SAMPLES
from inference_service.session_queue import SessionQueue
from inference_service.sessions.audio_intake import AudioIntake
from inference_service.sessions.coverage import FrameInterval, TextGap, find_uncovered
from inference_service.sessions.events import (
    Gap,
    GapReason,
    LiveEvent,
    OutputSegment,
    StreamFinished,
    WindowFinalized,
)
from inference_service.sessions.live_language import LiveLanguage
from inference_service.sessions.live_messages import LiveOptions
from inference_service.sessions.recognition import (
    BORDER_REACH_FRAMES,
    SpeechRecognition,
    SpeechWindow,
    detect_speech,
)
from inference_service.sessions.regions import FRAME_S
from inference_service.sessions.repetition import find_pause
from inference_service.sessions.segment_times import cut_out_words, map_gaps, map_to_recording
from inference_service.sessions.session_timer import SessionTimer
from inference_service.sessions.tasks import cancel_all
from inference_service.sessions.utterance import LanguageChange, Utterance, collect_words
from inference_service.sessions.windows import SAMPLE_RATE_HZ, Pcm, SpeechChunk, TimeMap, to_float
from inference_service.sessions.word_times import WordTimer
from inference_service.stages import CpuStages

# Of an utterance without a hypothesis that was accepted.
_STALLED_SAMPLES = 2 * SAMPLE_RATE_HZ


class LiveRecognition:
    """One session's use of the recogniser, and what it cost."""

    def __init__(
        self,
        options: LiveOptions,
        *,
        queue: SessionQueue,
        stages: CpuStages,
        intake: AudioIntake,
        timer: WordTimer | None,
    ) -> None:
        recogniser = queue.recogniser
        self._options = options
        self._queue = queue
        self._stages = stages
        self._intake = intake
        self._timer = SessionTimer(timer, queue=queue, stages=stages)
        self.language = LiveLanguage(
            languages=recogniser.languages,
            can_detect=recogniser.detects_language,
            requested=options.language,
            expected=options.languages,
            is_multilingual=options.is_multilingual,
        )
        self._speech = SpeechRecognition(queue=queue, stages=stages, count=self._count)
        self.queue_s = 0.0
        self.compute_s = 0.0
        self.last_compute_s = 0.0  # of a hypothesis
        self._growing: _GrowingWindow | None = None

    def cancel_draft(self) -> None:
        """Stop waiting for a draft that is being decoded: its utterance has ended.

        One that is still queued is read when it is scheduled: it becomes the final text.
        """
        if self._growing and self._growing.is_read and self._growing.request.is_draft:
            self._growing.decoding.cancel()

    async def update_hypothesis(self, utterance: Utterance) -> bool:
        """Recognise what there is of an utterance, and let it take note.

        Returns whether there is a new hypothesis that is accepted. Raises RecognitionError.
        """
        window = self._growing = _GrowingWindow(utterance, self)
        window.decoding = asyncio.create_task(self._recognise_growing(window, utterance))
        try:
            await asyncio.wait([window.decoding])
            if window.decoding.cancelled():
                return False
            return self._apply(utterance, window, window.decoding.result())
        finally:
            await cancel_all(window.decoding)
            self._growing = None

    def _apply(self, utterance: Utterance, window: "_GrowingWindow", text: WindowText) -> bool:
        chunk, utterance.is_draft = window.chunk, window.request.is_draft
        if text.verdict is Verdict.MIXED:
            change = _find_change(chunk, text.languages)
            utterance.apply_change(window.request, change, covered=chunk.end_sample)
            return False
        if text.verdict in {Verdict.RETRY, Verdict.REPETITION}:
            utterance.mark_for_retry(window.request, covered=chunk.end_sample)
            return False
        utterance.is_covered = not find_uncovered(chunk.voiced, text.segments)
        segments = self.place(RecognisedText(text, (chunk,)), end=chunk.end_sample)
        utterance.note(
            text,
            covered=chunk.end_sample,
            words=collect_words(segments),
            commit_before_ms=self._commit_before_ms(chunk),
        )
        return True

    async def _recognise_growing(
        self, window: "_GrowingWindow", utterance: Utterance
    ) -> WindowText:
        async with self._queue.permit():
            if utterance.language or self.language.decided:
                text, cost = await self._queue.recognise_newest(window)
            else:
                request = await self._detect(await window.read(), utterance)
                text, cost = await self._queue.recognise(request)
        self._count(cost)
        self.last_compute_s = cost.compute_s
        if text.verdict is Verdict.RETRY and self._is_stalled(window, utterance):
            padded = replace(window.request, is_padded=True)
            text, cost = await self._queue.recognise(padded, is_follow_up=True)
            self._count(cost)
        return text

    def _is_stalled(self, window: "_GrowingWindow", utterance: Utterance) -> bool:
        """Return whether drafts came to nothing for so long that a padded one is worth its cost.

        Some speech is uncertain as long as it lasts (8 kHz, a far microphone), at its own length.
        """
        unrecognised = window.chunk.end_sample - max(utterance.start, utterance.accepted)
        return window.request.is_draft and unrecognised >= _STALLED_SAMPLES

    def _commit_before_ms(self, chunk: SpeechChunk) -> int | None:
        """Return until when words may be committed: the language of the last ones isn't sure yet.

        What is spoken in another language is often decoded to a translation until there is enough
        of it to be detected; what is committed is never taken back.
        """
        if not self.language.can_switch:
            return None
        return self.to_ms(chunk.end_sample) - round(1000 * SLICE_S)

    async def finish(self, first: Utterance, chunks: tuple[SpeechChunk, ...]) -> "RecognisedText":
        """Recognise in one window utterances that have ended, of one language.

        All of it: what no word covers is recognised again, as in a file, or reported as a gap.
        first: the first of them; chunks: the audio of each. Raises RecognitionError.
        """
        pcm = np.concatenate([chunk.pcm for chunk in chunks])
        samples, priority = to_float(pcm), self._queue.priority
        voiced = await self._stages.run(priority, detect_speech, samples)
        features = await self._prepare(pcm)
        request = WindowRequest(features, len(pcm) / SAMPLE_RATE_HZ, self.options_for(first))
        request = await self._detect(request, first)
        recognised = await self._speech.recognise(
            SpeechWindow(pcm, voiced), request.options, features=features
        )
        verdict = Verdict.ACCEPTED if recognised.segments else Verdict.EMPTY
        text = WindowText(verdict, recognised.segments)
        return RecognisedText(text, chunks, recognised.gaps, tuple(find_uncovered(voiced, ())))

    async def time_pack(self, recognised: "RecognisedText") -> "RecognisedText":
        """Return the text of several utterances in one window with better word times."""
        pcm = np.concatenate([chunk.pcm for chunk in recognised.chunks])
        timed = await self._timer.time_words(
            lambda: to_float(pcm), recognised.text.segments, language=self.language.decided
        )
        text = replace(recognised.text, segments=timed.segments)
        return replace(recognised, text=text, is_unaligned=timed.is_unaligned)

    async def time_events(
        self,
        events: "tuple[LiveEvent, ...] | asyncio.Task[tuple[LiveEvent, ...]]",
        utterance: Utterance,
        chunk: SpeechChunk,
    ) -> tuple[LiveEvent, ...]:
        """Return the events of an utterance with better word times; all lie in the chunk."""
        known = await events if isinstance(events, asyncio.Task) else events
        language = utterance.language or self.language.decided
        return tuple([await self._time_event(each, chunk, language) for each in known])

    async def _time_event(self, event: LiveEvent, chunk: SpeechChunk, language: str) -> LiveEvent:
        if not isinstance(event, WindowFinalized):
            return event
        return await self._timer.time_output(
            chunk, event, language=language, offset_ms=self._options.offset_ms
        )

    def place(self, recognised: "RecognisedText", *, end: int) -> tuple[OutputSegment, ...]:
        """Put a window's text into the session's time; nothing lies behind the sample `end`."""
        if recognised.text.verdict is not Verdict.ACCEPTED:
            return ()
        start_ms = self.to_ms(recognised.chunks[0].start_sample)
        time_map = TimeMap(recognised.chunks, offset_s=self._options.offset_ms / 1000)
        return map_to_recording(
            recognised.text.segments, time_map, start_ms=start_ms, end_ms=self.to_ms(end)
        )

    def place_gaps(
        self, recognised: "RecognisedText", segments: Sequence[OutputSegment], *, end: int
    ) -> tuple[Gap, ...]:
        """Put a window's gaps into the session's time, without what the words cover.

        (Committed words stand, regardless of the last recognition.)
        """
        start_ms = self.to_ms(recognised.chunks[0].start_sample)
        time_map = TimeMap(recognised.chunks, offset_s=self._options.offset_ms / 1000)
        gaps = map_gaps(recognised.gaps, time_map, start_ms=start_ms, end_ms=self.to_ms(end))
        left = [part for gap in gaps for part in cut_out_words(gap, segments)]
        # What was recognised may have lost to committed words: it is missing.
        speech = [
            TextGap(one.start_s, one.end_s, GapReason.NOT_RECOGNISED) for one in recognised.speech
        ]
        placed = map_gaps(speech, time_map, start_ms=start_ms, end_ms=self.to_ms(end))
        missing = [part for one in placed for part in cut_out_words(one, segments)]
        left += [one for one in missing if not any(_overlap(one, gap) for gap in left)]
        left.sort(key=lambda gap: gap.start_ms)
        for gap in left:
            self._queue.record_gap(gap.reason.value, seconds=(gap.end_ms - gap.start_ms) / 1000)
        return tuple(left)

    def make_window(
        self,
        start: int,
        end: int,
        segments: tuple[OutputSegment, ...] = (),
        *,
        gaps: tuple[Gap, ...] = (),
        speech_samples: int = 0,
    ) -> WindowFinalized:
        start_ms, end_ms = self.to_ms(start), self.to_ms(end)
        speech_ms = min(1000 * speech_samples // SAMPLE_RATE_HZ, end_ms - start_ms)
        return WindowFinalized(start_ms, end_ms, segments, gaps=gaps, speech_ms=speech_ms)

    def summarise(self) -> StreamFinished:
        return StreamFinished(
            audio_duration_ms=self.to_ms(self._intake.received),
            speech_ms=1000 * self._intake.endpointer.speech_samples // SAMPLE_RATE_HZ,
            queue_ms=round(1000 * self.queue_s),
            compute_ms=round(1000 * self.compute_s),
        )

    def options_for(self, utterance: Utterance) -> DecodeOptions:
        language = utterance.language or self.language.decided
        return DecodeOptions(
            language=language,
            context=self._options.context,
            switch_penalty=self._find_penalty(utterance),
            languages=self.language.others_where(
                spoken=language, is_change_near=utterance.is_change_near
            ),
        )

    def _find_penalty(self, utterance: Utterance) -> float | None:
        """A short rest beside a change shows its language worse than what it was cut out of."""
        is_short = self.end_of(utterance) - utterance.start < SLICE_S * SAMPLE_RATE_HZ
        if utterance.is_change_near and is_short:
            return None
        return self.language.penalty_where(is_change_near=utterance.is_change_near)

    def cut_chunk(self, utterance: Utterance, *, end: int | None = None) -> SpeechChunk:
        """Return what there is of an utterance now, or until the sample `end`."""
        end = self.end_of(utterance) if end is None else end
        return SpeechChunk(utterance.start, self._intake.audio.read(utterance.start, end))

    def end_of(self, utterance: Utterance) -> int:
        return self._intake.endpointer.processed if utterance.end is None else utterance.end

    def is_draft(self, utterance: Utterance) -> bool:
        """Return whether a hypothesis read now is a draft: while speech goes on.

        At a pause it may become the final text.
        """
        return utterance.end is None and not self._intake.endpointer.is_paused

    async def add_voice(self, chunk: SpeechChunk, utterance: Utterance) -> SpeechChunk:
        """Return a chunk of an utterance, just cut, with the frames in which someone speaks."""
        if utterance.end is None:
            endpointer = self._intake.endpointer
            return replace(
                chunk, voiced=endpointer.voiced_frames(chunk.start_sample, chunk.end_sample)
            )
        # The endpointer discards an utterance that has ended.
        priority, samples = self._queue.priority, to_float(chunk.pcm)
        return replace(chunk, voiced=await self._stages.run(priority, detect_speech, samples))

    async def read(self, chunk: SpeechChunk, request: WindowRequest) -> WindowRequest:
        return replace(request, features=await self._prepare(chunk.pcm))

    def to_ms(self, sample: int) -> int:
        """From the call's audio to the session, rounded down."""
        return self._options.offset_ms + 1000 * sample // SAMPLE_RATE_HZ

    def to_sample(self, time_ms: int) -> int:
        return (time_ms - self._options.offset_ms) * SAMPLE_RATE_HZ // 1000

    async def _detect(self, request: WindowRequest, utterance: Utterance) -> WindowRequest:
        """Give the request a language: the utterance's, the session's, or the likeliest."""
        if not utterance.language:
            utterance.language = self.language.decided
        if utterance.language:
            return _set_language(request, utterance.language)
        guesses, cost = await self._queue.detect_language(request.features)
        self._count(cost)
        is_final = utterance.end is not None
        likeliest = self.language.vote(guesses, speech_s=request.duration_s, is_final=is_final)
        if is_final or self.language.decided:
            utterance.language = likeliest
        utterance.ballot = None if is_final else (guesses, request.duration_s)
        return _set_language(request, likeliest)

    async def _prepare(self, pcm: Pcm) -> object:
        prepare = self._queue.recogniser.prepare
        return await self._stages.run(self._queue.priority, lambda: prepare(to_float(pcm)))

    def _count(self, cost: TaskCost) -> None:
        self.queue_s += cost.queue_s
        self.compute_s += cost.compute_s


def _find_change(chunk: SpeechChunk, languages: Sequence[LanguageRun]) -> LanguageChange:
    """Return where the first language of a chunk ends: in a pause, where one is near."""
    before, after = languages[:2]
    around = min(round(after.start_s / FRAME_S), len(chunk.voiced) - 1)
    frame = find_pause(chunk.voiced, around, reach=BORDER_REACH_FRAMES)
    return LanguageChange(
        before.language, chunk.start_sample + frame * FRAME_SAMPLES, after.language
    )


def _set_language(request: WindowRequest, language: str) -> WindowRequest:
    return replace(request, options=replace(request.options, language=language))


@dataclass(frozen=True, slots=True)
class RecognisedText:
    """The text of a window, and the chunks of the session's audio that it was made of."""

    text: WindowText
    chunks: tuple[SpeechChunk, ...]
    gaps: tuple[TextGap, ...] = ()
    speech: tuple[FrameInterval, ...] = ()  # of the window, as voice activity detection found it
    is_unaligned: bool = False  # as in `TimedText`


class _GrowingWindow:
    """The audio of an utterance, read when it is scheduled: a `LiveWindow` of the scheduler's."""

    def __init__(self, utterance: Utterance, recognition: LiveRecognition) -> None:
        self._utterance = utterance
        self._recognition = recognition
        self._end = utterance.start
        self.is_read = False  # it was scheduled
        self.request = self._peeked = self.peek()
        self.chunk = SpeechChunk(utterance.start, np.zeros(0, np.int16))  # what was read
        self.decoding: asyncio.Task[WindowText]

    def peek(self) -> WindowRequest:
        self._end = self._recognition.end_of(self._utterance)
        samples = self._end - self._utterance.start
        options = self._recognition.options_for(self._utterance)
        is_draft = self._recognition.is_draft(self._utterance)
        duration_s = samples / SAMPLE_RATE_HZ
        self._peeked = WindowRequest(None, duration_s, options, is_draft=is_draft)
        return self._peeked

    async def read(self) -> WindowRequest:
        self.is_read = True
        chunk = self._recognition.cut_chunk(self._utterance, end=self._end)
        self.chunk = await self._recognition.add_voice(chunk, self._utterance)
        self.request = await self._recognition.read(self.chunk, self._peeked)
        return self.request


def _overlap(one: Gap, other: Gap) -> bool:
    return one.start_ms < other.end_ms and other.start_ms < one.end_ms
