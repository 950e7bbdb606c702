"""A session's use of the word timer: beside the accelerator, in the session's own units."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from inference_service.engines.asr import Samples, TextSegment, TimedWord
from inference_service.engines.attention_bias import attention_bias_s
from inference_service.session_queue import SessionQueue
from inference_service.sessions.events import OutputSegment, WindowFinalized
from inference_service.sessions.segment_times import map_to_recording
from inference_service.sessions.windows import SAMPLE_RATE_HZ, SpeechChunk, TimeMap
from inference_service.sessions.word_times import SpokenWindow, TimedText, WordTimer
from inference_service.stages import CpuStages


class SessionTimer:
    """A session's use of the timer: a CPU stage a window, beside the accelerator's work."""

    def __init__(
        self,
        timer: WordTimer | None,
        *,
        queue: SessionQueue,
        stages: CpuStages,
        task: str = "transcribe",
    ) -> None:
        """timer: None leaves all times as they are, and so does a translation: its words aren't
        what is spoken."""
        self._timer = timer if task == "transcribe" else None
        self._queue = queue
        self._stages = stages
        self._bias_s = attention_bias_s(queue.recogniser)

    async def time_words(
        self, read_window: Callable[[], Samples], segments: Sequence[TextSegment], *, language: str
    ) -> TimedText:
        """Return a window's segments with better times.

        read_window: the samples that the segments' times count in; called in the stage.
        """
        timer = self._timer
        if timer is None or not segments:
            return TimedText(tuple(segments))

        def stage() -> TimedText:
            return timer.time_words(SpokenWindow(read_window(), language, self._bias_s), segments)

        return await self._stages.run(self._queue.priority, stage)

    async def time_output(
        self, chunk: SpeechChunk, window: WindowFinalized, *, language: str, offset_ms: int
    ) -> WindowFinalized:
        """Return what is finalized live with better times.

        chunk: the audio in which all of its segments lie. They stay within it.
        """
        if self._timer is None or not window.segments:
            return window
        offset_s = offset_ms / 1000
        start_s = offset_s + chunk.start_sample / SAMPLE_RATE_HZ
        timed = await self.time_words(
            chunk.read,
            [_to_window_time(each, start_s=start_s) for each in window.segments],
            language=language,
        )
        segments = map_to_recording(
            timed.segments,
            TimeMap((chunk,), offset_s=offset_s),
            start_ms=offset_ms + -(-1000 * chunk.start_sample // SAMPLE_RATE_HZ),
            end_ms=offset_ms + 1000 * chunk.end_sample // SAMPLE_RATE_HZ,
        )
        return replace(window, segments=segments, is_unaligned=timed.is_unaligned)


def _to_window_time(segment: OutputSegment, *, start_s: float) -> TextSegment:
    """Return it in the time of a chunk that begins at `start_s`."""
    words = tuple(
        TimedWord(
            text=word.text,
            start_s=max(0.0, word.start_ms / 1000 - start_s),
            end_s=max(0.0, word.end_ms / 1000 - start_s),
            confidence=word.confidence,
            space_before=word.space_before,
            timing=word.timing,
        )
        for word in segment.words
    )
    return TextSegment(
        start_s=words[0].start_s,
        end_s=words[-1].end_s,
        text=segment.text,
        words=words,
        avg_logprob=segment.avg_logprob,
        compression_ratio=segment.compression_ratio,
        no_speech_prob=segment.no_speech_prob,
        temperature=segment.temperature,
        language=segment.language,
        language_probability=segment.language_probability,
    )
