"""A document in another language, or in both: from the transcript's stored translation.

The newest one of a language counts, which a person may have edited: a line a segment.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from stt_web.core.errors import ApiError
from transcripts.exports.divisions import time_words
from transcripts.exports.document import Document, spoken_language
from transcripts.exports.options import ExportOptions
from transcripts.intelligence.models import ResultKind, StoredResult
from transcripts.models import Transcript
from transcripts.text.segments import Segment
from transcripts.text.translated import TranslatedPart, TranslatedSegment, TranslatedTranscript
from transcripts.text.words import INTERPOLATED
from transcripts.text.writing import join_texts


class NotTranslatedError(ApiError):
    """There is no translation into that language yet; `translate` and `target` say how to make one,
    `available` which there are."""

    status = 409
    code = "not_translated"

    def __init__(self, transcript: Transcript, language: str) -> None:
        path = f"/api/v1/transcripts/{transcript.pk}/translate/"
        available = list_translations(transcript)
        super().__init__(
            f"This transcript has no translation into {language!r}. Make one first: POST {path}"
            f' with {{"target": "{language}"}}.',
            extra={"translate": path, "target": language, "available": available},
        )


def list_translations(transcript: Transcript) -> list[str]:
    """Return the languages that there is a translation into. One query."""
    rows = StoredResult.objects.filter(transcript=transcript, kind=ResultKind.TRANSLATION)
    return sorted(set(rows.values_list("name", flat=True)))


def find_translation(transcript: Transcript, language: str) -> QuerySet[StoredResult]:
    """Return the translation that counts, first; empty where there is none."""
    return StoredResult.objects.filter(
        transcript=transcript, kind=ResultKind.TRANSLATION, name__iexact=language
    ).order_by("-updated_at")


def load_translation(transcript: Transcript, language: str) -> TranslatedTranscript:
    """Return the stored translation. Raises NotTranslatedError. One query."""
    row = find_translation(transcript, language).first()
    if row is None:
        raise NotTranslatedError(transcript, language)
    segments = tuple(map(TranslatedSegment.from_json, row.body["segments"]))
    return TranslatedTranscript(
        language=row.name,
        source_language=row.body["source_language"],
        model=row.model,
        segments=tuple(_with_lines(segments, row.text)) if row.is_edited else segments,
        is_stale=row.revision < transcript.text_revision,
        is_edited=row.is_edited,
    )


@dataclass(frozen=True)
class TranslationState:
    """What a file that is made with a translation depends on, beside the transcript itself.

    `untranslated`: segments of which something came back as it was.
    """

    id: str
    language: str
    updated_at: str
    is_stale: bool
    untranslated: int


def describe_translation(transcript: Transcript, options: ExportOptions) -> TranslationState | None:
    """Return what the translation is that the options ask for; None where they ask for none.

    Raises NotTranslatedError. One query.
    """
    language = options.translation_language(spoken_language(transcript))
    if not language:
        return None
    columns = ("pk", "name", "updated_at", "revision", "body__untranslated")
    row: Any = find_translation(transcript, language).values_list(*columns, named=True).first()
    if row is None:
        raise NotTranslatedError(transcript, language)
    return TranslationState(
        str(row.pk),
        row.name,
        row.updated_at.isoformat(),
        row.revision != transcript.revision,
        row.body__untranslated or 0,
    )


def translate_document(document: Document, translation: TranslatedTranscript) -> Document:
    """Return the document in the other language alone. Its words have their share of the time."""
    current = {segment.key: segment for segment in document.segments}
    segments = tuple(_translated(each, current) for each in translation.segments if each.text)
    return replace(
        document,
        language=translation.language,
        segments=segments,
        translation=translation,
        is_machine_made=True,
        is_corrected=translation.is_edited,
        language_probability=None,
    )


def add_translation(document: Document, translation: TranslatedTranscript) -> Document:
    """Return the document with its translation beside it."""
    return replace(
        document,
        translation=translation,
        is_bilingual=True,
        is_machine_made=True,
        is_corrected=translation.is_edited,
    )


def parts_beside(document: Document) -> list[list[TranslatedPart]]:
    """Return for each segment of a bilingual document the parts that belong to it.

    A part goes with the segment that it was made of; where that is not there any more, or was cut
    by a gap, with the one that is spoken at the same time.
    """
    beside: list[list[TranslatedPart]] = [[] for _ in document.segments]
    if document.translation is None or not document.is_bilingual or not document.segments:
        return beside
    orders: dict[str, list[int]] = defaultdict(list)
    for order, segment in enumerate(document.segments):
        orders[segment.key].append(order)
    starts = [segment.start_ms for segment in document.segments]
    for translated in document.translation.segments:
        own = orders.get(translated.key, []) if translated.key else []
        for part in translated.parts:
            if part.text:
                beside[_order_at(part, own, starts, document.segments)].append(part)
    return beside


def texts_beside(document: Document) -> list[str]:
    """Return for each segment of a bilingual document its translation; else empty texts."""
    language = document.translation.language if document.translation else ""
    return [
        join_texts((part.text for part in parts), language=language)
        for parts in parts_beside(document)
    ]


def untranslated_keys(document: Document) -> frozenset[str]:
    """Return the ids of segments of which something came back as it was."""
    segments = document.translation.segments if document.translation else ()
    return frozenset(each.key for each in segments if each.is_untranslated and each.key)


def _order_at(
    part: TranslatedPart, own: Sequence[int], starts: Sequence[int], segments: Sequence[Segment]
) -> int:
    middle_ms = (part.start_ms + part.end_ms) // 2
    if own:
        return next((order for order in own if middle_ms < segments[order].end_ms), own[-1])
    return max(0, bisect_right(starts, middle_ms) - 1)


def _translated(translated: TranslatedSegment, current: dict[str, Segment]) -> Segment:
    known = current.get(translated.key) if translated.key else None
    return Segment(
        translated.start_ms,
        max(translated.end_ms, translated.start_ms + 1),
        translated.text,
        tuple(
            replace(word, timing=INTERPOLATED)
            for part in translated.parts
            for word in time_words(part.text, start_ms=part.start_ms, end_ms=part.end_ms)
        ),
        key=translated.key,
        position=float(translated.order),
        speaker=known.speaker if known else None,
        speaker_name=known.speaker_name if known else translated.speaker,
    )


def _with_lines(segments: Sequence[TranslatedSegment], text: str) -> Iterator[TranslatedSegment]:
    """Yield the segments as a person wrote them: a line each."""
    lines = text.split("\n")
    for segment, line in zip(segments, lines, strict=True):
        if line == segment.text:
            yield segment
            continue
        part = TranslatedPart(segment.start_ms, segment.end_ms, line)
        yield replace(segment, text=line, is_untranslated=False, parts=(part,) if line else ())
