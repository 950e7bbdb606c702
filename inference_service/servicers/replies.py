"""A session's events as messages of the wire."""

from inference_service.sessions.events import (
    AllHeard,
    Event,
    LanguageKnown,
    RestoredSegment,
    SpanSettled,
)
from protos.stt.v1 import speech_pb2


def write_event(event: Event) -> speech_pb2.TranscribeEvent:
    if isinstance(event, SpanSettled):
        return speech_pb2.TranscribeEvent(window=_write_window(event))
    if isinstance(event, LanguageKnown):
        return speech_pb2.TranscribeEvent(
            language=speech_pb2.LanguageDetected(
                language=event.language,
                probability=event.probability,
                detected=event.is_detected,
            )
        )
    return speech_pb2.TranscribeEvent(finished=_write_finished(event))


def _write_window(span: SpanSettled) -> speech_pb2.WindowResult:
    return speech_pb2.WindowResult(
        start_ms=span.start_ms,
        resume_ms=span.resume_ms,
        segments=[_write_segment(segment) for segment in span.segments],
        turns=[
            speech_pb2.SpeakerTurn(
                start_ms=turn.start_ms, end_ms=turn.end_ms, embedding=turn.embedding
            )
            for turn in span.turns
        ],
        discarded=[
            speech_pb2.Discarded(
                start_ms=discarded.start_ms, end_ms=discarded.end_ms, reason=discarded.reason
            )
            for discarded in span.discarded
        ],
    )


def _write_segment(segment: RestoredSegment) -> speech_pb2.Segment:
    return speech_pb2.Segment(
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        text=segment.text,
        words=[
            speech_pb2.Word(
                text=word.text,
                start_ms=word.start_ms,
                end_ms=word.end_ms,
                confidence=word.confidence,
                space_before=word.space_before,
            )
            for word in segment.words
        ],
        confidence=segment.confidence,
        avg_logprob=segment.avg_logprob,
        compression_ratio=segment.compression_ratio,
        no_speech_prob=segment.no_speech_prob,
        temperature=segment.temperature,
    )


def _write_finished(heard: AllHeard) -> speech_pb2.Finished:
    return speech_pb2.Finished(
        heard_ms=heard.heard_ms,
        speech_ms=heard.speech_ms,
        queue_ms=heard.queue_ms,
        compute_ms=heard.compute_ms,
    )
