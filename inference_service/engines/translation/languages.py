"""Codes of languages, as clients send them and as models know them."""

from collections.abc import Collection

# Codes that name the same language, or whose text readers of the other take.
_ALIASES = {
    "nb": ("no", "nn"),
    "nn": ("no", "nb"),
    "no": ("nb", "nn"),
    "iw": ("he",),
    "he": ("iw",),
    "in": ("id",),
    "id": ("in",),
    "fil": ("tl",),
    "tl": ("fil",),
    "cmn": ("zh",),
    "ji": ("yi",),
}
NAMES = {
    "cs": "Czech",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "pl": "Polish",
}


def match_language(code: str, known: Collection[str]) -> str:
    """Return the known code that `code` (BCP 47) means; empty where there is none.

    `cs-CZ` is `cs`, `nb` is `no` where only that is known; a language is never taken for another.
    """
    parts = code.strip().replace("_", "-").lower().split("-")
    base = parts[0]
    lowered = {each.replace("_", "-").lower(): each for each in known}
    candidates = ("-".join(parts), "-".join(parts[:2]), base, *_ALIASES.get(base, ()))
    return next((lowered[each] for each in candidates if each in lowered), "")
