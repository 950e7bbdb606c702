"""From timed words to the text of a window, with what is discarded of it."""

from collections.abc import Sequence

from inference_service.engines.asr import TextSegment, TimedWord, Verdict, WindowText
from inference_service.engines.quality import is_stationary
from inference_service.engines.whisper_features import Decoded, WindowFeatures
from inference_service.engines.whisper_words import join_words


def make_text(
    phrases: Sequence[tuple[TimedWord, ...]],
    *,
    decoded: Decoded,
    verdict: Verdict,
    language: str,
    features: WindowFeatures,
) -> WindowText:
    """Return the answer for a window: text on stationary sound, or of a window that isn't accepted,
    stands apart, as evidence."""
    segments = [_make_segment(words, decoded, language=language) for words in phrases]
    if verdict is not Verdict.ACCEPTED:
        return WindowText(verdict, discarded=tuple(segments))
    accepted: list[TextSegment] = []
    discarded: list[TextSegment] = []
    for one in segments:
        is_stationary_sound = is_stationary(features.mel, start_s=one.start_s, end_s=one.end_s)
        (discarded if is_stationary_sound else accepted).append(one)
    verdict = Verdict.ACCEPTED if accepted else Verdict.NO_SPEECH if discarded else Verdict.EMPTY
    return WindowText(verdict, tuple(accepted), tuple(discarded))


def _make_segment(words: tuple[TimedWord, ...], decoded: Decoded, *, language: str) -> TextSegment:
    return TextSegment(
        start_s=words[0].start_s,
        end_s=words[-1].end_s,
        text=join_words(words),
        words=words,
        avg_logprob=decoded.scores.avg_logprob,
        compression_ratio=decoded.scores.compression_ratio,
        no_speech_prob=decoded.scores.no_speech_prob,
        language=language,
    )
