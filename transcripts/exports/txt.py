"""Plain text: the speech, and nothing else; as an export, with what was requested."""

from transcripts.exports.document import Document
from transcripts.exports.notice import notice_of
from transcripts.exports.options import ExportOptions
from transcripts.exports.paragraphs import Paragraph, make_paragraphs
from transcripts.exports.plain import one_line
from transcripts.text.clock import format_timestamp


def render_txt(document: Document) -> str:
    return f"{document.text}\n" if document.text else ""


def export_txt(document: Document, options: ExportOptions) -> str:
    """Return paragraphs with a blank line between, or (without paragraphs) a line a segment.

    A translation beside it is a line of its own below each.
    """
    is_timed = options.timestamps in ("inline", "column")
    paragraphs = make_paragraphs(document, is_gathered=options.paragraphs)
    parts = [_render_paragraph(paragraph, is_timed=is_timed) for paragraph in paragraphs]
    blocks = [("\n\n" if options.paragraphs else "\n").join(parts)] if parts else []
    notice = notice_of(document, options)
    if notice:
        blocks.append(f"---\n{notice}")
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _render_paragraph(paragraph: Paragraph, *, is_timed: bool) -> str:
    time = f"[{format_timestamp(paragraph.start_ms)}] " if is_timed else ""
    speaker = f"{one_line(paragraph.speaker)}: " if paragraph.speaker is not None else ""
    translation = f"\n{one_line(paragraph.translation)}" if paragraph.translation else ""
    return f"{time}{speaker}{one_line(paragraph.text)}{translation}"
