"""The document model: what every format is rendered from, and nothing of how.

Times are integer milliseconds; each format converts once, at its edge.
"""

from dataclasses import dataclass, field

from transcripts.models import Segment, Transcript

# Written without spaces between words, so also between segments.
SPACELESS_LANGUAGES = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km", "bo"})


@dataclass(frozen=True)
class DocumentWord:
    text: str
    start_ms: int
    end_ms: int
    confidence: float
    space_before: bool


@dataclass(frozen=True)
class DocumentSegment:
    """`speaker`: the name to show; None where speakers were not told apart."""

    start_ms: int
    end_ms: int
    text: str
    speaker: str | None
    words: tuple[DocumentWord, ...]
    confidence: float
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None
    temperature: float | None = None


@dataclass(frozen=True)
class Document:
    id: str
    status: str
    language: str
    duration_ms: int
    segments: tuple[DocumentSegment, ...]
    speakers: tuple[str, ...] = ()
    title: str = ""
    is_corrected: bool = False  # by a person, since the machine wrote it
    task: str = "transcribe"
    model: str = ""
    engine: str = ""
    is_approximate: bool = False
    embedder: str = ""
    speakers_approximate: bool = False
    language_probability: float | None = None
    warnings: tuple[dict[str, str], ...] = field(default=())

    @property
    def text(self) -> str:
        """The whole text, its segments joined as the language joins words."""
        joint = "" if self.language in SPACELESS_LANGUAGES else " "
        return joint.join(segment.text for segment in self.segments)


def load_document(transcript: Transcript) -> Document:
    """Read a transcript as it stands, finished or not. Two queries."""
    segments = transcript.segments.select_related("speaker").order_by("position")
    return Document(
        id=str(transcript.pk),
        status=transcript.status,
        language=transcript.language or transcript.language_requested,
        duration_ms=transcript.heard_ms or transcript.probed_ms,
        segments=tuple(load_segment(segment) for segment in segments),
        speakers=tuple(str(speaker) for speaker in transcript.speakers.all()),
        title=transcript.title,
        is_corrected=transcript.is_corrected,
        task=transcript.task,
        model=transcript.model_used,
        engine=transcript.engine,
        is_approximate=transcript.is_approximate,
        embedder=transcript.embedder,
        speakers_approximate=transcript.speakers_approximate,
        language_probability=transcript.language_probability,
        warnings=tuple(transcript.warnings),
    )


def load_segment(segment: Segment) -> DocumentSegment:
    return DocumentSegment(
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        text=segment.text,
        speaker=str(segment.speaker) if segment.speaker is not None else None,
        words=tuple(
            DocumentWord(
                text=word["word"],
                start_ms=word["start_ms"],
                end_ms=word["end_ms"],
                confidence=word["confidence"],
                space_before=word["space_before"],
            )
            for word in segment.words
        ),
        confidence=segment.confidence,
        avg_logprob=segment.avg_logprob,
        compression_ratio=segment.compression_ratio,
        no_speech_prob=segment.no_speech_prob,
        temperature=segment.temperature,
    )
