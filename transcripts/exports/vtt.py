"""WebVTT (W3C): a point before the milliseconds, `<v Name>` for speakers, `& < >` escaped."""

from transcripts.exports.cues import Cue, make_cues
from transcripts.exports.document import Document
from transcripts.exports.timestamps import clock_time


def render_vtt(document: Document) -> str:
    return "\n".join(["WEBVTT\n", *(_render_cue(cue) for cue in make_cues(document))])


def _render_cue(cue: Cue) -> str:
    start = clock_time(cue.start_ms, separator=".")
    end = clock_time(cue.end_ms, separator=".")
    text = "\n".join(escape(line) for line in cue.lines)
    if cue.speaker is not None:
        text = f"<v {escape(' '.join(cue.speaker.split()))}>{text}"
    return f"{start} --> {end}\n{text}\n"


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
