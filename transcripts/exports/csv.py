"""CSV for spreadsheets (RFC 4180): UTF-8 with a byte order mark, one row a segment.

A cell that begins like a formula gets an apostrophe before it, which spreadsheets take for "this
is text" (OWASP, *CSV Injection*): speech must not be executed. Where the list separator is `;`
(Czech, German), a spreadsheet splits the same line there, also in quotes: what follows a `;`
is guarded likewise. Line breaks and tabs, which would also begin a cell, are spaces here, and a
comma within a cell is quoted.
"""

import csv
import io
import re

from transcripts.exports.document import Document
from transcripts.exports.notice import origin_of
from transcripts.exports.options import ExportOptions
from transcripts.exports.plain import one_line
from transcripts.exports.translations import texts_beside, untranslated_keys
from transcripts.text.clock import format_timestamp

BYTE_ORDER_MARK = "\ufeff"
# Before a formula, spreadsheets pass over blanks and what Unicode calls default-ignorable.
_INVISIBLE = (
    "\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_FORMULA = "[=+\\-@＝＋－＠]"
# Within a quoted cell a quote is two, which open and close a cell that a `;` begins.
_FORMULA_START = re.compile(f'(?:\\A(?=[{_INVISIBLE}]*{_FORMULA})|;(?=[{_INVISIBLE}"]*{_FORMULA}))')


def render_csv(document: Document, options: ExportOptions) -> str:
    """Return the rows under their headings. Times are `HH:MM:SS.mmm`.

    With a translation there are further columns, the last ones.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_MINIMAL)
    origin = [origin_of(document)] if options.notice else []
    further = ["translation", "untranslated"] if document.is_bilingual else []
    if document.translation is not None and not document.is_bilingual:
        further = ["untranslated"]
    writer.writerow(
        ["number", "start", "end", "speaker", "text", "confidence"]
        + (["origin"] if origin else [])
        + further
    )
    untranslated, beside = untranslated_keys(document), texts_beside(document)
    for number, segment in enumerate(document.segments, 1):
        values = {
            "translation": neutralise(beside[number - 1]),
            "untranslated": "yes" if segment.key in untranslated else "",
        }
        writer.writerow(
            [
                number,
                format_timestamp(segment.start_ms, separator="."),
                format_timestamp(segment.end_ms, separator="."),
                neutralise(segment.speaker_name or ""),
                neutralise(segment.text),
                "" if segment.confidence is None else f"{segment.confidence:.2f}",
                *origin,
                *(values[name] for name in further),
            ]
        )
    return BYTE_ORDER_MARK + buffer.getvalue()


def neutralise(text: str) -> str:
    """Return the text as one line that no spreadsheet takes for a formula."""
    return _FORMULA_START.sub(lambda match: f"{match[0]}'", one_line(text))
