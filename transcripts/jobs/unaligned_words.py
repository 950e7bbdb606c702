"""Words that have other times than were asked for: their aligner wasn't there, or failed."""

from transcripts.inference.results import Finished, WindowResult
from transcripts.jobs import results
from transcripts.jobs.results import JobRun
from transcripts.options import AUTO
from transcripts.text.clock import format_clock
from transcripts.warnings import WORDS_NOT_ALIGNED

_WHY = (
    "it was not there, doesn't know the language, or failed. Each word says how its times were"
    " found."
)


def warn_of_unaligned_windows(job: JobRun, finished: Finished) -> None:
    """Store a warning where a call had such windows. Raises `LeaseLostError`."""
    if finished.unaligned_windows:
        where = f"In {finished.unaligned_windows} windows the words were not placed by {_name(job)}"
        results.store_warning(job, WORDS_NOT_ALIGNED, f"{where}: {_WHY}")


def note_unaligned(job: JobRun, window: WindowResult) -> str:
    """Store a warning of live speech, once a transcript, and return it; empty where there is none
    that is new.

    A query where it is new, else none. Raises `LeaseLostError`.
    """
    is_known = any(each["code"] == WORDS_NOT_ALIGNED for each in job.row.warnings)
    if not window.is_unaligned or is_known:
        return ""
    start_ms = window.segments[0].start_ms if window.segments else window.start_ms
    where = f"At {format_clock(start_ms)} words were not placed by {_name(job)}"
    message = f"{where}, and later ones may not be either: {_WHY}"
    results.store_warning(job, WORDS_NOT_ALIGNED, message)
    return message


def _name(job: JobRun) -> str:
    asked = job.row.options.aligner
    return "the aligner" if asked == AUTO else asked
