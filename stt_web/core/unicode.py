"""Unicode's normal forms in linear time."""

import re
import unicodedata
from typing import Final, Literal

# Python sorts a run of combining marks by insertion: 20,000 of them take a second. Unicode's
# Stream-Safe Text Format (UAX #15, section 13) has no run of more than 30; no language needs that.
_LONGEST_RUN: Final = 30
_LAST_MARK: Final = 0x1F000  # above are no characters with a combining class
_MARKS: Final = "".join(char for char in map(chr, range(_LAST_MARK)) if unicodedata.combining(char))
_LONG_RUN: Final = re.compile(f"([{_MARKS}]{{{_LONGEST_RUN}}})[{_MARKS}]+")


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Return the normal form of the text, without the marks beyond 30 on one character."""
    return unicodedata.normalize(form, _LONG_RUN.sub(r"\1", text))
