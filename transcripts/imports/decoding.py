"""From a file's bytes to its text: UTF-8 and UTF-16 by themselves, older encodings by what is
declared or detected.

An older encoding is never a matter of course: a guess is reported in a remark, and the
field `encoding` overrules it.
"""

import codecs

from charset_normalizer import from_bytes

from transcripts.imports.segments import ImportFileError, Remark

# What may be asked for: text encodings of Python's, by its names for them.
ENCODINGS = frozenset(
    codecs.lookup(name).name
    for name in (
        *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"),
        *(f"cp125{digit}" for digit in range(9)),
        *(f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)),
        *("koi8-r", "koi8-u", "cp437", "cp850", "cp852", "cp866", "cp874", "mac-roman"),
        *("shift_jis", "cp932", "euc-jp", "iso2022_jp", "gb18030", "gbk", "big5", "big5hkscs"),
        *("euc-kr", "cp949", "tis-620"),
    )
)
# The older encoding of each language's Windows.
_OF_LANGUAGE = {
    **dict.fromkeys(("cs", "sk", "pl", "hu", "sl", "hr", "bs", "ro", "sq"), "cp1250"),
    **dict.fromkeys(("ru", "uk", "bg", "be", "sr", "mk"), "cp1251"),
    **dict.fromkeys(
        ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "nn", "fi", "is", "ca"),
        "cp1252",
    ),
    **dict.fromkeys(("et", "lv", "lt"), "cp1257"),
    "el": "cp1253",
    "tr": "cp1254",
    "he": "cp1255",
    "ar": "cp1256",
    "fa": "cp1256",
    "vi": "cp1258",
    "th": "cp874",
    "ja": "cp932",
    "zh": "gb18030",
    "ko": "cp949",
}
# What is met in the wild; rarer ones are asked for.
_GUESSED = (
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "iso8859-2", "koi8-r"),
    *("cp932", "euc-jp", "gb18030", "big5", "cp949", "cp874"),
)
_GUESSED_FROM_BYTES = 64 * 1024
_EXAMPLES = "cp1250, iso-8859-2, windows-1251 or shift_jis"


def find_encoding(name: str) -> str:
    """Return Python's name for an encoding. Raises ImportFileError for one that isn't of text."""
    try:
        found = codecs.lookup(name.strip()[:40]).name
    except (LookupError, ValueError):
        found = ""
    if found not in ENCODINGS:
        raise ImportFileError(
            f"encoding is {name[:40]!r}, but must be one of text, such as {_EXAMPLES}.",
            code="invalid_value",
            extra={"field": "encoding"},
        )
    return found


def decode_file(content: bytes, *, encoding: str, language: str) -> tuple[str, Remark | None]:
    """Return the text without its byte order mark, and what was guessed.

    encoding: as the client declares, or empty. language: a code, or empty; helps to guess.
    """
    if encoding:
        return _decode(content, find_encoding(encoding)), None
    marked = _encoding_of_mark(content)
    if marked:
        return _decode(content, marked), None
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError:
        return _guess(content, language=language)


def _encoding_of_mark(content: bytes) -> str:
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark: of a file of times, every other byte is zero.
    head = content[:64]
    if len(head) >= 8 and head.count(0) * 3 > len(head):
        return "utf-16-be" if head[0] == 0 else "utf-16-le"
    return ""


def _decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        name = encoding.removesuffix("-sig").upper()
        raise ImportFileError(
            f"This file is not text in {name}. Save it in UTF-8, or name its encoding in the field"
            f" “encoding”, such as {_EXAMPLES}, and send it again."
        ) from None


def _guess(content: bytes, *, language: str) -> tuple[str, Remark]:
    found = _OF_LANGUAGE.get(language) or _likely(content)
    text = ""
    if found:
        try:
            text = content.decode(found)
        except UnicodeDecodeError:
            found = ""
    if not found or not _is_probably_text(text):
        raise ImportFileError(
            "This file is not text in UTF-8. Save it in that encoding, or name its own in the field"
            f" “encoding”, such as {_EXAMPLES}, and send it again."
        )
    remark = Remark(
        "encoding_guessed",
        f"This file is not in UTF-8; it was read as {found}. If letters are wrong, import it again"
        f" with its encoding in the field “encoding”, such as {_EXAMPLES}.",
    )
    return text, remark


def _likely(content: bytes) -> str:
    """Return the encoding in which the lines with other letters than ASCII's read most like text;
    empty where it is unknown."""
    head = content[: 16 * _GUESSED_FROM_BYTES].splitlines()
    lines = [line for line in head if not line.isascii()]
    sample = b"\n".join(lines)[:_GUESSED_FROM_BYTES]
    best = from_bytes(sample, cp_isolation=list(_GUESSED)).best()
    return codecs.lookup(best.encoding).name if best is not None else ""


def _is_probably_text(text: str) -> bool:
    """Whether nothing in it is a control character, as there are in pictures and programs."""
    return not any(ord(character) < 32 and character not in "\t\n\r\f" for character in text)
