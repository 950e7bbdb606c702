"""The document model: what every format is rendered from, and nothing of how.

Times are integer milliseconds; each format converts once, at its edge.
"""

from dataclasses import dataclass, field
from typing import Any

from transcripts.models import READABLE_STATUSES, Origin, Speaker, Transcript
from transcripts.models import Segment as SegmentRow
from transcripts.services.shown_gaps import WORDLESS, ShownGap, has_gap_warning, show_gaps
from transcripts.text.segments import COLUMNS, Segment
from transcripts.text.translated import TranslatedTranscript
from transcripts.text.writing import join_texts

_ROWS_AT_ONCE = 500
_WITHOUT_WORDS = tuple(name for name in COLUMNS if name != "words")


@dataclass(frozen=True, slots=True)
class GapSegment(Segment):
    """Stands for a gap where it is (`exports.gaps`): shown, not spoken. `gap`: the gap's id."""

    gap: str = ""


@dataclass(frozen=True)
class Document:
    id: str
    status: str
    language: str
    duration_ms: int
    segments: tuple[Segment, ...]
    speakers: tuple[str, ...] = ()
    title: str = ""
    is_machine_made: bool = True  # else it was imported, and its origin isn't known
    is_corrected: bool = False  # by a person, since the machine wrote it
    task: str = "transcribe"
    model: str = ""
    engine: str = ""
    embedder: str = ""
    language_probability: float | None = None
    warnings: tuple[dict[str, Any], ...] = field(default=())
    gaps: tuple[ShownGap, ...] = ()  # speech that is not in the text, in time order
    translation: TranslatedTranscript | None = None  # what the segments are, or stand beside
    is_bilingual: bool = False

    @property
    def text(self) -> str:
        """The whole text, its segments joined as the language joins words."""
        return join_texts((segment.text for segment in self.segments), language=self.language)


def load_document(transcript: Transcript, *, has_words: bool = True) -> Document:
    """Read a transcript as it stands, finished or not. Two queries; three where it has gaps.

    Without the words, which are most of it, ten hours are read in a third of the time.
    """
    speakers = _speakers_of(transcript)
    columns = COLUMNS if has_words else _WITHOUT_WORDS
    # Not as models: of ten hours these take a third of the time.
    rows = transcript.segments.order_by("position").values_list(*columns, "speaker_id", named=True)
    return Document(
        id=str(transcript.pk),
        status=transcript.status,
        language=spoken_language(transcript),
        duration_ms=transcript.job.audio_duration_ms or transcript.recording.probed_ms,
        segments=tuple(
            _load_segment(row, speakers.get(row.speaker_id or 0), has_words=has_words)
            for row in rows.iterator(chunk_size=_ROWS_AT_ONCE)
        ),
        speakers=tuple(map(str, speakers.values())),
        title=transcript.title,
        is_machine_made=transcript.origin == Origin.MACHINE,
        is_corrected=transcript.is_corrected,
        task=transcript.job.task,
        model=transcript.job.model_used,
        engine=transcript.job.engine,
        embedder=transcript.job.diarizer_used or transcript.job.embedder,
        language_probability=transcript.job.language_probability,
        warnings=tuple(transcript.job.warnings),
        gaps=load_gaps(transcript),
    )


def load_segments(transcript: Transcript, *, after: int, count: int) -> tuple[list[Segment], int]:
    """Return the next segments behind a position, and the position of the last. Two queries."""
    speakers = _speakers_of(transcript)
    rows = transcript.segments.filter(position__gt=after).order_by("position")
    read = list(rows.values_list(*COLUMNS, "speaker_id", named=True)[:count])
    return [
        _load_segment(row, speakers.get(row.speaker_id or 0), has_words=True) for row in read
    ], read[-1].position if read else after


def _speakers_of(transcript: Transcript) -> dict[int, Speaker]:
    return {speaker.pk: speaker for speaker in transcript.speakers.all()}


def spoken_language(transcript: Transcript) -> str:
    """Return the language of the text; empty where it isn't known (yet), or no word was spoken."""
    if any(warning["code"] in WORDLESS for warning in transcript.job.warnings):
        return ""
    return transcript.language or transcript.job.language_requested


def load_gaps(transcript: Transcript) -> tuple[ShownGap, ...]:
    """Return the gaps that are shown now. No query for a finished transcript without any."""
    if transcript.status in READABLE_STATUSES and not has_gap_warning(transcript.job.warnings):
        return ()
    return show_gaps(transcript.gaps.all())


def load_segment(row: SegmentRow) -> Segment:
    """Return a segment as a document has it. No query where its speaker was read with it."""
    return _load_segment(row, row.speaker, has_words=True)


def _load_segment(row: Any, speaker: Speaker | None, *, has_words: bool) -> Segment:
    """row: as `Segment.from_row` takes it."""
    return Segment.from_row(
        row,
        speaker=None if speaker is None else speaker.position,
        speaker_name=None if speaker is None else str(speaker),
        has_words=has_words,
    )
