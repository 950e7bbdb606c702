"""How scripts are written: which end sentences and clauses, and which put no spaces between words.

The one list of sentence ends of the web tier. Sources: the Unicode property Sentence_Terminal (UAX
#29, PropList.txt) for the scripts of Whisper's languages; the abbreviations are those common in
speech (CLDR's sentence-break suppressions, shortened).
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# Written without spaces between words, so also between segments.
_SPACELESS_LANGUAGES = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km", "bo"})
# Their letters, as the inside of a character class: Thai, Lao, Tibetan, Myanmar, Khmer, kana, Han.
SPACELESS_LETTERS = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
# These and the marks that stand between them.
_SPACELESS_BLOCKS = (
    range(0x0E00, 0x10A0),  # Thai, Lao, Tibetan, Myanmar
    range(0x1780, 0x1800),  # Khmer
    range(0x2E80, 0xA4D0),  # Chinese, Japanese and their marks (Hangul lies above)
    range(0xF900, 0xFB00),
    range(0xFF00, 0xFFF0),
    range(0x20000, 0x40000),
)
# Of these only Chinese and Japanese mark the end of a sentence; the others put a space there.
_SPACE_ENDS_CLAUSE = (range(0x0E00, 0x10A0), range(0x1780, 0x1800))

SENTENCE_ENDS = (
    # Latin, Greek, Cyrillic, Hebrew; …
    *(".", "?", "!", "…", "‼", "⁇", "⁈", "⁉"),
    # Chinese and Japanese, full and half width; Arabic and Urdu; Devanagari and its neighbours;
    *("。", "？", "！", "｡", "．", "؟", "۔", "।", "॥"),
    # Armenian; Ethiopic; Myanmar; Khmer; Tibetan.
    *("։", "።", "፧", "။", "។", "៕", "།", "༎"),
)
_GREEK_QUESTION_MARKS = (";", "\u037e")
CLAUSE_ENDS = (",", ";", ":", "–", "—", "、", "，", "；", "：", "،", "؛", "၊", "፣", "፤")
CLOSING_MARKS = "\"'”’»)]」』）】〉》›"
_OPENING_MARKS = "\"'“‘„‚«([「『（【〈《¿¡‹"

# A stop behind these ends no sentence unless the speaker pauses too.
# fmt: off
_ABBREVIATIONS = frozenset((
    # English
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "no", "gen", "col", "lt", "sgt",
    "capt", "rev", "hon", "gov", "sen", "rep", "inc", "ltd", "co", "corp", "dept", "est", "approx",
    "fig", "vol", "pp", "ed", "al", "etc", "cf",
    # Czech, Slovak, Polish
    "např", "tzv", "tj", "atd", "apod", "resp", "mj", "tzn", "č", "str", "ing", "mgr", "bc", "mudr",
    "judr", "phdr", "doc", "sv", "napr", "tzn", "np", "tzw", "itd", "ul", "im",
    # German, Dutch, Scandinavian
    "hr", "fr", "bzw", "usw", "ca", "nr", "z", "b", "d", "h", "u", "a", "s", "bspw", "evtl", "ggf",
    "inkl", "dhr", "mevr", "bijv", "bl", "kl", "osv",
    # French, Spanish, Portuguese, Italian
    "m", "mme", "mlle", "sra", "srta", "dra", "ud", "uds", "ex", "sig", "dott", "av", "pág", "núm",
    # Russian, Ukrainian
    "г", "гг", "т", "е", "др", "см", "ул", "им", "стр", "руб",
))
# Abbreviations that something always follows: their stop ends no sentence, however long the pause.
# The commonest, by language; "" is every language.
_ALWAYS_FOLLOWED: dict[str, frozenset[str]] = {
    "": frozenset(("mr", "mrs", "ms", "dr", "prof", "ing", "mgr", "mudr", "judr", "phdr", "rndr")),
    "en": frozenset((
        "mx", "messrs", "capt", "sgt", "lt", "cmdr", "e.g", "i.e", "cf", "vs", "viz", "approx",
        "vol", "pp",
    )),
    "cs": frozenset((
        "např", "tj", "tzv", "tzn", "mj", "resp", "popř", "příp", "event", "zejm", "cca", "nar",
        "č", "čp", "čj", "čl", "odst", "str", "kap", "tab", "p", "pí", "sv", "bc", "bca", "mga",
        "doc", "mvdr", "thdr", "paeddr", "plk", "pplk", "mjr", "kpt", "překl",
    )),
}
# Languages that write an ordinal number with a stop: "am 3. Mai", "3. května".
_ORDINAL_STOPS = frozenset((
    "de", "cs", "sk", "pl", "hu", "da", "no", "nn", "fi", "sl", "hr", "sr", "bs", "et", "lv", "is",
    "tr", "eu", "fo", "lb",
))
# fmt: on
_ORDINAL = re.compile(r"\d{1,3}\.\Z")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+\Z")  # "J.", "U.S."


def ends_sentence(word: str, following: str = "", *, language: str = "") -> bool:
    """Return whether a sentence ends behind `word`, as far as writing shows.

    following: the next word, if there is one. A lower-case one goes on with the sentence.
    Abbreviations, initials and, where the language writes them so, ordinal numbers end none.
    """
    bare = word.rstrip(CLOSING_MARKS)
    if not bare.endswith(SENTENCE_ENDS):
        return language == "el" and bare.endswith(_GREEK_QUESTION_MARKS)
    if following and _is_lower(following):
        return False
    return not (following and bare.endswith(".") and is_abbreviation(bare, language=language))


def is_abbreviation(word: str, *, language: str = "") -> bool:
    """Return whether the stop that ends `word` may be none of a sentence."""
    stripped = word.strip(CLOSING_MARKS + _OPENING_MARKS)
    if _INITIALS.match(stripped) or stripped.removesuffix(".").lower() in _ABBREVIATIONS:
        return True
    if is_always_followed(word, language=language):
        return True
    return language in _ORDINAL_STOPS and _ORDINAL.match(stripped) is not None


def is_always_followed(word: str, *, language: str = "") -> bool:
    """Return whether `word` is an abbreviation with its stop that is never a sentence's last."""
    stripped = word.strip(CLOSING_MARKS + _OPENING_MARKS)
    known = _ALWAYS_FOLLOWED[""] | _ALWAYS_FOLLOWED.get(language, frozenset())
    return stripped.endswith(".") and stripped.removesuffix(".").lower() in known


def ends_clause(word: str, *, language: str = "") -> bool:
    """Return whether a mark behind `word` divides, as a comma or a dash does."""
    is_marked = word.rstrip(CLOSING_MARKS).endswith((*CLAUSE_ENDS, *SENTENCE_ENDS))
    return is_marked and not is_always_followed(word, language=language)


def is_spaced(language: str) -> bool:
    """Return whether the language puts spaces between words; one that isn't known does."""
    return language not in _SPACELESS_LANGUAGES


def join_texts(texts: Iterable[str], *, language: str) -> str:
    """Return the texts as one, joined as the language joins words."""
    return (" " if is_spaced(language) else "").join(texts)


def is_spaced_between(before: str, after: str) -> bool:
    """Return whether running text has a space between these two texts.

    Decided by their writing, not by the language: a translation of Chinese has spaces.
    """
    if not before or not after:
        return False
    return not (is_spaceless(before[-1]) or is_spaceless(after[0]))


@lru_cache(maxsize=20_000)
def is_spaceless(character: str) -> bool:
    """Return whether the character is of a script without spaces between words."""
    code = ord(character)
    return any(code in block for block in _SPACELESS_BLOCKS)


def marks_clauses_by_spaces(word: str) -> bool:
    """Return whether `word` is of a script that has spaces only between clauses: Thai, Khmer …"""
    code = ord(word[-1]) if word else 0
    return any(code in block for block in _SPACE_ENDS_CLAUSE)


@lru_cache(maxsize=20_000)
def may_divide(before: str, after: str) -> bool:
    """Return whether a line may end between two characters that no space divides: of a script
    without spaces, and not before a mark that combines."""
    if unicodedata.category(after).startswith("M"):
        return False
    return is_spaceless(before) or is_spaceless(after)


def _is_lower(word: str) -> bool:
    first = word.lstrip(_OPENING_MARKS + "-–—…. ")[:1]
    return first.islower()
