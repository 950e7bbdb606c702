"""English text as sentences of phonemes, in the alphabet of misaki and Kokoro.

By `hibari-tts` (Apache-2.0), whose package has the dictionary, the rules for numbers, dates, units
and abbreviations, and a network for words that no dictionary has; nothing of espeak-ng (GPL) is in
it. What is ours is what it leaves open: bounds on what it reads at once, and refusing what it would
drop without a word.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from inference_service.engines.voice.engine import NothingToSpeakError, UnreadableTextError

if TYPE_CHECKING:
    from hibari.g2p import G2P

# A sentence of the reader, and what it makes of it: Kokoro's style is chosen by length and its
# context holds 510 phonemes; hibari splits at 400, too.
MAX_SENTENCE_CHARACTERS = 600
MAX_PHONEMES = 400
_LONGEST_WORD = 60  # a longer one is read in parts: the network for new words cuts without a word
_LINE_ENDS = re.compile(r"\s*\n\s*")
_CLAUSE_ENDS = re.compile(r"(?<=[,;:—])\s+")
_LONG_RUN = re.compile(rf"\S{{{_LONGEST_WORD}}}(?=\S)")
# Words that are joined by signs cost the square of their number to read: addresses come apart.
_JOINED = re.compile(r"\S{25,}")
_AFTER_SIGN = re.compile(r"(?<=[^\w\s'’])(?=\w)|(?<=\d)(?=[^\W\d])")
_LONG_NUMBER = re.compile(r"\d{16,}")  # read digit by digit: beyond, there are no words for it
_MOST_NAMED = 5
_MOST_SHOWN = 60


class EnglishReader:
    """Thread-safe. The dictionary is read at the first sentence: 2 s of one core, 130 MB."""

    def __init__(self, *, is_british: bool = False) -> None:
        self._is_british = is_british
        self._lock = threading.Lock()

    def split(self, text: str) -> list[str]:
        """Return the sentences of a text, each of `MAX_SENTENCE_CHARACTERS` at most.

        Raises UnreadableTextError where it has letters of another script than Latin,
        NothingToSpeakError where it has neither letters nor digits.
        """
        from hibari.tts import Hibari

        text = unicodedata.normalize("NFC", text)
        _check_letters(text)
        broken = _LONG_NUMBER.sub(lambda digits: " ".join(digits[0]), text)
        broken = _JOINED.sub(lambda run: _AFTER_SIGN.sub(" ", run[0]), broken)
        broken = _LONG_RUN.sub(lambda run: f"{run[0]} ", broken)
        sentences = [
            part
            for sentence in Hibari.split_sentences(_LINE_ENDS.sub("\n", broken))
            for part in _wrap(sentence.strip(), at_most=MAX_SENTENCE_CHARACTERS)
            if any(character.isalnum() for character in part)
        ]
        if not sentences:
            raise NothingToSpeakError("The text has nothing that can be spoken.")
        return sentences

    def split_readable(self, text: str) -> list[str]:
        """`split`, once all of the text has been read: so it is refused before any is spoken."""
        sentences = self.split(text)
        phonemes = [self.read(sentence) for sentence in sentences]
        if not any(phonemes):
            raise NothingToSpeakError("The text has nothing that can be spoken.")
        return sentences

    def read(self, sentence: str) -> list[str]:
        """Return the phonemes of a sentence, in parts of `MAX_PHONEMES` at most; often one.

        About a millisecond; none where nothing in it is spoken. Raises UnreadableTextError.
        """
        try:
            with self._lock:
                phonemes = self._g2p(sentence)
        except (IndexError, KeyError, ValueError, TypeError, AttributeError) as error:
            # Of hibari 0.2.1, for numbers and combinations of signs that it has no words for.
            raise UnreadableTextError(
                f"This can't be read aloud: “{sentence[:_MOST_SHOWN]}”. Write it in words."
            ) from error
        return [part for part in _wrap(phonemes.strip(), at_most=MAX_PHONEMES) if part]

    @cached_property
    def _g2p(self) -> "G2P":
        from hibari.g2p import G2P

        return G2P(british=self._is_british)


def _check_letters(text: str) -> None:
    if not any(character.isalnum() for character in text):
        raise NothingToSpeakError("The text has nothing that can be spoken.")
    foreign = dict.fromkeys(
        character for character in text if character.isalpha() and not _is_latin(character)
    )
    if foreign:
        named = " ".join(list(foreign)[:_MOST_NAMED])
        raise UnreadableTextError(
            f"This voice reads Latin letters; the text has others: {named}. Send text in English."
        )


def _is_latin(character: str) -> bool:
    if character.isascii():
        return True
    name = unicodedata.name(character, "")
    return name.startswith(("LATIN", "FEMININE ORDINAL", "MASCULINE ORDINAL", "MICRO SIGN"))


def _wrap(text: str, *, at_most: int) -> Iterator[str]:
    """Yield the text in parts: cut at the ends of clauses, else at spaces, else anywhere."""
    while len(text) > at_most:
        cut = _find_cut(text, at_most)
        yield text[:cut].strip()
        text = text[cut:].lstrip()
    yield text


def _find_cut(text: str, at_most: int) -> int:
    ends = [match.end() for match in _CLAUSE_ENDS.finditer(text, 0, at_most)]
    if ends and ends[-1] > at_most // 4:
        return ends[-1]
    space = text.rfind(" ", 0, at_most)
    return space if space > 0 else at_most
