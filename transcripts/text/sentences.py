"""Where the sentences of a text begin and end. Of words with times: `transcripts.text.writing`.

The library knows about 300 languages, but few of their abbreviations; what always goes on
(`writing.is_always_followed`) is joined again here.
"""

import re
from collections.abc import Iterator, Sequence

import sentencex

from transcripts.text.segments import Segment
from transcripts.text.writing import ends_sentence, is_always_followed

_PAUSE_MS = 3_000  # a sentence that pauses longer is two
_LONGEST_GROUP = 600  # characters: speech without a stop isn't joined for ever
_LONGEST = 400  # characters of a sentence; what has no stop for longer is cut at a space
_INITIAL = re.compile(r"[^\W\d_]\.\Z")
_REST_OF_DEGREE = re.compile(r"[^\W\d_]\.")  # of "Ph.D."
# The library joins initials in English, and knows that "I." is none.
_INITIALS_KNOWN = "en"


def list_sentences(text: str, language: str) -> list[str]:
    """Return the sentences, however long, without the space around them."""
    found = (text[start:end].strip() for start, end in _find(text, language))
    return [sentence for sentence in found if sentence]


def split_sentences(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield the places of a text's sentences, without the space around them.

    language: ISO 639-1, or a code that begins with it.
    """
    for start, end in _find(text, language):
        yield from _cut(text, start, end)


def group_segments(segments: Sequence[Segment], *, language: str) -> Iterator[list[int]]:
    """Yield the orders of the segments that a sentence may go on over: of one speaker and language,
    without a long pause. language: of segments that name none."""
    group: list[int] = []
    length = 0
    for order, segment in enumerate(segments):
        if group and not _is_continued(segments[group[-1]], segment, language, length=length):
            yield group
            group, length = [], 0
        group.append(order)
        length += len(segment.text)
    if group:
        yield group


def _is_continued(before: Segment, after: Segment, language: str, *, length: int) -> bool:
    is_same = (before.speaker, before.language) == (after.speaker, after.language)
    if not is_same or after.start_ms - before.end_ms > _PAUSE_MS or length > _LONGEST_GROUP:
        return False
    last, first = before.text.split()[-1:], after.text.split()[:1]
    return not (last and first and ends_sentence(last[0], first[0], language=language))


def _find(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield the places, with the space behind them."""
    spoken = language.partition("-")[0]
    sentence: tuple[int, int] | None = None
    for start, end in _find_parts(text, spoken):
        if sentence is not None and _goes_on(text[slice(*sentence)], text[start:end], spoken):
            start = sentence[0]
        elif sentence is not None:
            yield sentence
        sentence = start, end
    if sentence is not None:
        yield sentence


def _find_parts(text: str, language: str) -> Iterator[tuple[int, int]]:
    position = 0
    parts: Sequence[str] = sentencex.segment(language, text) if text.strip() else ()
    for part in parts:
        start = text.find(part, position) if not text.startswith(part, position) else position
        if start < 0:
            continue
        position = start + len(part)
        yield start, position


def _goes_on(before: str, after: str, language: str) -> bool:
    """Whether two of the library's sentences are one."""
    words = before.split()[-1:]
    if not words:
        return False
    if not (before[-1].isspace() or after[:1].isspace()):
        is_lettered = words[0].endswith(".") and words[0][-2:-1].isalpha()
        return is_lettered and _REST_OF_DEGREE.match(after) is not None
    if is_always_followed(words[0], language=language):
        return True
    is_initial = _INITIAL.match(words[0]) is not None and words[0][0].isupper()
    return is_initial and language != _INITIALS_KNOWN


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > _LONGEST:
        space = text.rfind(" ", start + 1, start + _LONGEST)
        cut = space if space > 0 else start + _LONGEST
        yield start, cut
        start = cut + (cut == space)
    if start < end:
        yield start, end
