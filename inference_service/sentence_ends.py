"""Where a sentence ends, as far as a word's writing shows; for live text and made speech.

A full stop is the one mark that is not always an end. `_ALWAYS_FOLLOWED` are abbreviations that a
sentence never ends with (CLDR's sentence-break suppressions, shortened to what is said); "etc." and
"p.m." may end one, and the next word's first letter decides. The web tier has a longer list of its
own (`transcripts/text/writing.py`): the tiers share no code.
"""

import re

_MARKS = (".", "?", "!", "…", "。", "！", "？", "｡", "।", "؟")
_TRAILING_OFF = ("...", "…")
_CLOSING = " \"'“”‘’»«)]}」』"
_OPENING = "\"'“„‘‚«»([{「『¿¡"
# By ISO 639-1; "": in every language. In lower case, without the last stop.
# fmt: off
_ALWAYS_FOLLOWED: dict[str, frozenset[str]] = {
    "": frozenset(("mr", "mrs", "ms", "dr", "prof", "ing", "mgr", "mudr", "judr")),
    "en": frozenset(("e.g", "i.e", "vs", "st", "capt", "sgt", "lt", "gen", "messrs", "approx")),
    "cs": frozenset((
        "např", "tj", "tzv", "tzn", "mj", "resp", "popř", "příp", "zejm", "č", "str", "odst", "čl",
        "sv", "bc", "doc", "p", "plk", "kpt",
    )),
    "sk": frozenset(("napr", "tj", "tzv", "tzn", "resp", "č", "str", "sv", "doc", "p")),
    "de": frozenset(("z.b", "d.h", "bzw", "hr", "fr", "nr", "ggf", "evtl", "inkl", "bspw", "vgl")),
    "pl": frozenset(("np", "tzn", "tzw", "tj", "ul", "św")),
    "fr": frozenset(("mme", "mlle", "p.ex")),
    "es": frozenset(("sr", "sra", "srta", "ud", "uds", "p.ej")),
    "it": frozenset(("sig", "dott", "sig.ra", "es")),
}
# fmt: on
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+\Z")  # "J.", "U.S."


def ends_sentence(word: str, following: str = "", *, language: str = "") -> bool:
    """Return whether a sentence ends behind `word`.

    following: the next word, where it is known: after a stop a lower-case one goes on with the
    sentence, and after initials any does. language: ISO 639-1, of `word`; empty: unknown.
    """
    bare = word.rstrip(_CLOSING)
    if not bare.endswith("."):
        return bare.endswith(_MARKS)
    stripped = bare.lstrip(_OPENING)
    known = _ALWAYS_FOLLOWED[""] | _ALWAYS_FOLLOWED.get(language, frozenset())
    if stripped.removesuffix(".").lower() in known:
        return False
    first = following.lstrip(_OPENING)[:1]
    return not first or not (first.islower() or _INITIALS.match(stripped))


def trails_off(word: str) -> bool:
    """Return whether it ends with dots: the speaker may go on."""
    return word.rstrip(_CLOSING).endswith(_TRAILING_OFF)
