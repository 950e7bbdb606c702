"""Sentences of refusals in the language of who reads them.

A refusal is raised, logged and stored in English (`ApiError`), by code that doesn't know its
reader. Where it is written into an answer or a page, `translate_refusal` finds the sentence in
`locale/<language>/refusals.json`; there `{}` stands for what the sentence was filled in with, so
that raising takes no template. A sentence without a translation stays English.

Clients that name no language (`Accept-Language`) get English; a `code` is never translated.
"""

import json
import re
from functools import lru_cache
from pathlib import Path

from django.utils.translation import get_language, gettext

_LOCALES = Path(__file__).resolve().parent.parent / "locale"
_PLACE = "{}"


def translate_refusal(sentence: str) -> str:
    """Return the sentence in the language now active, or as it is where it has no translation."""
    language = (get_language() or "en").partition("-")[0]
    if language == "en" or not sentence:
        return sentence
    translated = gettext(sentence)  # those that pages have anyway
    return translated if translated != sentence else _find(sentence, language)


def read_refusals(language: str) -> dict[str, str]:
    """Return the translations by their English sentences."""
    path = _LOCALES / language / "refusals.json"
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return found


@lru_cache(maxsize=512)
def _find(sentence: str, language: str) -> str:
    exact, patterns = _catalogue(language)
    if sentence in exact:
        return exact[sentence]
    for pattern, translation in patterns:
        if found := pattern.fullmatch(sentence):
            return translation.format(*(translate_refusal(value) for value in found.groups()))
    return sentence


@lru_cache(maxsize=4)
def _catalogue(language: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Return the sentences without places, and the others: those that say the most first."""
    sentences = read_refusals(language)
    exact = {english: text for english, text in sentences.items() if _PLACE not in english}
    patterns = [
        (re.compile("(.*?)".join(map(re.escape, english.split(_PLACE))), re.DOTALL), text)
        for english, text in sorted(sentences.items(), key=lambda each: -len(each[0]))
        if _PLACE in english
    ]
    return exact, patterns
