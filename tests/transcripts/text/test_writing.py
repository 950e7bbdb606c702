"""What ends a sentence, and where no space belongs."""

import re

import pytest

from transcripts.text.writing import (
    SPACELESS_LETTERS,
    ends_clause,
    ends_sentence,
    is_always_followed,
    is_spaced_between,
    is_spaceless,
    join_texts,
)


@pytest.mark.parametrize(
    "word", ["end.", "end?", "end!”", "end.)", "end…", "终。", "终？", "است؟", "ہے۔", "है।", "ნა."]
)
def test_a_mark_at_the_end_ends_a_sentence(word: str) -> None:
    assert ends_sentence(word)


@pytest.mark.parametrize(
    ("word", "following"),
    [("no,", "Then"), ("Dr.", "Watson"), ("D.", "Smith"), ("U.S.", "Army"), ("end.", "goes")],
)
def test_what_goes_on_ends_no_sentence(word: str, following: str) -> None:
    assert not ends_sentence(word, following)


@pytest.mark.parametrize(
    ("word", "language", "expected"),
    [
        ("Mr.", "", True),
        ("(Dr.", "cs", True),
        ("e.g.", "en", True),
        ("např.", "cs", True),
        ("např.", "en", False),
        ("doc.", "en", False),
        ("etc.", "en", False),
        ("Mr", "en", False),
    ],
)
def test_something_always_follows_titles_and_what_announces(
    word: str, language: str, expected: bool
) -> None:
    assert is_always_followed(word, language=language) is expected
    assert ends_clause(word, language=language) is (not expected and word.endswith("."))


def test_greek_asks_with_a_semicolon() -> None:
    assert ends_sentence("ναι;", "Όχι", language="el")
    assert not ends_sentence("yes;", "No", language="en")


def test_spaces_go_by_the_script_not_by_the_language() -> None:
    assert is_spaced_between("end.", "Next")
    assert is_spaced_between("끝.", "다음")
    assert not is_spaced_between("终。", "下")
    assert not is_spaced_between("ครับ", "สวัสดี")


@pytest.mark.parametrize(
    ("language", "joined"), [("cs", "a b"), ("", "a b"), ("km", "ab"), ("yue", "ab")]
)
def test_texts_are_joined_as_their_language_joins_words(language: str, joined: str) -> None:
    assert join_texts(["a", "b"], language=language) == joined


def test_every_letter_without_spaces_is_of_a_script_without_spaces() -> None:
    letters = re.compile(f"[{SPACELESS_LETTERS}]")
    found = [chr(code) for code in range(0x110000) if letters.match(chr(code))]

    assert {"字", "ก", "か"} <= set(found)
    assert all(map(is_spaceless, found))
