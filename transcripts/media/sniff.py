"""A refusal in words: what a file is that FFmpeg wouldn't open, by its first bytes."""

from typing import Final

from transcripts.media.errors import MediaError

# (offset, bytes): the containers that we do read. Such a file is damaged, not foreign.
_OURS: Final = (
    (0, b"ID3"), (0, b"RIFF"), (0, b"RF64"), (0, b"fLaC"), (0, b"OggS"), (4, b"ftyp"), (4, b"moov"),
    (4, b"mdat"), (0, b"\x1aE\xdf\xa3"), (0, b"0&\xb2u\x8ef\xcf\x11"), (0, b"\x00\x00\x01\xba"),
    (0, b"FORM"), (0, b"caff"),
)  # fmt: skip
_KNOWN: Final = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"\xd0\xcf\x11\xe0", "an office document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a bitmap image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"SQLite format 3", "a database"),
)
_TEXTS: Final = (
    (b"#extm3u", "a playlist"),
    (b"[playlist]", "a playlist"),
    (b"ffconcat", "a playlist"),
    (b"v=0", "a stream description (SDP)"),
    (b"webvtt", "a subtitle file"),
    (b"[script info]", "a subtitle file"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"{", "a JSON document"),
)


def refusal(head: bytes) -> MediaError:
    """The error for a file that begins with `head` and couldn't be opened."""
    if any(head[at : at + len(magic)] == magic for at, magic in _OURS):
        return MediaError(
            "corrupt_media", "This file is damaged or incomplete, and no audio could be read."
        )
    name = _name_of(head)
    if name is None:
        return MediaError("not_audio", "This file isn't audio or video in a known format.")
    return MediaError("not_audio", f"This file is {name}, not audio or video.")


def _name_of(head: bytes) -> str | None:
    for magic, name in _KNOWN:
        if head.startswith(magic):
            return name
    return _name_of_text(head) if _is_text(head) else None


def _name_of_text(head: bytes) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for words, name in _TEXTS:
        if start.startswith(words):
            return name
    if b"<mpd" in start or b"<smil" in start:
        return "a playlist"
    if b"-->" in start:
        return "a subtitle file"
    return "an XML document" if start.startswith(b"<?xml") else "a text"


def _is_text(head: bytes) -> bool:
    return bool(head) and not any(byte < 9 or 13 < byte < 32 for byte in head)


def find_foreign_kind(head: bytes) -> MediaError | None:
    """Return the error for a file whose first bytes show that it is no recording; else None.

    For a refusal before the rest has come: what isn't certain is left to the decoder.
    """
    if any(head[at : at + len(magic)] == magic for at, magic in _OURS):
        return None
    is_known = any(head.startswith(magic) for magic, _ in _KNOWN)
    is_text = _is_text(head) and "\ufffd" not in head[:-3].decode(errors="replace")
    return refusal(head) if is_known or is_text else None
