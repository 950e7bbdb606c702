"""WebVTT (W3C): a point before the milliseconds, `<v Name>` for speakers, `& < >` escaped."""

from transcripts.exports.cues import Cue, make_cues
from transcripts.exports.document import Document
from transcripts.exports.gaps import write_note
from transcripts.exports.notice import notice_of, origin_of
from transcripts.exports.options import ExportOptions
from transcripts.exports.plain import one_line
from transcripts.text.clock import format_timestamp


def render_vtt(document: Document) -> str:
    return _render(make_cues(document), write_note(document.gaps))


def export_vtt(document: Document, options: ExportOptions) -> str:
    notice = notice_of(document, options)
    note = f"NOTE origin: {origin_of(document)}\n{escape(notice)}\n" if notice else ""
    return _render(make_cues(document, options.profile), note, write_note(document.gaps))


def _render(cues: list[Cue], *notes: str) -> str:
    head = ["WEBVTT\n", *(note for note in notes if note)]
    return "\n".join([*head, *(_render_cue(cue) for cue in cues)])


def _render_cue(cue: Cue) -> str:
    start = format_timestamp(cue.start_ms, separator=".")
    end = format_timestamp(cue.end_ms, separator=".")
    text = "\n".join(escape(one_line(line)) for line in cue.all_lines)
    name = " ".join(one_line(cue.speaker or "").split())
    if name:
        text = f"<v {escape(name)}>{text}"
    return f"{start} --> {end}\n{text}\n"


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
