"""The one shape of a segment in the web tier; `models.Segment` is its row.

A field is added here, as a column of the row and, where the recogniser fills it, in
`protos/stt/v1/speech.proto`.
"""

from dataclasses import dataclass, fields
from typing import Any, Self, TypedDict, cast

from protos.stt.v1 import speech_pb2
from transcripts.text.words import Word, WordJson


class SegmentJson(TypedDict, total=False):
    """A segment as revisions store it; an earlier revision may lack a field that came later."""

    key: str
    position: float
    start_ms: int
    end_ms: int
    text: str
    words: list[WordJson]
    speaker: int | None
    confidence: float | None
    avg_logprob: float | None
    compression_ratio: float | None
    no_speech_prob: float | None
    temperature: float | None
    language: str


@dataclass(frozen=True, slots=True)
class Segment:
    """`start_ms` < `end_ms`, integer milliseconds from the start of the recording. The words, if
    there are any, lie within and spell `text` (`words.join_words`).

    `confidence`: 0..1; None where nothing measured one: imports. `speaker`: the number of who
    speaks (`models.Speaker.position`), None where speakers are not known. `speaker_name`: what to
    show for them, None where nothing is to be shown. `language`: empty where it is the
    transcript's. `language_probability`: > 0 to 1, as the recogniser detected it, else 0. That and
    the name are not stored. `key` and `position` are those of the row, once there
    is one.
    """

    start_ms: int
    end_ms: int
    text: str
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None
    temperature: float | None = None
    language: str = ""
    language_probability: float = 0.0
    key: str = ""
    position: float = 0.0
    speaker: int | None = None
    speaker_name: str | None = None

    @classmethod
    def from_json(cls, stored: SegmentJson) -> Self:
        """Return a segment of a revision. Raises TypeError where its times or text are missing."""
        values: dict[str, Any] = {**stored}
        values["words"] = tuple(map(Word.from_json, stored.get("words", ())))
        return cls(**values)

    @classmethod
    def from_proto(cls, message: speech_pb2.Segment) -> Self:
        return cls(
            start_ms=message.start_ms,
            end_ms=message.end_ms,
            text=message.text,
            words=tuple(map(Word.from_proto, message.words)),
            confidence=message.confidence,
            avg_logprob=message.avg_logprob,
            compression_ratio=message.compression_ratio,
            no_speech_prob=message.no_speech_prob,
            temperature=message.temperature,
            language=message.language,
            language_probability=message.language_probability,
        )

    @classmethod
    def from_row(
        cls,
        row: Any,  # models.Segment, or a named tuple of its `COLUMNS`
        *,
        speaker: int | None = None,
        speaker_name: str | None = None,
        has_words: bool = True,
    ) -> Self:
        """Return what a row holds; without the words, which are most of it, if not `has_words`."""
        values = {name: getattr(row, name) for name in COLUMNS if name != "words"}
        if has_words:
            values["words"] = tuple(map(Word.from_json, row.words))
        return cls(**values, speaker=speaker, speaker_name=speaker_name)

    def as_json(self) -> SegmentJson:
        return cast("SegmentJson", {**self.as_columns(), "speaker": self.speaker})

    def as_columns(self) -> dict[str, Any]:
        """Return the values of the row's `COLUMNS`, the words as JSON."""
        columns = {name: getattr(self, name) for name in COLUMNS}
        columns["words"] = [word.as_json() for word in self.words]
        return columns


# What a row holds of a segment itself; whose it is and who speaks are references.
_NO_COLUMNS = frozenset({"language_probability", "speaker", "speaker_name"})
COLUMNS = tuple(each.name for each in fields(Segment) if each.name not in _NO_COLUMNS)
