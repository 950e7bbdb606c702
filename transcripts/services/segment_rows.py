"""From a `text.segments.Segment` to its row."""

from transcripts.jobs.models import TranscriptionJob
from transcripts.models import Segment as SegmentRow
from transcripts.models import Speaker, Transcript
from transcripts.text.segments import Segment


def segment_row(
    segment: Segment,
    *,
    position: float,
    speaker: Speaker | None = None,
    transcript: Transcript | None = None,
    job: TranscriptionJob | None = None,
) -> SegmentRow:
    """Return a new row, not yet stored, with a key of its own: a transcript's or, until its text is
    applied, a second pass's."""
    columns = segment.as_columns() | {"position": position}
    del columns["key"]
    return SegmentRow(transcript=transcript, job=job, speaker=speaker, **columns)
