"""A transcript in another language, with its times.

A sentence goes on over segments, as recognition divides speech by pauses: it is translated whole,
and its translation is divided among the segments again, in proportion and between words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from transcripts.exports.divisions import divide_text
from transcripts.exports.document import Document
from transcripts.intelligence.engines import TextEngines
from transcripts.text.segments import Segment
from transcripts.text.sentences import group_segments, split_sentences
from transcripts.text.translated import TranslatedPart, TranslatedSegment
from transcripts.text.words import Word
from transcripts.text.writing import is_spaced_between

_NO_WORDS = "no_words"  # the reason for which what has none comes back, and rightly so


@dataclass(frozen=True, slots=True)
class _Place:
    """Characters `start` to `end` of a segment's text."""

    order: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _SpokenSentence:
    text: str
    language: str
    places: tuple[_Place, ...]


@dataclass(frozen=True, slots=True)
class _Rendering:
    text: str
    is_untranslated: bool = False


def translate_transcript(
    document: Document, engines: TextEngines, *, language: str, target: str, model: str = ""
) -> dict[str, Any]:
    """Return the body of the result: every segment in the target language. No query.

    document: with words, for the times of sentences. language: of segments that name none.
    """
    sentences = list(_join_sentences(document.segments, language))
    renderings, ran = _translate(sentences, engines, target=target, model=model)
    parts: list[list[TranslatedPart]] = [[] for _ in document.segments]
    flagged = [False] * len(document.segments)
    for sentence, rendering in zip(sentences, renderings, strict=True):
        shares = [place.end - place.start for place in sentence.places]
        divided = divide_text(rendering.text, shares)
        for place, text in zip(sentence.places, divided, strict=True):
            flagged[place.order] |= rendering.is_untranslated
            if text:
                times = _time_of(document.segments[place.order], place)
                parts[place.order].append(TranslatedPart(*times, text))
    segments = [
        TranslatedSegment(
            order,
            segment.key,
            segment.start_ms,
            segment.end_ms,
            segment.speaker_name,
            _join(parts[order]),
            flagged[order],
            tuple(parts[order]),
        )
        for order, segment in enumerate(document.segments)
    ]
    return {
        "translated_text": "\n".join(segment.text for segment in segments),
        "source_language": language,
        "target_language": target,
        "segments": [segment.as_json() for segment in segments],
        "untranslated": sum(flagged),
        "model": ran,
    }


def _translate(
    sentences: Sequence[_SpokenSentence], engines: TextEngines, *, target: str, model: str
) -> tuple[list[_Rendering], str]:
    """Return the sentences as they are in the target language, and the model that ran."""
    renderings = [_Rendering(sentence.text) for sentence in sentences]
    ran = ""
    for language in dict.fromkeys(sentence.language for sentence in sentences):
        if language == target:
            continue
        places = [at for at, each in enumerate(sentences) if each.language == language]
        texts = [sentences[at].text for at in places]
        answer = engines.translate(texts, source=language, target=target, model=model)
        ran = answer.model or ran
        for at, each in zip(places, answer.sentences, strict=True):
            is_fine = each.is_translated or each.reason == _NO_WORDS
            renderings[at] = _Rendering(each.text, not is_fine)
    return renderings, ran


def _join_sentences(segments: Sequence[Segment], language: str) -> Iterator[_SpokenSentence]:
    for orders in group_segments(segments, language=language):
        text, starts = "", []
        for order in orders:
            added = segments[order].text
            space = " " if is_spaced_between(text, added) else ""
            starts.append(len(text) + len(space))
            text += space + added
        own = segments[orders[0]].language or language
        for start, end in split_sentences(text, own):
            places = tuple(
                _Place(order, max(start - begin, 0), min(end - begin, len(segments[order].text)))
                for order, begin in zip(orders, starts, strict=True)
                if begin < end and start < begin + len(segments[order].text)
            )
            yield _SpokenSentence(text[start:end], own, places)


def _time_of(segment: Segment, place: _Place) -> tuple[int, int]:
    """Return when a part of the segment is spoken: by its words, else by its share of the text."""
    position = 0
    inside: list[Word] = []
    for word in segment.words:
        at = segment.text.find(word.text, position)
        if at < 0:
            inside = []
            break
        position = at + len(word.text)
        if at < place.end and position > place.start:
            inside.append(word)
    if inside:
        return inside[0].start_ms, max(word.end_ms for word in inside)
    length_ms, characters = segment.end_ms - segment.start_ms, max(1, len(segment.text))
    return (
        segment.start_ms + length_ms * place.start // characters,
        segment.start_ms + length_ms * place.end // characters,
    )


def _join(parts: Sequence[TranslatedPart]) -> str:
    text = ""
    for part in parts:
        text += (" " if is_spaced_between(text, part.text) else "") + part.text
    return text
