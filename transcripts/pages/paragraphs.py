"""A transcript as a person reads it: turns of speech with a time, and a name where it changes."""

from transcripts.exports.document import Document, DocumentSegment


def list_turns(document: Document) -> list[dict[str, object]]:
    """Return what a page shows of each segment; `speaker` None where it is the one before."""
    return [
        {
            "start_ms": segment.start_ms,
            "start_s": f"{segment.start_ms / 1000:.3f}",
            "time": format_clock(segment.start_ms),
            "speaker": speaker,
            "text": segment.text,
        }
        for segment, speaker in _with_speakers(document.segments)
    ]


def format_clock(time_ms: int) -> str:
    minutes, seconds = divmod(time_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _with_speakers(
    segments: tuple[DocumentSegment, ...],
) -> list[tuple[DocumentSegment, str | None]]:
    before = [None, *(segment.speaker for segment in segments)]
    return [
        (segment, segment.speaker if segment.speaker != known else None)
        for segment, known in zip(segments, before, strict=False)
    ]
