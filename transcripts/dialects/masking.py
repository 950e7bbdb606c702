"""What another service's request wants masked, masked in what it is answered with."""

from transcripts.exports.document import Document
from transcripts.exports.redaction import redact_document
from transcripts.exports.verification import still_found
from transcripts.pii.redactor import StillFoundError


def mask_document(document: Document, kinds: tuple[str, ...]) -> Document:
    """kinds: of `exports.redaction.KINDS`; none: as it is. Raises RedactionFailedError."""
    if not kinds:
        return document
    try:
        return redact_document(document, kinds=kinds)
    except StillFoundError as error:
        raise still_found(error, document.id, "json") from error
