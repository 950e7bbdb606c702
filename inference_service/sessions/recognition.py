"""All that is spoken in one window: words where they were recognised, gaps where not.

A window is decoded, and what its text leaves open is followed up, each time with a shorter window:

    several languages    cut where they change, each part in its own
    repetition           decoded in parts, which confirm it or show a loop (`repetition`)
    uncovered speech     cut out and decoded again, at most twice inside each other (`coverage`)

All of it is decided by the window's own samples and options, so that the same window gives the
same text alone, beside others and after a kill. The follow-ups of one window are enqueued together
(they may share a batch) and before its session's later windows. They are bounded: 6 beside each
other, 2 inside each other.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inference_service.batches import TaskCost
from inference_service.engines.asr import (
    ATTEMPTS,
    DecodeOptions,
    LanguageRun,
    Samples,
    TextSegment,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.engines.quality import MAX_NO_SPEECH_PROB, MIN_AVG_LOGPROB
from inference_service.engines.vad import FRAME_SAMPLES, SpeechDetector
from inference_service.session_queue import SessionQueue
from inference_service.sessions.coverage import (
    SHORTEST_GAP_S,
    FrameInterval,
    TextGap,
    drop_repeated,
    find_uncovered,
    join_runs,
    merge_segments,
    pick_words,
    place_cut,
    shift_segment,
    shorten_stretched,
    take_pauses,
)
from inference_service.sessions.events import GapReason
from inference_service.sessions.regions import FRAME_S, SPEECH_THRESHOLD
from inference_service.sessions.repetition import (
    count_speech_s,
    cut_into_parts,
    find_pause,
    is_confirmed,
    is_speakable,
)
from inference_service.sessions.windows import SAMPLE_RATE_HZ, Pcm, Voiced, to_float
from inference_service.stages import CpuStages

_MAX_DEPTH = 2
_MAX_FOLLOW_UPS = 6
# Segments below this mean confidence of their words are noise more often than text (two of
# three were wrong in 34 recordings): evidence, not text.
_MIN_CONFIDENCE = 0.1
# What is invented on noise is short, or the words are guesses ("Thank you.", 0.5).
_SURE_CONFIDENCE, _SURE_WORDS = 0.7, 4
# A border between languages is moved to a pause within 2 s.
BORDER_REACH_FRAMES = round(2 / FRAME_S)
# Follow-ups below this are too short to detect a language.
_SHORTEST_DETECTED_S = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class SpeechWindow:
    """pcm: int16 (n_samples,), 16 kHz, at most 30 s. voiced: (ceil(n_samples / 512),)."""

    pcm: Pcm
    voiced: Voiced

    @property
    def duration_s(self) -> float:
        return len(self.pcm) / SAMPLE_RATE_HZ

    def cut(self, run: FrameInterval) -> "SpeechWindow":
        pcm = self.pcm[run.start * FRAME_SAMPLES : run.end * FRAME_SAMPLES]
        return SpeechWindow(pcm, self.voiced[run.start : run.end])


@dataclass(frozen=True, slots=True)
class Recognised:
    """The text and the gaps of a window, each in time order, in seconds from its start."""

    segments: tuple[TextSegment, ...] = ()
    gaps: tuple[TextGap, ...] = ()

    def shift(self, by_s: float) -> "Recognised":
        return Recognised(
            tuple(shift_segment(segment, by_s) for segment in self.segments),
            tuple(
                replace(
                    gap,
                    start_s=gap.start_s + by_s,
                    end_s=gap.end_s + by_s,
                    text=gap.text and shift_segment(gap.text, by_s),
                )
                for gap in self.gaps
            ),
        )


def detect_speech(samples: Samples) -> Voiced:
    """Return in which frames someone speaks, (ceil(n_samples / 512),). 3.6 ms for a second."""
    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES))
    return SpeechDetector().push(padded) >= SPEECH_THRESHOLD


class SpeechRecognition:
    """One session's way of recognising windows."""

    def __init__(
        self, *, queue: SessionQueue, stages: CpuStages, count: Callable[[TaskCost], None]
    ) -> None:
        """count: is called with what each decoding cost."""
        self._queue = queue
        self._stages = stages
        self._count = count

    async def recognise(
        self, window: SpeechWindow, options: DecodeOptions, *, features: object = None
    ) -> Recognised:
        """Recognise all of a window, for which a permit is held. Raises RecognitionError.

        features: what the engine's `prepare` gave for it, if it ran.
        """
        return await self._recognise(window, options, depth=0, features=features)

    async def _recognise(
        self, window: SpeechWindow, options: DecodeOptions, *, depth: int, features: object = None
    ) -> Recognised:
        text = await self._decode(window, options, features, is_follow_up=depth > 0)
        if text.verdict is Verdict.MIXED:
            return await self._recognise_languages(window, text.languages, options, depth=depth)
        if text.verdict is Verdict.REPETITION:
            found_text = await self._examine_repetition(window, text, options, depth=depth)
        else:
            found_text = _accept(text, window, is_strict=depth > 0)
        is_done = depth >= _MAX_DEPTH or (depth > 0 and not found_text.segments)
        if not is_done:
            found_text = await self._cover(window, found_text, options, depth=depth)
        reason = GapReason.NOT_RECOGNISED if found_text.segments else GapReason.NOT_SPEECH
        return _close(found_text, window.voiced, reason)

    async def _cover(
        self, window: SpeechWindow, found_text: Recognised, options: DecodeOptions, *, depth: int
    ) -> Recognised:
        """Recognise again what no word covers, and sort it in."""
        runs = find_uncovered(window.voiced, found_text.segments, found_text.gaps)
        if depth == 0:  # what a joined one leaves out comes apart
            runs = join_runs(runs, found_text.segments)
        runs = sorted(runs, key=lambda run: run.start - run.end)[:_MAX_FOLLOW_UPS]
        cuts = [place_cut(run, window.voiced) for run in runs]
        found = await self._follow_up(window, [(cut, options) for cut in cuts], depth=depth + 1)
        segments, gaps = list(found_text.segments), list(found_text.gaps)
        for run, cut, one in zip(runs, cuts, found, strict=True):
            run = take_pauses(run, cut, window.voiced)
            picked = drop_repeated(pick_words(one.segments, run), segments, run)
            segments = merge_segments(segments, picked)
            gaps += [gap for gap in one.gaps if gap.start_s < run.end_s and gap.end_s > run.start_s]
        return Recognised(tuple(segments), tuple(sorted(gaps, key=lambda gap: gap.start_s)))

    async def _recognise_languages(
        self,
        window: SpeechWindow,
        languages: Sequence[LanguageRun],
        options: DecodeOptions,
        *,
        depth: int,
    ) -> Recognised:
        """Cut the window where the language changes."""
        edges = [0]
        for language in languages[1:]:
            around = min(round(language.start_s / FRAME_S), len(window.voiced) - 1)
            edges.append(find_pause(window.voiced, around, reach=BORDER_REACH_FRAMES))
        edges.append(len(window.voiced))
        parts = [
            (
                FrameInterval(start, end),
                replace(options, language=one.language, switch_penalty=None),
            )
            for start, end, one in zip(edges, edges[1:], languages, strict=False)
            if start < end
        ]
        return _join(await self._follow_up(window, parts, depth=depth))

    async def _examine_repetition(
        self, window: SpeechWindow, text: WindowText, options: DecodeOptions, *, depth: int
    ) -> Recognised:
        """Accept repeated text that the sound confirms; else what is recognised of its parts."""
        whole = text.discarded
        if not whole:
            return Recognised()
        speech_s = count_speech_s(window.voiced)
        is_possible = is_speakable(whole, speech_s=speech_s)
        runs = cut_into_parts(window.voiced) if depth < _MAX_DEPTH else []
        if not runs:
            if is_possible:
                return Recognised(whole)
            return Recognised((), (_make_evidence(whole, lasts_s=speech_s),))
        own = replace(options, language=whole[0].language, switch_penalty=None)
        # A loop that no one could speak is noise or many voices: its parts are tried once each.
        depth = depth + 1 if is_possible else _MAX_DEPTH
        parts = _join(await self._follow_up(window, [(run, own) for run in runs], depth=depth))
        missing_s = sum(gap.end_s - gap.start_s for gap in parts.gaps)
        share = 1 - min(1.0, missing_s / max(speech_s, FRAME_S))
        if is_possible and is_confirmed(whole, parts.segments, share=share):
            return Recognised(whole)
        gaps = [_with_evidence(gap, whole) if gap.text is None else gap for gap in parts.gaps]
        return Recognised(parts.segments, tuple(gaps))

    async def _follow_up(
        self,
        window: SpeechWindow,
        parts: Sequence[tuple[FrameInterval, DecodeOptions]],
        *,
        depth: int,
    ) -> list[Recognised]:
        """Recognise parts of a window; the answers are in the window's time."""
        found = await asyncio.gather(
            *(self._recognise(window.cut(run), own, depth=depth) for run, own in parts)
        )
        return [one.shift(run.start_s) for one, (run, _) in zip(found, parts, strict=True)]

    async def _decode(
        self,
        window: SpeechWindow,
        options: DecodeOptions,
        features: object,
        *,
        is_follow_up: bool,
    ) -> WindowText:
        """Decode until the quality gate accepts the text, or the attempts are used up."""
        if features is None:
            prepare = self._queue.recogniser.prepare
            features = await self._stages.run(
                self._queue.priority, lambda: prepare(to_float(window.pcm))
            )
        if is_follow_up and window.duration_s < _SHORTEST_DETECTED_S:
            options = replace(options, switch_penalty=None)
        for attempt in range(ATTEMPTS):
            request = WindowRequest(features, window.duration_s, options, attempt)
            text, cost = await self._queue.recognise(request, is_follow_up=is_follow_up)
            self._count(cost)
            if text.verdict is not Verdict.RETRY:
                break
        return text


def _accept(text: WindowText, window: SpeechWindow, *, is_strict: bool) -> Recognised:
    """Divide a window's text into what is accepted and what is only evidence.

    is_strict: the window was cut out of another, whose text had nothing here.
    """
    segments: list[TextSegment] = []
    gaps = [_make_gap(segment, GapReason.NOT_SPEECH) for segment in text.discarded]
    for segment in map(shorten_stretched, text.segments):
        reason = _doubt(segment, is_strict=is_strict)
        if reason is None:
            segments.append(segment)
        else:
            gaps.append(_make_gap(segment, reason))
    return Recognised(tuple(segments), tuple(sorted(gaps, key=lambda gap: gap.start_s)))


def _doubt(segment: TextSegment, *, is_strict: bool) -> GapReason | None:
    if not any(character.isalnum() for character in segment.text):
        return GapReason.NOT_SPEECH  # dots and notes: what a Whisper writes of music
    confidence = sum(word.confidence for word in segment.words) / len(segment.words)
    if is_strict and segment.no_speech_prob >= MAX_NO_SPEECH_PROB:
        # A sentence that the model is sure of is speech, whatever it thought of its beginning.
        is_sure = confidence >= _SURE_CONFIDENCE and len(segment.words) >= _SURE_WORDS
        if not is_sure:
            return GapReason.NOT_SPEECH
    if confidence < _MIN_CONFIDENCE or (is_strict and segment.avg_logprob <= MIN_AVG_LOGPROB):
        return GapReason.LOW_CONFIDENCE
    return None


def _close(found_text: Recognised, voiced: Voiced, reason: GapReason) -> Recognised:
    """Report the rest: speech = words + gaps."""
    rest = [
        TextGap(run.start_s, run.end_s, reason)
        for run in find_uncovered(voiced, found_text.segments, found_text.gaps)
    ]
    gaps = sorted([*found_text.gaps, *rest], key=lambda gap: gap.start_s)
    return Recognised(found_text.segments, tuple(gaps))


def _join(parts: Iterable[Recognised]) -> Recognised:
    parts = list(parts)
    return Recognised(
        tuple(segment for part in parts for segment in part.segments),
        tuple(gap for part in parts for gap in part.gaps),
    )


def _make_gap(segment: TextSegment, reason: GapReason) -> TextGap:
    return TextGap(segment.start_s, segment.end_s, reason, segment)


def _with_evidence(gap: TextGap, segments: Sequence[TextSegment]) -> TextGap:
    """Return the gap with the loop that a window was decoded to."""
    evidence = _make_evidence(segments, lasts_s=gap.end_s - gap.start_s)
    return replace(evidence, start_s=gap.start_s, end_s=gap.end_s)


def _make_evidence(segments: Sequence[TextSegment], *, lasts_s: float) -> TextGap:
    """Return a decoder's loop as a gap, with all its text.

    lasts_s: the speech that it stands for. A loop on less than a run of speech is the decoder's
    answer to a tune or a noise (a melody of 30 s: "I'm sorry," 28 times on 0.5 s), not speech that
    is missing.
    """
    words = tuple(word for segment in segments for word in segment.words)
    text = " ".join(segment.text for segment in segments)
    whole = replace(segments[0], end_s=segments[-1].end_s, text=text, words=words)
    reason = GapReason.REPETITION if lasts_s >= SHORTEST_GAP_S else GapReason.NOT_SPEECH
    return _make_gap(whole, reason)
