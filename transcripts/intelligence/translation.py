"""Texts into another language: sentence by sentence, what lies between them as it was."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stt_web.core.errors import ApiError
from transcripts.intelligence.engines import TextEngines
from transcripts.intelligence.source import identify_language, read_text
from transcripts.text.languages import LANGUAGE_NAMES

AUTO = "auto"


@dataclass
class TranslatedText:
    """`untranslated`: sentences that came back as they were, with their place and the reason."""

    text: str
    source: str
    untranslated: list[dict[str, Any]] = field(default_factory=list)


def translate_texts(
    texts: Sequence[str], engines: TextEngines, *, source: str, target: str, model: str = ""
) -> tuple[list[TranslatedText], str]:
    """Return the translations and the model that made them; empty where nothing had to be.

    source: a code, or `auto`: recognised for each text.
    """
    translated: list[TranslatedText] = []
    ran = ""
    for text in texts:
        language = identify_language(text) if source == AUTO else source
        if language == target or not text.strip():
            translated.append(TranslatedText(text, language))
            continue
        sentences = read_text(text, language=language).sentences
        answer = engines.translate(
            [sentence.text for sentence in sentences], source=language, target=target, model=model
        )
        ran = answer.model or ran
        made = TranslatedText("", language)
        parts, position = [], 0
        for sentence, each in zip(sentences, answer.sentences, strict=True):
            parts += [text[position : sentence.start], each.text]
            position = sentence.end
            if not each.is_translated and each.reason != "no_words":
                made.untranslated.append(
                    {
                        "text": sentence.text,
                        "characters": [sentence.start, sentence.end],
                        "reason": each.reason,
                    }
                )
        made.text = "".join([*parts, text[position:]])
        translated.append(made)
    return translated, ran


def read_code(code: str, *, name: str) -> str:
    """Return the language code of a request, in its usual form. Raises ApiError."""
    cleaned = code.strip().replace("_", "-")
    base = cleaned.split("-")[0].lower()
    is_code = 2 <= len(base) <= 3 and base.isalpha() and len(cleaned) <= 20
    names = {spoken: known for known, spoken in LANGUAGE_NAMES.items()}
    if cleaned.lower() in names:
        return names[cleaned.lower()]
    if not is_code:
        raise ApiError(
            f"{name} must be a language code such as en, cs or pt-BR, not {code[:40]!r}.",
            code="unknown_language",
        )
    return base if len(cleaned) == len(base) else f"{base}{cleaned[len(base) :]}"
