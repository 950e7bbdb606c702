"""Speech that may be in another language than its text: nothing was sure enough to switch to it.

The recogniser demands evidence before it takes a window for another language than the recording's
(`inference_service.engines.language_track`). Below that, what is written may be a translation.
"""

from collections.abc import Iterable

from transcripts.inference.results import WindowResult
from transcripts.jobs import results
from transcripts.jobs.results import JobRun
from transcripts.text.clock import format_clock
from transcripts.text.languages import LANGUAGE_NAMES
from transcripts.text.segments import Segment
from transcripts.warnings import LANGUAGE_UNCERTAIN

# One slice of four seconds with an odd guess leaves a mean of a third or more (measured).
_UNCERTAIN = 0.3
# Shorter ones are interjections and names, whose language can't be detected.
_SHORTEST_MS = 2000


def note_doubt(job: JobRun, window: WindowResult) -> str:
    """Store a warning, once a transcript, and return it; empty where there is none that is new.

    A query where something is doubtful, else none. Raises `LeaseLostError`.
    """
    uncertain = find_uncertain(window.segments)
    is_known = any(each["code"] == LANGUAGE_UNCERTAIN for each in job.row.warnings)
    if uncertain is None or is_known:
        return ""
    name = LANGUAGE_NAMES.get(uncertain.language, uncertain.language).title()
    message = (
        f"At {format_clock(uncertain.start_ms)} another language than {name} may be spoken; the"
        " text there may be a translation. If it is, transcribe the recording again with"
        " language=multi or with the languages that occur."
    )
    results.store_warning(job, LANGUAGE_UNCERTAIN, message)
    return message


def find_uncertain(segments: Iterable[Segment]) -> Segment | None:
    """Return the first segment that may be in another language than its own `language`."""
    return next((segment for segment in segments if _is_uncertain(segment)), None)


def _is_uncertain(segment: Segment) -> bool:
    is_long = segment.end_ms - segment.start_ms >= _SHORTEST_MS
    return is_long and 0 < segment.language_probability < _UNCERTAIN
