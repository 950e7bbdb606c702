"""Text of a transcript as one line that any format can hold.

Control characters show as U+FFFD: nothing is hidden, and nothing acts. JSON alone needs none of
this, for it escapes them.
"""

import re

_BLANKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
# What is left of C0 and C1, lone surrogates, and what Unicode calls no characters.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# They turn the order of what stands beside them, up to the end of the line.
_DIRECTION_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", _BLANKS.sub(" ", text))


def without_direction_marks(text: str) -> str:
    """Return text that can't turn the order of what stands beside it."""
    return _DIRECTION_MARKS.sub("", text)
