"""The document model: what every format is rendered from, and nothing of how.

Times are integer milliseconds; each format converts once, at its edge.
"""

from dataclasses import dataclass, field
from typing import Any

from transcripts.models import READABLE_STATUSES, Origin, Segment, Transcript
from transcripts.services.shown_gaps import WORDLESS, ShownGap, has_gap_warning, show_gaps
from transcripts.text.writing import SPACELESS_LANGUAGES

_ROWS_AT_ONCE = 500
_FIELDS = (
    "start_ms",
    "end_ms",
    "text",
    "speaker_id",
    "confidence",
    "avg_logprob",
    "compression_ratio",
    "no_speech_prob",
    "temperature",
    "language",
)


@dataclass(frozen=True, slots=True)
class DocumentWord:
    text: str
    start_ms: int
    end_ms: int
    confidence: float | None  # None: an import, which told none
    space_before: bool
    timing: str = ""  # of a word that an edit or an import placed: see `models.Segment`


@dataclass(frozen=True)
class DocumentSegment:
    """`speaker`: the name to show; None where speakers were not told apart, or are not shown: then
    `hidden_speaker` still says where another begins."""

    start_ms: int
    end_ms: int
    text: str
    speaker: str | None
    words: tuple[DocumentWord, ...]
    confidence: float | None
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None
    temperature: float | None = None
    hidden_speaker: str = ""
    language: str = ""  # empty: the document's
    gap: str = ""  # the id of the gap that this stands for (`exports.gaps`); empty: it was spoken


@dataclass(frozen=True)
class Document:
    id: str
    status: str
    language: str
    duration_ms: int
    segments: tuple[DocumentSegment, ...]
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

    @property
    def text(self) -> str:
        """The whole text, its segments joined as the language joins words."""
        joint = "" if self.language in SPACELESS_LANGUAGES else " "
        return joint.join(segment.text for segment in self.segments)


def load_document(transcript: Transcript, *, has_words: bool = True) -> Document:
    """Read a transcript as it stands, finished or not. Two queries; three where it has gaps.

    Without the words, which are most of it, ten hours are read in a third of the time.
    """
    names = _speaker_names(transcript)
    fields = [*_FIELDS, "words"] if has_words else _FIELDS
    # Not as models: of ten hours these take a third of the time.
    rows = transcript.segments.order_by("position").values_list(*fields, named=True)
    return Document(
        id=str(transcript.pk),
        status=transcript.status,
        language=spoken_language(transcript),
        duration_ms=transcript.job.audio_duration_ms or transcript.recording.probed_ms,
        segments=tuple(
            _load_segment(row, speaker=names.get(row.speaker_id or 0), has_words=has_words)
            for row in rows.iterator(chunk_size=_ROWS_AT_ONCE)
        ),
        speakers=tuple(names.values()),
        title=transcript.title,
        is_machine_made=transcript.origin == Origin.MACHINE,
        is_corrected=transcript.is_corrected,
        task=transcript.job.task,
        model=transcript.job.model_used,
        engine=transcript.job.engine,
        embedder=transcript.job.embedder,
        language_probability=transcript.job.language_probability,
        warnings=tuple(transcript.job.warnings),
        gaps=load_gaps(transcript),
    )


def load_segments(
    transcript: Transcript, *, after: int, count: int
) -> tuple[list[DocumentSegment], int]:
    """Return the next segments behind a position, and the position of the last. Two queries."""
    names = _speaker_names(transcript)
    rows = transcript.segments.filter(position__gt=after).order_by("position")
    read = list(rows.values_list(*_FIELDS, "words", "position", named=True)[:count])
    return [
        _load_segment(row, speaker=names.get(row.speaker_id or 0), has_words=True) for row in read
    ], read[-1].position if read else after


def _speaker_names(transcript: Transcript) -> dict[int, str]:
    return {speaker.pk: str(speaker) for speaker in transcript.speakers.all()}


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


def load_segment(segment: Segment) -> DocumentSegment:
    name = str(segment.speaker) if segment.speaker is not None else None
    return _load_segment(segment, speaker=name, has_words=True)


def _load_segment(
    segment: Any,  # Segment, or a row with its names
    *,
    speaker: str | None,
    has_words: bool,
) -> DocumentSegment:
    return DocumentSegment(
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        text=segment.text,
        speaker=speaker,
        words=tuple(load_word(word) for word in segment.words) if has_words else (),
        confidence=segment.confidence,
        avg_logprob=segment.avg_logprob,
        compression_ratio=segment.compression_ratio,
        no_speech_prob=segment.no_speech_prob,
        temperature=segment.temperature,
        language=segment.language,
    )


def load_word(word: dict[str, Any]) -> DocumentWord:
    return DocumentWord(
        text=word["word"],
        start_ms=word["start_ms"],
        end_ms=word["end_ms"],
        confidence=word["confidence"],
        space_before=word["space_before"],
        timing=word.get("timing", ""),
    )
