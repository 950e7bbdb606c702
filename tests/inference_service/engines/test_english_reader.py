"""English text as phonemes: bounded, and nothing dropped without a word."""

import pytest

from inference_service.engines.voice.engine import NothingToSpeakError, UnreadableTextError
from inference_service.engines.voice.english import (
    MAX_PHONEMES,
    MAX_SENTENCE_CHARACTERS,
    EnglishReader,
)


@pytest.fixture(scope="module")
def reader() -> EnglishReader:
    return EnglishReader()


def test_sentences_end_where_people_end_them(reader: EnglishReader) -> None:
    text = "Dr. Smith met J. K. Rowling at 7:30 in Main Street. He paid $9.99.\n\nThank you!"

    sentences = reader.split(text)

    assert sentences == [
        "Dr. Smith met J. K. Rowling at 7:30 in Main Street.",
        "He paid $9.99.",
        "Thank you!",
    ]


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("Hello there.", "həlˈO ðˈɛɹ."),
        ("Dr. Smith", "dˈɑktəɹ smˈɪθ"),
        ("$9.99", "nˈIn dˈɑləɹz ænd nˈIndi nˈIn sˈɛnts"),
    ],
)
def test_words_numbers_and_abbreviations_are_read_as_people_read_them(
    reader: EnglishReader, text: str, phonemes: str
) -> None:
    assert reader.read(text) == [phonemes]


@pytest.mark.parametrize(
    "text",
    ["a" * 5_000, "1" * 5_000, "1," * 2_500, "a-" * 2_500, "1a" * 2_500, "word " * 1_000],
    ids=["letters", "digits", "number list", "hyphens", "mixed", "no stop"],
)
def test_text_of_any_shape_is_read_in_bounded_parts(reader: EnglishReader, text: str) -> None:
    sentences = reader.split(text)

    assert max(map(len, sentences)) <= MAX_SENTENCE_CHARACTERS
    for part in reader.read(sentences[0]):
        assert 0 < len(part) <= MAX_PHONEMES


@pytest.mark.parametrize("text", ["日本語", "Привет", "Hello мир", "שלום"])
def test_letters_of_another_script_are_refused_and_named(reader: EnglishReader, text: str) -> None:
    with pytest.raises(UnreadableTextError, match="others: "):
        reader.split(text)


@pytest.mark.parametrize("text", ["", " \n ", "!!! ...", "😀"])
def test_a_text_without_letters_or_digits_has_nothing_to_speak(
    reader: EnglishReader, text: str
) -> None:
    with pytest.raises(NothingToSpeakError):
        reader.split(text)


def test_names_with_accents_are_read(reader: EnglishReader) -> None:
    assert reader.read("Příliš žluťoučký kůň.")
