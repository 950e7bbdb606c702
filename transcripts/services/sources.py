"""Which sound of a finished recording is which: its pauses, and the source of a speaker's words."""

from transcripts.media import Pick
from transcripts.media.passes import passes_from
from transcripts.models import Transcript


def list_pauses(transcript: Transcript) -> list[list[float]]:
    """Return where, in seconds, the recording holds nothing for how long."""
    return [[start / 1000, length / 1000] for start, length in transcript.job.pauses]


def pick_of_source(transcript: Transcript, source: int) -> Pick:
    """Return the sound of the recording that a source (by index) is."""
    stored = transcript.job
    passes = passes_from(stored.sources or [{}], index=stored.source, resume_ms=0)
    return (passes.sources[source:][:1] or passes.sources[:1])[0].pick


def pick_of(transcript: Transcript, *, speaker: int | None) -> Pick:
    """Return in which sound of the recording the words of a speaker (by number) are."""
    stored = transcript.job
    passes = passes_from(stored.sources or [{}], index=stored.source, resume_ms=0)
    if not passes.are_several:
        return passes.current.pick
    by_speaker = passes.sources[(speaker or 1) - 1 :][:1] or passes.sources[:1]
    return by_speaker[0].pick
