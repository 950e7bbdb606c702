"""From labelled turns to the job's segments: each word gets the speaker of its turn."""

import itertools
from collections.abc import Sequence

from transcripts.jobs import results
from transcripts.jobs.results import JobRun, LabelledTranscript
from transcripts.text.segments import Segment
from transcripts.text.speaker_assignment import Turn, assign_speakers


def label(job: JobRun, turns: Sequence[Turn], speakers: Sequence[int]) -> None:
    """Set `job.labelled`, and note where fewer speakers were found than were asked for.

    turns: in time order; speakers: of each its speaker, 1-based.
    """
    chunks = assign_speakers([Segment.from_row(row) for row in job.segments], turns, speakers)
    job.labelled = LabelledTranscript(tuple(itertools.chain.from_iterable(chunks)))
    found = len({segment.speaker for segment in job.labelled.segments})
    wanted = job.row.speakers_requested
    if found < wanted:
        results.store_warning(job, *describe_fewer(wanted, found=found))


def describe_fewer(wanted: int, *, found: int) -> tuple[str, str]:
    """The code and the sentence of the warning."""
    message = f"{wanted} speakers were asked for, but only {found} could be found."
    return "fewer_speakers", message
