"""Numbers and addresses that are written as they are spoken, turned into their usual form.

"four one five, double five" → "41555"; "šest set dva" → "602"; "j dot smith at gmail dot com" →
"j.smith@gmail.com". Each character of the result knows which of the original it stands for.
English and Czech; other languages' words are left as they are.
"""

import re
from dataclasses import dataclass


def _count(words: str, *, first: int = 0, step: int = 1) -> dict[str, int]:
    return {word: step * number for number, word in enumerate(words.split(), first)}


_UNITS = {
    **_count(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
        " fifteen sixteen seventeen eighteen nineteen"
    ),
    **_count(
        "nula jedna dva tři čtyři pět šest sedm osm devět deset jedenáct dvanáct třináct čtrnáct"
        " patnáct šestnáct sedmnáct osmnáct devatenáct"
    ),
    **dict.fromkeys(("oh", "nul", "nulu"), 0),
    **dict.fromkeys(("jeden", "jedno", "jednu"), 1),
    "dvě": 2,
}
_TENS = {
    **_count("twenty thirty forty fifty sixty seventy eighty ninety", first=2, step=10),
    **_count(
        "dvacet třicet čtyřicet padesát šedesát sedmdesát osmdesát devadesát", first=2, step=10
    ),
}
_HUNDREDS = {"hundred", "set", "sta", "sto", "stě"}
NUMBER_WORDS = frozenset((*_UNITS, *_TENS, *_HUNDREDS))
_REPEATS = {"double": 2, "triple": 3, "dvakrát": 2, "třikrát": 3}
_TOKEN = re.compile(r"[^\W\d_]+|\d+")
# Between the words of one number; a full stop or any other word ends it.
_BETWEEN = re.compile(r"[ ,\u00a0-]{1,3}\Z")
_FEWEST_WORDS = 3
_AT = r"(?:at|zavináč|zavinac)"
_DOT = r"(?:dot|tečka|tecka|bod)"
_MARKS = {"dot": ".", "tečka": ".", "tecka": ".", "bod": ".", "underscore": "_", "podtržítko": "_",
          "dash": "-", "hyphen": "-", "minus": "-", "pomlčka": "-", "plus": "+"}  # fmt: skip
_MARK = rf"(?:{_DOT}|underscore|podtržítko|dash|hyphen|pomlčka|minus|plus)"
_NAME = rf"(?:(?:\w ){{1,15}}(?=(?:{_MARK}|{_AT})\b)|\w{{1,40}} )"
# Without Austria's: "the dot at the end".
_TOP = (
    r"(?:com|org|net|edu|gov|info|biz|io|ai|eu|cz|sk|pl|de|ch|uk|fr|es|it|nl|be|se|no|dk|fi|us|ca|au"
    r"|nz|ie|hu|ro|ua|app|dev|online|museum)"
)
_EMAIL = re.compile(
    rf"\b(?P<local>{_NAME}(?:{_MARK} {_NAME}){{0,5}}){_AT} "
    rf"(?P<host>\w{{1,40}}(?: (?:dash|hyphen|pomlčka) \w{{1,40}}){{0,2}}"
    rf"(?: {_DOT} \w{{2,20}}){{0,2}} {_DOT} {_TOP})\b",
    re.IGNORECASE,
)
_WEB = re.compile(
    rf"\b(?P<host>(?:www|w w w|vé vé vé) {_DOT} \w{{1,40}}(?: {_DOT} \w{{2,20}}){{1,3}}"
    rf"|\w{{2,40}} {_DOT} (?:com|org|net|cz|sk|eu|io|de|co {_DOT} uk))\b"
    r"(?P<path>(?: (?:slash|lomeno) \w{1,40}){0,3})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Written:
    """The text in its usual form; `places[i]`: the (start, end) that character i stands for."""

    text: str
    places: tuple[tuple[int, int], ...]

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the original characters `start` to `end` are."""
        return self.places[start][0], self.places[end - 1][1]


def write_out(text: str) -> Written | None:
    """Return the text with what is spoken in it written; None where nothing is."""
    changes = sorted([*_find_addresses(text), *_find_numbers(text)])
    if not changes:
        return None
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    position = 0
    for start, end, written in changes:
        if start < position:
            continue
        parts += [text[position:start], written]
        places += [(at, at + 1) for at in range(position, start)]
        places += [(start, end)] * len(written)
        position = end
    parts.append(text[position:])
    places += [(at, at + 1) for at in range(position, len(text))]
    return Written("".join(parts), tuple(places))


def _find_addresses(text: str) -> list[tuple[int, int, str]]:
    lowered = text.lower()
    found = []
    if " dot " in lowered or " teč" in lowered or " tec" in lowered or " bod " in lowered:
        for match in _EMAIL.finditer(text):
            written = f"{_write(match['local'])}@{_write(match['host'])}"
            found.append((match.start(), match.end(), written))
        for match in _WEB.finditer(text):
            path = re.sub(r" (?:slash|lomeno) ", "/", match["path"], flags=re.IGNORECASE)
            host = re.sub(r"\A(?:w w w|vé vé vé)", "www", match["host"], flags=re.IGNORECASE)
            found.append((match.start(), match.end(), _write(host) + path))
    return found


def _write(words: str) -> str:
    """Return the words without spaces, names of marks as marks."""
    return "".join(_MARKS.get(word.lower(), word) for word in words.split())


@dataclass
class _Run:
    """Words that are spoken as one number, one behind the other."""

    start: int = 0
    end: int = 0
    words: int = 0
    digits: str = ""
    repeat: int = 1
    has_plus: bool = False


def _find_numbers(text: str) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    run = _Run()
    value: int | None = None  # of the words since the last complete part
    for match in _TOKEN.finditer(text):
        word = match.group().lower()
        if run.words and not _BETWEEN.match(text, run.end, match.start()):
            _close(run, value, found)
            run, value = _Run(), None
        if not _is_number_word(word):
            _close(run, value, found)
            run, value = _Run(), None
            if word == "plus":
                run = _Run(start=match.start(), end=match.end(), words=1, has_plus=True)
            continue
        if not run.words:
            run.start = match.start()
        if value is not None and "," in text[run.end : match.start()]:
            _flush(run, value)
            value = None
        value = _take(run, word, value)
        run.words += 1
        run.end = match.end()
    _close(run, value, found)
    return found


def _is_number_word(word: str) -> bool:
    is_number = word in _UNITS or word in _TENS or word in _REPEATS or word in _HUNDREDS
    return is_number or word.isdigit()


def _take(run: _Run, word: str, value: int | None) -> int | None:
    """Return the value of the part that the word goes on with, or begins."""
    if word.isdigit():
        _flush(run, value)
        run.digits += word * run.repeat
        run.repeat = 1
        return None
    if word in _REPEATS:
        _flush(run, value)
        run.repeat = _REPEATS[word]
        return None
    if word in _HUNDREDS:
        if value is None or value > 9 or value == 0:
            _flush(run, value)
            return 100 if word == "sto" else None
        return value * 100
    number = _UNITS.get(word, _TENS.get(word, 0))
    if value is not None and _goes_on(value, number):
        return value + number
    _flush(run, value)
    return number


def _goes_on(value: int, number: int) -> bool:
    """Whether "… hundred" or "forty" is followed by what belongs to it."""
    if value >= 100 and value % 100 == 0:
        return 0 < number < 100
    return value >= 20 and value % 10 == 0 and 0 < number < 10


def _flush(run: _Run, value: int | None) -> None:
    if value is not None:
        run.digits += str(value) * run.repeat
        run.repeat = 1


def _close(run: _Run, value: int | None, found: list[tuple[int, int, str]]) -> None:
    _flush(run, value)
    has_words = run.words >= _FEWEST_WORDS and run.digits
    if has_words and len(run.digits) >= 6:
        written = f"+{run.digits}" if run.has_plus else run.digits
        found.append((run.start, run.end, written))
