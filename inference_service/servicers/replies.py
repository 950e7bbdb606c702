"""A session's events as messages of the wire."""

from inference_service.engines.asr import Timing
from inference_service.sessions.events import (
    Event,
    Gap,
    HypothesisUpdated,
    LanguageDetected,
    LiveEvent,
    OutputSegment,
    OutputWord,
    PaceChanged,
    StreamFinished,
    WindowFinalized,
)
from protos.stt.v1 import speech_pb2

TIMINGS = {
    Timing.ATTENTION: speech_pb2.TIMING_ATTENTION,
    Timing.ALIGNED: speech_pb2.TIMING_ALIGNED,
    Timing.INTERPOLATED: speech_pb2.TIMING_INTERPOLATED,
}


def write_event(event: Event) -> speech_pb2.TranscribeEvent:
    if isinstance(event, WindowFinalized):
        return speech_pb2.TranscribeEvent(window=write_window(event))
    if isinstance(event, LanguageDetected):
        return speech_pb2.TranscribeEvent(language=_write_language(event))
    return speech_pb2.TranscribeEvent(finished=_write_finished(event))


def write_live_event(event: LiveEvent) -> speech_pb2.StreamEvent:
    if isinstance(event, HypothesisUpdated):
        return speech_pb2.StreamEvent(hypothesis=_write_hypothesis(event))
    if isinstance(event, WindowFinalized):
        return speech_pb2.StreamEvent(utterance=_write_utterance(event))
    if isinstance(event, LanguageDetected):
        return speech_pb2.StreamEvent(language=_write_language(event))
    if isinstance(event, PaceChanged):
        return speech_pb2.StreamEvent(pace=_write_pace(event))
    return speech_pb2.StreamEvent(finished=_write_finished(event))


def _write_language(known: LanguageDetected) -> speech_pb2.LanguageDetected:
    return speech_pb2.LanguageDetected(
        language=known.language, probability=known.probability, detected=known.is_detected
    )


def _write_hypothesis(finished: HypothesisUpdated) -> speech_pb2.Hypothesis:
    return speech_pb2.Hypothesis(
        start_ms=finished.start_ms,
        covered_ms=finished.covered_ms,
        committed=map(_write_word, finished.committed),
        pending=map(_write_word, finished.pending),
    )


def _write_utterance(window: WindowFinalized) -> speech_pb2.Utterance:
    return speech_pb2.Utterance(
        start_ms=window.start_ms,
        resume_ms=window.resume_ms,
        segments=map(_write_segment, window.segments),
        gaps=map(_write_gap, window.gaps),
        speech_ms=window.speech_ms,
        is_cut=window.is_cut,
        unaligned=window.is_unaligned,
    )


def _write_pace(pace: PaceChanged) -> speech_pb2.Pace:
    mode = speech_pb2.Pace.MODE_LIVE
    if pace.is_catching_up:
        mode = speech_pb2.Pace.MODE_CATCHING_UP
    return speech_pb2.Pace(
        mode=mode, update_interval_ms=pace.interval_ms, backlog_ms=pace.backlog_ms
    )


def write_window(window: WindowFinalized) -> speech_pb2.WindowResult:
    return speech_pb2.WindowResult(
        start_ms=window.start_ms,
        resume_ms=window.resume_ms,
        segments=[_write_segment(segment) for segment in window.segments],
        turns=[
            speech_pb2.SpeakerTurn(
                start_ms=turn.start_ms,
                end_ms=turn.end_ms,
                embedding=turn.embedding,
                overlap=turn.overlap,
            )
            for turn in window.turns
        ],
        gaps=map(_write_gap, window.gaps),
        speech_ms=window.speech_ms,
    )


def _write_segment(segment: OutputSegment) -> speech_pb2.Segment:
    return speech_pb2.Segment(
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        text=segment.text,
        words=map(_write_word, segment.words),
        confidence=segment.confidence,
        avg_logprob=segment.avg_logprob,
        compression_ratio=segment.compression_ratio,
        no_speech_prob=segment.no_speech_prob,
        temperature=segment.temperature,
        language=segment.language,
        language_probability=segment.language_probability,
    )


def _write_word(word: OutputWord) -> speech_pb2.Word:
    return speech_pb2.Word(
        text=word.text,
        start_ms=word.start_ms,
        end_ms=word.end_ms,
        confidence=word.confidence,
        space_before=word.space_before,
        timing=TIMINGS[word.timing],
    )


def _write_gap(gap: Gap) -> speech_pb2.Gap:
    return speech_pb2.Gap(
        start_ms=gap.start_ms,
        end_ms=gap.end_ms,
        reason=gap.reason.value,
        text=None if gap.text is None else _write_segment(gap.text),
    )


def _write_finished(finished: StreamFinished) -> speech_pb2.Finished:
    return speech_pb2.Finished(
        audio_duration_ms=finished.audio_duration_ms,
        speech_ms=finished.speech_ms,
        queue_ms=finished.queue_ms,
        compute_ms=finished.compute_ms,
        enhancer=finished.enhancer,
        enhanced_windows=finished.enhanced_windows,
        unaligned_windows=finished.unaligned_windows,
    )
