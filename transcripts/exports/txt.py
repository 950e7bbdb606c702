"""Plain text: what was said, and nothing else."""

from transcripts.exports.document import Document


def render_txt(document: Document) -> str:
    return f"{document.text}\n" if document.text else ""
