"""SubRip: numbered from 1, a comma before the milliseconds. It has no escapes, and no speakers but
by their names in the text.

Players take `<b>` for markup, and there is no escape for it: a zero-width space after
its `<` makes text of it, and is invisible.
"""

import re
from dataclasses import replace

from transcripts.exports.cues import Cue, make_cues
from transcripts.exports.divisions import time_words
from transcripts.exports.document import Document
from transcripts.exports.notice import with_notice
from transcripts.exports.options import ExportOptions
from transcripts.exports.plain import one_line
from transcripts.text.clock import format_timestamp
from transcripts.text.segments import Segment
from transcripts.text.words import Word

# HTML's tags, and SubStation Alpha's overrides, which many players know too.
_MARKUP_STARTS = re.compile(r"<(?=[A-Za-z/])|\{(?=\\)")


def render_srt(document: Document) -> str:
    return _render(make_cues(document))


def export_srt(document: Document, options: ExportOptions) -> str:
    if len(document.speakers) > 1:
        document = _with_names(document, longest=options.profile.line_characters)
    return _render(with_notice(make_cues(document, options.profile), document, options))


def _with_names(document: Document, *, longest: int) -> Document:
    """Put a speaker's name before the words where another begins: it takes its room in the line,
    and no more than one."""
    segments: list[Segment] = []
    speaker: str | None = None
    unnamed = document.segments
    if document.is_bilingual:
        unnamed = tuple(map(_with_words, unnamed))
    for segment in unnamed:
        is_new = segment.speaker_name is not None and segment.speaker_name != speaker
        speaker = segment.speaker_name
        name = _shorten(speaker or "", longest - 1)
        segments.append(_with_name(segment, f"{name}:") if is_new and name else segment)
    return replace(document, segments=tuple(segments))


def _with_words(segment: Segment) -> Segment:
    """Return it with words, so that a name before them takes none of their time."""
    if segment.words:
        return segment
    words = time_words(segment.text, start_ms=segment.start_ms, end_ms=segment.end_ms)
    return replace(segment, words=words)


def _shorten(name: str, longest: int) -> str:
    name = " ".join(one_line(name).split())
    return name if len(name) <= longest else f"{name[: longest - 1].rstrip()}…"


def _with_name(segment: Segment, name: str) -> Segment:
    at_ms = segment.start_ms
    name_words = [Word(part, at_ms, at_ms, 1.0, True) for part in name.split()]
    spoken = [replace(word, space_before=True) for word in segment.words[:1]]
    return replace(
        segment,
        text=f"{name} {segment.text}",
        words=(*name_words, *spoken, *segment.words[1:]) if segment.words else (),
    )


def _render(cues: list[Cue]) -> str:
    return "\n".join(_render_cue(number, cue) for number, cue in enumerate(cues, 1))


def _render_cue(number: int, cue: Cue) -> str:
    start = format_timestamp(cue.start_ms, separator=",")
    end = format_timestamp(cue.end_ms, separator=",")
    lines = "\n".join(_as_text(line) for line in cue.all_lines)
    return f"{number}\n{start} --> {end}\n{lines}\n"


def _as_text(line: str) -> str:
    # An arrow in the text would be read as a time line.
    arrowless = one_line(line).replace("-->", "→")
    return _MARKUP_STARTS.sub(lambda match: f"{match[0]}\u200b", arrowless)
