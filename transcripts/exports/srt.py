"""SubRip: numbered from 1, a comma before the milliseconds. It has no escapes and no speakers."""

from transcripts.exports.cues import Cue, make_cues
from transcripts.exports.document import Document
from transcripts.exports.timestamps import clock_time


def render_srt(document: Document) -> str:
    cues = make_cues(document)
    return "\n".join(_render_cue(number, cue) for number, cue in enumerate(cues, 1))


def _render_cue(number: int, cue: Cue) -> str:
    start = clock_time(cue.start_ms, separator=",")
    end = clock_time(cue.end_ms, separator=",")
    # An arrow in the text would be read as a time line; there is no way to escape it.
    lines = "\n".join(line.replace("-->", "→") for line in cue.lines)
    return f"{number}\n{start} --> {end}\n{lines}\n"
