"""Every format by its name: a document in, bytes and their media type out."""

from collections.abc import Callable
from dataclasses import dataclass

from transcripts.exports.document import Document
from transcripts.exports.json import render_json, render_verbose_json
from transcripts.exports.srt import render_srt
from transcripts.exports.txt import render_txt
from transcripts.exports.vtt import render_vtt


@dataclass(frozen=True)
class Format:
    content_type: str
    render: Callable[[Document], str]


FORMATS: dict[str, Format] = {
    "json": Format("application/json", render_json),
    "verbose_json": Format("application/json", render_verbose_json),
    "txt": Format("text/plain; charset=utf-8", render_txt),
    "srt": Format("application/x-subrip", render_srt),
    "vtt": Format("text/vtt; charset=utf-8", render_vtt),
}


def render(document: Document, format_name: str) -> tuple[bytes, str]:
    """Return the file, in UTF-8, and its media type. Raises KeyError for an unknown format."""
    chosen = FORMATS[format_name]
    return chosen.render(document).encode("utf-8"), chosen.content_type
