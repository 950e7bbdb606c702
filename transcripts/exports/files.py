"""What an export is called: a name that is valid on every system, and its header."""

import re
from urllib.parse import quote

from stt_web.core.unicode import normalize
from transcripts.exports.plain import one_line, without_direction_marks

_FORBIDDEN = re.compile(r'[<>:"/\\|?*%;\ufffd]+')  # by file systems, or misread in the header
_LONGEST_BYTES = 180  # file systems end at 255, and browsers add to names
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)  # Windows' devices
_FALLBACK = "transcript"


def file_name(title: str, *, extension: str) -> str:
    """Return a file's name made of the title, or `transcript` where nothing of it is valid."""
    text = without_direction_marks(one_line(normalize("NFC", title)))
    text = " ".join(_FORBIDDEN.sub(" ", text).split()).strip(". ")
    text = text.encode("utf-8", "ignore")[:_LONGEST_BYTES].decode("utf-8", "ignore").strip(". ")
    if not text or _RESERVED.match(text):
        text = f"{_FALLBACK} {text}".strip()
    return f"{text}.{extension}"


def content_disposition(name: str) -> str:
    """Return the header for a download: the name in ASCII and, after it, whole (RFC 6266)."""
    plain = normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem, _, extension = plain.rpartition(".")
    plain = f"{stem.strip() or _FALLBACK}.{extension}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
