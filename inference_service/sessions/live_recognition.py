"""How a live session recognises: hypotheses of an utterance that grows, and the final texts."""

from dataclasses import dataclass, replace

import numpy as np

from inference_service.batches import Timing
from inference_service.engines.asr import (
    ATTEMPTS,
    DecodeOptions,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.lanes import Lane
from inference_service.sessions.events import (
    Gap,
    RestoredSegment,
    SpanSettled,
    reason_for,
)
from inference_service.sessions.hearing import Hearing
from inference_service.sessions.live_language import LiveLanguage
from inference_service.sessions.live_messages import LiveOptions
from inference_service.sessions.repetition import keep_repetition
from inference_service.sessions.restoring import restore_segments
from inference_service.sessions.utterance import Utterance, join_words
from inference_service.sessions.windows import SAMPLE_RATE_HZ, Pcm, Piece, TimeMap, to_float
from inference_service.stages import CpuStages


class LiveRecognition:
    """One session's use of the recogniser, and what it cost."""

    def __init__(
        self, options: LiveOptions, *, lane: Lane, stages: CpuStages, hearing: Hearing
    ) -> None:
        recogniser = lane.recogniser
        self._options = options
        self._lane = lane
        self._stages = stages
        self._hearing = hearing
        self.language = LiveLanguage(
            languages=recogniser.languages,
            can_detect=recogniser.detects_language,
            wish=options.language,
        )
        self.queue_s = 0.0
        self.compute_s = 0.0
        self.last_compute_s = 0.0  # of a hypothesis

    async def hypothesise(self, utterance: Utterance) -> bool:
        """Recognise what there is of an utterance, and let it take note.

        Returns whether what was heard is believed. Raises RecognitionError.
        """
        window = _GrowingWindow(utterance, self)
        async with self._lane.slot():
            if utterance.language or self.language.settled:
                text, timing = await self._lane.recognise_newest(window)
            else:
                request = await self._detect(await window.read(), utterance)
                text, timing = await self._lane.recognise(request)
        self._count(timing)
        self.last_compute_s = timing.compute_s
        piece = window.piece
        if text.verdict in {Verdict.RETRY, Verdict.REPETITION}:
            utterance.note_doubtful(window.request, covered=piece.end_sample)
            return False
        segments = self.place(HeardText(text, (piece,)), end=piece.end_sample)
        words = join_words(segments, language=utterance.language or self.language.settled)
        utterance.note(text, covered=piece.end_sample, words=words)
        return True

    async def finish(self, first: Utterance, pieces: tuple[Piece, ...]) -> "HeardText":
        """Recognise in one window utterances that have ended, of one language.

        first: the first of them; pieces: the audio of each. Raises RecognitionError.
        """
        is_same = len(pieces) == 1 and first.covered >= first.speech_end and not first.is_cut
        if first.retry and is_same:  # its features hold the encoded audio
            request = replace(first.retry, attempt=ATTEMPTS - 1)
        else:
            pcm = np.concatenate([piece.pcm for piece in pieces])
            features = await self._prepare(pcm)
            request = WindowRequest(features, len(pcm) / SAMPLE_RATE_HZ, self.options_for(first))
        return HeardText(await self._decode(await self._detect(request, first)), pieces)

    def place(self, heard: "HeardText", *, end: int) -> tuple[RestoredSegment, ...]:
        """Put a window's text into the session's time; nothing lies behind the sample `end`."""
        if heard.text.verdict is not Verdict.ACCEPTED:
            return ()
        start_ms = self.to_ms(heard.pieces[0].start_sample)
        time_map = TimeMap(heard.pieces, offset_s=self._options.offset_ms / 1000)
        return restore_segments(
            heard.text.segments, time_map, start_ms=start_ms, end_ms=self.to_ms(end)
        )

    def make_span(
        self,
        start: int,
        end: int,
        segments: tuple[RestoredSegment, ...] = (),
        *,
        verdict: Verdict | None = None,
        speech_start: int = 0,
    ) -> SpanSettled:
        """verdict: of what was recognised from `speech_start` on, if anything was."""
        start_ms, end_ms = self.to_ms(start), self.to_ms(end)
        if segments or verdict is None:
            return SpanSettled(start_ms, end_ms, segments)
        gap = Gap(self.to_ms(speech_start), end_ms, reason_for(verdict))
        return SpanSettled(start_ms, end_ms, gaps=(gap,))

    def options_for(self, utterance: Utterance) -> DecodeOptions:
        return DecodeOptions(
            language=utterance.language or self.language.settled,
            prompt=self._options.prompt,
            hot_words=self._options.hot_words,
        )

    def cut_piece(self, utterance: Utterance, *, end: int | None = None) -> Piece:
        """Return what there is of an utterance now, or until the sample `end`."""
        end = self.end_of(utterance) if end is None else end
        return Piece(utterance.start, self._hearing.audio.read(utterance.start, end))

    def end_of(self, utterance: Utterance) -> int:
        return self._hearing.endpointer.heard if utterance.end is None else utterance.end

    async def read(self, piece: Piece, options: DecodeOptions) -> WindowRequest:
        features = await self._prepare(piece.pcm)
        return WindowRequest(features, len(piece.pcm) / SAMPLE_RATE_HZ, options)

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

    async def _decode(self, request: WindowRequest) -> WindowText:
        """Decode until the quality gate accepts the text, or the attempts are used up."""
        for attempt in range(request.attempt, ATTEMPTS):
            text, timing = await self._lane.recognise(replace(request, attempt=attempt))
            self._count(timing)
            if text.verdict is not Verdict.RETRY:
                break
        return keep_repetition(text, speech_s=request.duration_s)

    def _count(self, timing: Timing) -> None:
        self.queue_s += timing.queue_s
        self.compute_s += timing.compute_s


def _say_language(request: WindowRequest, language: str) -> WindowRequest:
    return replace(request, options=replace(request.options, language=language))


@dataclass(frozen=True, slots=True)
class HeardText:
    """The text of a window, and the pieces of the session's audio that it was made of."""

    text: WindowText
    pieces: tuple[Piece, ...]


class _GrowingWindow:
    """The audio of an utterance, read when its turn comes: a `LiveWindow` of the scheduler's."""

    def __init__(self, utterance: Utterance, recognition: LiveRecognition) -> None:
        self._utterance = utterance
        self._recognition = recognition
        self._end = utterance.start
        self.request = self.peek()
        self.piece = Piece(utterance.start, np.zeros(0, np.int16))  # what was read

    def peek(self) -> WindowRequest:
        self._end = self._recognition.end_of(self._utterance)
        samples = self._end - self._utterance.start
        options = self._recognition.options_for(self._utterance)
        return WindowRequest(None, samples / SAMPLE_RATE_HZ, options)

    async def read(self) -> WindowRequest:
        self.piece = self._recognition.cut_piece(self._utterance, end=self._end)
        options = self._recognition.options_for(self._utterance)
        self.request = await self._recognition.read(self.piece, options)
        return self.request
