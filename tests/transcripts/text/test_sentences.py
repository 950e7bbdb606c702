"""Where sentences end in a text without times, and where a stop is only an abbreviation's."""

import pytest

from transcripts.text.sentences import list_sentences, split_sentences

ENGLISH = (
    "Yesterday Mr. Smith met Dr. Brown and Ms. Jones.",
    "They ate, e.g. apples, i.e. Cox's Orange Pippins.",
    "Prof. Lee, Ph.D., reads vol. Three of approx. Forty.",
    "J. R. Miller came at 5 p.m.",
    "So do I.",
    "Then they left.",
)
CZECH = (
    "Včera přišel Mr. Smith, MUDr. Nováková a mjr. Dvořák.",
    "Koupili např. Škodu, tj. Fabii, od p. Malého.",
    "Ing. Malý, Ph.D., bydlí v č. p. 5, viz str. 3.",
    "Podle čl. V a odst. Dva mluvil J. Novák.",
    "Sejdeme se 3. května.",
    "Pak šli domů.",
)


@pytest.mark.parametrize(("sentences", "language"), [(ENGLISH, "en"), (CZECH, "cs")])
def test_the_stop_of_an_abbreviation_ends_no_sentence(
    sentences: tuple[str, ...], language: str
) -> None:
    text = " ".join(sentences)

    assert tuple(list_sentences(text, language)) == sentences
    places = split_sentences(text, language)
    assert tuple(text[start:end] for start, end in places) == sentences
    assert tuple(list_sentences(text, f"{language}-XX")) == sentences


def test_titles_are_known_in_languages_whose_abbreviations_are_not() -> None:
    assert list_sentences("Dr. Dupont est venu. Il est parti.", "fr") == [
        "Dr. Dupont est venu.",
        "Il est parti.",
    ]


def test_only_what_is_to_be_cut_is_cut_where_it_is_long() -> None:
    text = "word " * 200
    assert list_sentences(text, "en") == [text.strip()]
    assert [end - start <= 400 for start, end in split_sentences(text, "en")] == [True] * 3
