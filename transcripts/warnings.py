"""The warnings of a transcript: which of them take something from its result, which inform."""

from collections.abc import Iterable, Mapping
from typing import Any

from transcripts.models import Status

NO_SPEECH, NO_WORDS = "no_speech", "no_words"
LANGUAGE_UNCERTAIN = "language_uncertain"
WORDS_NOT_ALIGNED = "words_not_aligned"
# Warnings that inform without reducing the result.
NOTES = frozenset(
    {
        NO_SPEECH,
        NO_WORDS,
        LANGUAGE_UNCERTAIN,
        "enhanced",
        "language_not_detected",
        "fewer_speakers",
        "diarizer_fell_back",
        WORDS_NOT_ALIGNED,
        "other_track_recognised",
        "channels_separate",
        "channels_not_split",
    }
)


def completed_status(warnings: Iterable[Mapping[str, Any]]) -> Status:
    """Return the final status of a transcript that can be read, by its warnings."""
    has_warnings = any(warning["code"] not in NOTES for warning in warnings)
    return Status.COMPLETED_WITH_WARNINGS if has_warnings else Status.COMPLETED
