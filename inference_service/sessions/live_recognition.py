"""How a live session recognises: hypotheses of an utterance that grows, and the final texts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inference_service.batches import Timing
from inference_service.engines.asr import (
    DecodeOptions,
    LanguageRun,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.engines.language_track import SLICE_S
from inference_service.engines.vad import FRAME_SAMPLES
from inference_service.lanes import Lane
from inference_service.sessions.coverage import Run, TextGap, find_uncovered
from inference_service.sessions.events import (
    AllHeard,
    Gap,
    GapReason,
    LiveEvent,
    RestoredSegment,
    SpanSettled,
)
from inference_service.sessions.hearing import Hearing
from inference_service.sessions.live_language import LiveLanguage
from inference_service.sessions.live_messages import LiveOptions
from inference_service.sessions.recognition import (
    BORDER_REACH_FRAMES,
    SpeechRecognition,
    SpeechWindow,
    detect_voice,
)
from inference_service.sessions.regions import FRAME_S
from inference_service.sessions.repetition import find_pause
from inference_service.sessions.restoring import cut_out_words, restore_gaps, restore_segments
from inference_service.sessions.session_timer import SessionTimer
from inference_service.sessions.tasks import cancel_all
from inference_service.sessions.utterance import LanguageChange, Utterance, join_words
from inference_service.sessions.windows import SAMPLE_RATE_HZ, Pcm, Piece, TimeMap, to_float
from inference_service.sessions.word_times import WordTimer
from inference_service.stages import CpuStages

# Of an utterance without a hypothesis that is believed.
_STALLED_SAMPLES = 2 * SAMPLE_RATE_HZ


class LiveRecognition:
    """One session's use of the recogniser, and what it cost."""

    def __init__(
        self,
        options: LiveOptions,
        *,
        lane: Lane,
        stages: CpuStages,
        hearing: Hearing,
        timer: WordTimer | None,
    ) -> None:
        recogniser = lane.recogniser
        self._options = options
        self._lane = lane
        self._stages = stages
        self._hearing = hearing
        self._timer = SessionTimer(timer, lane=lane, stages=stages)
        self.language = LiveLanguage(
            languages=recogniser.languages,
            can_detect=recogniser.detects_language,
            wish=options.language,
            expected=options.languages,
            is_multilingual=options.is_multilingual,
        )
        self._speech = SpeechRecognition(lane=lane, stages=stages, count=self._count)
        self.queue_s = 0.0
        self.compute_s = 0.0
        self.last_compute_s = 0.0  # of a hypothesis
        self._growing: _GrowingWindow | None = None

    def drop_draft(self) -> None:
        """Let nobody wait for a draft that is being decoded: its utterance has ended.

        One that is still queued is read when its turn comes: it becomes the final text.
        """
        if self._growing and self._growing.is_read and self._growing.request.is_draft:
            self._growing.decoding.cancel()

    async def hypothesise(self, utterance: Utterance) -> bool:
        """Recognise what there is of an utterance, and let it take note.

        Returns whether there is a new hypothesis that is believed. Raises RecognitionError.
        """
        window = self._growing = _GrowingWindow(utterance, self)
        window.decoding = asyncio.create_task(self._recognise_growing(window, utterance))
        try:
            await asyncio.wait([window.decoding])
            if window.decoding.cancelled():
                return False
            return self._note(utterance, window, window.decoding.result())
        finally:
            await cancel_all(window.decoding)
            self._growing = None

    def _note(self, utterance: Utterance, window: "_GrowingWindow", text: WindowText) -> bool:
        piece, utterance.is_draft = window.piece, window.request.is_draft
        if text.verdict is Verdict.MIXED:
            change = _find_change(piece, text.languages)
            utterance.note_change(window.request, change, covered=piece.end_sample)
            return False
        if text.verdict in {Verdict.RETRY, Verdict.REPETITION}:
            utterance.note_doubtful(window.request, covered=piece.end_sample)
            return False
        utterance.is_covered = not find_uncovered(piece.voiced, text.segments)
        segments = self.place(HeardText(text, (piece,)), end=piece.end_sample)
        utterance.note(
            text,
            covered=piece.end_sample,
            words=join_words(segments),
            commit_before_ms=self._commit_before_ms(piece),
        )
        return True

    async def _recognise_growing(
        self, window: "_GrowingWindow", utterance: Utterance
    ) -> WindowText:
        async with self._lane.slot():
            if utterance.language or self.language.settled:
                text, timing = await self._lane.recognise_newest(window)
            else:
                request = await self._detect(await window.read(), utterance)
                text, timing = await self._lane.recognise(request)
        self._count(timing)
        self.last_compute_s = timing.compute_s
        if text.verdict is Verdict.RETRY and self._is_stalled(window, utterance):
            padded = replace(window.request, is_padded=True)
            text, timing = await self._lane.recognise(padded, is_follow_up=True)
            self._count(timing)
        return text

    def _is_stalled(self, window: "_GrowingWindow", utterance: Utterance) -> bool:
        """Say whether drafts came to nothing for so long that a dear one, padded, is worth it.

        Some speech is doubtful as long as it lasts (8 kHz, a far microphone), at its own length.
        """
        unheard = window.piece.end_sample - max(utterance.start, utterance.believed)
        return window.request.is_draft and unheard >= _STALLED_SAMPLES

    def _commit_before_ms(self, piece: Piece) -> int | None:
        """Return until when words may be committed: the language of the last ones isn't sure yet.

        What is spoken in another language is often decoded to a translation until there is enough
        of it to be told; what is committed is never taken back.
        """
        if not self.language.can_switch:
            return None
        return self.to_ms(piece.end_sample) - round(1000 * SLICE_S)

    async def finish(self, first: Utterance, pieces: tuple[Piece, ...]) -> "HeardText":
        """Recognise in one window utterances that have ended, of one language.

        All of it: what no word covers is recognised again, as in a file, or told as a gap.
        first: the first of them; pieces: the audio of each. Raises RecognitionError.
        """
        pcm = np.concatenate([piece.pcm for piece in pieces])
        samples, priority = to_float(pcm), self._lane.priority
        voiced = await self._stages.run(priority, detect_voice, samples)
        features = await self._prepare(pcm)
        request = WindowRequest(features, len(pcm) / SAMPLE_RATE_HZ, self.options_for(first))
        request = await self._detect(request, first)
        recognised = await self._speech.recognise(
            SpeechWindow(pcm, voiced), request.options, features=features
        )
        verdict = Verdict.ACCEPTED if recognised.segments else Verdict.EMPTY
        text = WindowText(verdict, recognised.segments)
        return HeardText(text, pieces, recognised.gaps, tuple(find_uncovered(voiced, ())))

    async def time_pack(self, heard: "HeardText") -> "HeardText":
        """Return the text of several utterances in one window with better word times."""
        pcm = np.concatenate([piece.pcm for piece in heard.pieces])
        segments = await self._timer.time_words(
            lambda: to_float(pcm), heard.text.segments, language=self.language.settled
        )
        return replace(heard, text=replace(heard.text, segments=segments))

    async def time_events(
        self,
        events: "tuple[LiveEvent, ...] | asyncio.Task[tuple[LiveEvent, ...]]",
        utterance: Utterance,
        piece: Piece,
    ) -> tuple[LiveEvent, ...]:
        """Return what is told of an utterance with better word times; all lie in the piece."""
        known = await events if isinstance(events, asyncio.Task) else events
        language = utterance.language or self.language.settled
        return tuple([await self._time_event(each, piece, language) for each in known])

    async def _time_event(self, event: LiveEvent, piece: Piece, language: str) -> LiveEvent:
        if not isinstance(event, SpanSettled) or not event.segments:
            return event
        segments = await self._timer.time_restored(
            piece, event.segments, language=language, offset_ms=self._options.offset_ms
        )
        return replace(event, segments=segments)

    def place(self, heard: "HeardText", *, end: int) -> tuple[RestoredSegment, ...]:
        """Put a window's text into the session's time; nothing lies behind the sample `end`."""
        if heard.text.verdict is not Verdict.ACCEPTED:
            return ()
        start_ms = self.to_ms(heard.pieces[0].start_sample)
        time_map = TimeMap(heard.pieces, offset_s=self._options.offset_ms / 1000)
        return restore_segments(
            heard.text.segments, time_map, start_ms=start_ms, end_ms=self.to_ms(end)
        )

    def place_gaps(
        self, heard: "HeardText", segments: Sequence[RestoredSegment], *, end: int
    ) -> tuple[Gap, ...]:
        """Put a window's gaps into the session's time, without what the words cover.

        (Committed words stand, whatever the last recognition found.)
        """
        start_ms = self.to_ms(heard.pieces[0].start_sample)
        time_map = TimeMap(heard.pieces, offset_s=self._options.offset_ms / 1000)
        gaps = restore_gaps(heard.gaps, time_map, start_ms=start_ms, end_ms=self.to_ms(end))
        left = [part for gap in gaps for part in cut_out_words(gap, segments)]
        # What was recognised may have lost to committed words: whatever it was, it is missing.
        speech = [TextGap(one.start_s, one.end_s, GapReason.NOT_RECOGNISED) for one in heard.speech]
        placed = restore_gaps(speech, time_map, start_ms=start_ms, end_ms=self.to_ms(end))
        missing = [part for one in placed for part in cut_out_words(one, segments)]
        left += [one for one in missing if not any(_overlap(one, gap) for gap in left)]
        left.sort(key=lambda gap: gap.start_ms)
        for gap in left:
            self._lane.note_gap(gap.reason.value, seconds=(gap.end_ms - gap.start_ms) / 1000)
        return tuple(left)

    def make_span(
        self,
        start: int,
        end: int,
        segments: tuple[RestoredSegment, ...] = (),
        *,
        gaps: tuple[Gap, ...] = (),
        speech_samples: int = 0,
    ) -> SpanSettled:
        start_ms, end_ms = self.to_ms(start), self.to_ms(end)
        speech_ms = min(1000 * speech_samples // SAMPLE_RATE_HZ, end_ms - start_ms)
        return SpanSettled(start_ms, end_ms, segments, gaps=gaps, speech_ms=speech_ms)

    def summarise(self) -> AllHeard:
        return AllHeard(
            heard_ms=self.to_ms(self._hearing.received),
            speech_ms=1000 * self._hearing.endpointer.speech_samples // SAMPLE_RATE_HZ,
            queue_ms=round(1000 * self.queue_s),
            compute_ms=round(1000 * self.compute_s),
        )

    def options_for(self, utterance: Utterance) -> DecodeOptions:
        return DecodeOptions(
            language=utterance.language or self.language.settled,
            prompt=self._options.prompt,
            hot_words=self._options.hot_words,
            switch_penalty=self._find_penalty(utterance),
            languages=self.language.others,
        )

    def _find_penalty(self, utterance: Utterance) -> float | None:
        """A short rest beside a change tells its language worse than what it was cut out of."""
        is_short = self.end_of(utterance) - utterance.start < SLICE_S * SAMPLE_RATE_HZ
        if utterance.is_change_near and is_short:
            return None
        return self.language.penalty_where(is_change_near=utterance.is_change_near)

    def cut_piece(self, utterance: Utterance, *, end: int | None = None) -> Piece:
        """Return what there is of an utterance now, or until the sample `end`."""
        end = self.end_of(utterance) if end is None else end
        return Piece(utterance.start, self._hearing.audio.read(utterance.start, end))

    def end_of(self, utterance: Utterance) -> int:
        return self._hearing.endpointer.heard if utterance.end is None else utterance.end

    def is_draft(self, utterance: Utterance) -> bool:
        """Say whether a hypothesis read now is a draft: while speech goes on.

        At a pause it may become the final text.
        """
        return utterance.end is None and not self._hearing.endpointer.is_paused

    async def add_voice(self, piece: Piece, utterance: Utterance) -> Piece:
        """Return a piece of an utterance, just cut, with the frames in which somebody speaks."""
        if utterance.end is None:
            ears = self._hearing.endpointer
            return replace(piece, voiced=ears.voiced_frames(piece.start_sample, piece.end_sample))
        # The endpointer forgets an utterance that has ended.
        priority, samples = self._lane.priority, to_float(piece.pcm)
        return replace(piece, voiced=await self._stages.run(priority, detect_voice, samples))

    async def read(self, piece: Piece, request: WindowRequest) -> WindowRequest:
        return replace(request, features=await self._prepare(piece.pcm))

    def to_ms(self, sample: int) -> int:
        """From the call's audio to the session, rounded down."""
        return self._options.offset_ms + 1000 * sample // SAMPLE_RATE_HZ

    def to_sample(self, time_ms: int) -> int:
        return (time_ms - self._options.offset_ms) * SAMPLE_RATE_HZ // 1000

    async def _detect(self, request: WindowRequest, utterance: Utterance) -> WindowRequest:
        """Give the request a language: the utterance's, the session's, or the likeliest."""
        if not utterance.language:
            utterance.language = self.language.settled
        if utterance.language:
            return _say_language(request, utterance.language)
        guesses, timing = await self._lane.detect_language(request.features)
        self._count(timing)
        is_final = utterance.end is not None
        likeliest = self.language.vote(guesses, speech_s=request.duration_s, is_final=is_final)
        if is_final or self.language.settled:
            utterance.language = likeliest
        utterance.ballot = None if is_final else (guesses, request.duration_s)
        return _say_language(request, likeliest)

    async def _prepare(self, pcm: Pcm) -> object:
        prepare = self._lane.recogniser.prepare
        return await self._stages.run(self._lane.priority, lambda: prepare(to_float(pcm)))

    def _count(self, timing: Timing) -> None:
        self.queue_s += timing.queue_s
        self.compute_s += timing.compute_s


def _find_change(piece: Piece, languages: Sequence[LanguageRun]) -> LanguageChange:
    """Return where the first language of a piece ends: in a pause, where one is near."""
    before, after = languages[:2]
    around = min(round(after.start_s / FRAME_S), len(piece.voiced) - 1)
    frame = find_pause(piece.voiced, around, reach=BORDER_REACH_FRAMES)
    return LanguageChange(
        before.language, piece.start_sample + frame * FRAME_SAMPLES, after.language
    )


def _say_language(request: WindowRequest, language: str) -> WindowRequest:
    return replace(request, options=replace(request.options, language=language))


@dataclass(frozen=True, slots=True)
class HeardText:
    """The text of a window, and the pieces of the session's audio that it was made of."""

    text: WindowText
    pieces: tuple[Piece, ...]
    gaps: tuple[TextGap, ...] = ()
    speech: tuple[Run, ...] = ()  # of the window, as voice activity detection found it


class _GrowingWindow:
    """The audio of an utterance, read when its turn comes: a `LiveWindow` of the scheduler's."""

    def __init__(self, utterance: Utterance, recognition: LiveRecognition) -> None:
        self._utterance = utterance
        self._recognition = recognition
        self._end = utterance.start
        self.is_read = False  # its turn has come
        self.request = self._peeked = self.peek()
        self.piece = Piece(utterance.start, np.zeros(0, np.int16))  # what was read
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
        piece = self._recognition.cut_piece(self._utterance, end=self._end)
        self.piece = await self._recognition.add_voice(piece, self._utterance)
        self.request = await self._recognition.read(self.piece, self._peeked)
        return self.request


def _overlap(one: Gap, other: Gap) -> bool:
    return one.start_ms < other.end_ms and other.start_ms < one.end_ms
