"""CSV for spreadsheets (RFC 4180): UTF-8 with a byte order mark, one row a segment.

A cell that begins like a formula gets an apostrophe before it, which spreadsheets take for "this
is text" (OWASP, *CSV Injection*): what somebody said must not be run.
"""

import csv
import io

from transcripts.exports.document import Document
from transcripts.exports.notice import origin_of
from transcripts.exports.options import ExportOptions
from transcripts.exports.plain import one_line
from transcripts.exports.timestamps import clock_time

BYTE_ORDER_MARK = "\ufeff"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def render_csv(document: Document, options: ExportOptions) -> str:
    """Return the rows under their headings. Times are `HH:MM:SS.mmm`."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_MINIMAL)
    origin = [origin_of(document)] if options.notice else []
    writer.writerow(
        ["number", "start", "end", "speaker", "text", "confidence", *(["origin"] if origin else [])]
    )
    for number, segment in enumerate(document.segments, 1):
        writer.writerow(
            [
                number,
                clock_time(segment.start_ms, separator="."),
                clock_time(segment.end_ms, separator="."),
                neutralise(segment.speaker or ""),
                neutralise(segment.text),
                "" if segment.confidence is None else f"{segment.confidence:.2f}",
                *origin,
            ]
        )
    return BYTE_ORDER_MARK + buffer.getvalue()


def neutralise(text: str) -> str:
    """Return the text as one line that no spreadsheet takes for a formula."""
    line = one_line(text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA_STARTS) else line
