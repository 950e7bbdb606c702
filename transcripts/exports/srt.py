"""SubRip: numbered from 1, a comma before the milliseconds. It has no escapes and no speakers.

Players take `<b>` for markup, and there is no way to say that it isn't: a zero-width space after
its `<` makes text of it, and looks the same.
"""

import re

from transcripts.exports.cues import Cue, make_cues
from transcripts.exports.document import Document
from transcripts.exports.notice import notice_of
from transcripts.exports.options import ExportOptions
from transcripts.exports.plain import one_line
from transcripts.exports.timestamps import clock_time

# The notice stands behind the last word for so long: a file of cues has no other place for it.
NOTICE_MS = 2_000
# HTML's tags, and SubStation Alpha's overrides, which many players know too.
_MARKUP_STARTS = re.compile(r"<(?=[A-Za-z/])|\{(?=\\)")


def render_srt(document: Document) -> str:
    return _render(make_cues(document))


def export_srt(document: Document, options: ExportOptions) -> str:
    cues = make_cues(document, options.profile)
    notice = notice_of(document, options)
    if notice:
        start_ms = (cues[-1].end_ms if cues else 0) + options.profile.gap_ms
        cues = [*cues, Cue(start_ms, start_ms + NOTICE_MS, (notice,), None)]
    speakers = document.speakers if options.speakers else ()
    return _render(cues, is_named=len(speakers) > 1)


def _render(cues: list[Cue], *, is_named: bool = False) -> str:
    """Name the speaker where one begins: SubRip's usage is a dash or a name before the text."""
    parts: list[str] = []
    speaker: str | None = None
    for number, cue in enumerate(cues, 1):
        is_new = is_named and cue.speaker is not None and cue.speaker != speaker
        speaker = cue.speaker
        parts.append(_render_cue(number, cue, name=speaker if is_new else None))
    return "\n".join(parts)


def _render_cue(number: int, cue: Cue, *, name: str | None) -> str:
    start = clock_time(cue.start_ms, separator=",")
    end = clock_time(cue.end_ms, separator=",")
    lines = "\n".join(_as_text(line) for line in cue.lines)
    before = f"{_as_text(name)}: " if name else ""
    return f"{number}\n{start} --> {end}\n{before}{lines}\n"


def _as_text(line: str) -> str:
    # An arrow in the text would be read as a time line.
    arrowless = one_line(line).replace("-->", "→")
    return _MARKUP_STARTS.sub(lambda match: f"{match[0]}\u200b", arrowless)
