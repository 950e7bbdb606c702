"""How many words a transcript gets wrong: substituted, deleted, inserted."""

from collections.abc import Iterable
from dataclasses import dataclass

import jiwer
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

# Written without spaces: each character counts as a word.
_BY_CHARACTER = frozenset({"ja", "zh", "th", "lo", "my", "yue"})
_english = EnglishTextNormalizer()
_any_language = BasicTextNormalizer()


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Counts over one text or several. `words` are those of the reference, normalised."""

    words: int
    substituted: int
    deleted: int
    inserted: int

    @property
    def rate(self) -> float:
        """The word error rate: 0 is perfect, and it may pass 1."""
        return (self.substituted + self.deleted + self.inserted) / max(1, self.words)

    def __add__(self, other: "WordErrors") -> "WordErrors":
        return WordErrors(
            self.words + other.words,
            self.substituted + other.substituted,
            self.deleted + other.deleted,
            self.inserted + other.inserted,
        )


def count_word_errors(reference: str, hypothesis: str, *, language: str = "en") -> WordErrors:
    """Compare two texts after Whisper's own normalisation (Radford et al. 2022, appendix C)."""
    spoken, recognised = (
        normalise(reference, language=language),
        normalise(hypothesis, language=language),
    )
    if not spoken:
        return WordErrors(0, 0, 0, len(recognised.split()))
    measured = jiwer.process_words(spoken, recognised)
    return WordErrors(
        words=measured.hits + measured.substitutions + measured.deletions,
        substituted=measured.substitutions,
        deleted=measured.deletions,
        inserted=measured.insertions,
    )


def sum_word_errors(each: Iterable[WordErrors]) -> WordErrors:
    return sum(each, start=WordErrors(0, 0, 0, 0))


def normalise(text: str, *, language: str = "en") -> str:
    """Return the words that count, with single spaces between: numbers, spelling, case alike."""
    if language == "en":
        return " ".join(_english(text).split())
    plain = _any_language(text)
    if language in _BY_CHARACTER:
        return " ".join("".join(plain.split()))
    return " ".join(plain.split())
