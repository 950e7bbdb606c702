"""PiiItem and masking: what wins, what is asked for, and where spoken forms lie."""

import pytest

from transcripts.pii.find import find_personal_data, mask
from transcripts.pii.kinds import PiiKind


def found(text: str, *, language: str = "en", **options: object) -> list[tuple[str, str]]:
    findings = find_personal_data(text, language=language, **options)  # type: ignore[arg-type]
    return [(finding.kind.value, text[finding.start : finding.end]) for finding in findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ping 192.168.10.24.", [("IP", "192.168.10.24")]),
        ("Rodné číslo 780123/3540.", [("ID", "780123/3540")]),
        ("Účet 19-2000145399/0800.", [("ACCOUNT", "19-2000145399/0800")]),
        ("Objednávka 602 123 456.", []),
    ],
)
def test_what_is_no_telephone_number_is_not_taken_for_one(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert found(text, language="cs") == expected


def test_a_kind_that_is_not_asked_for_gives_its_characters_to_no_other() -> None:
    assert found("Card 4111 1111 1111 1111.", kinds=[PiiKind.PHONE]) == []
    assert found("a@b.cz, 10.0.0.5", kinds=[PiiKind.IP]) == [("IP", "10.0.0.5")]


def test_a_spoken_address_is_found_where_it_is_spoken() -> None:
    text = (
        "her email is j dot smith at gmail dot com, call four one five five five five two six seven"
        " one"
    )
    assert found(text) == [
        ("EMAIL", "j dot smith at gmail dot com"),
        ("PHONE", "four one five five five five two six seven one"),
    ]


def test_numbers_that_are_spoken_in_hundreds_are_read_as_czechs_speak_them() -> None:
    text = "volejte šest set dva, sto dvacet tři, čtyři sta padesát šest"
    assert found(text, language="cs") == [
        ("PHONE", "šest set dva, sto dvacet tři, čtyři sta padesát šest")
    ]


def test_a_speaker_is_found_by_name_in_every_case() -> None:
    text = "Zeptej se Vendelína, Vendelínovi to řekni."
    names = ["Vendelín Kos", "Speaker 1"]
    assert found(text, language="cs", names=names) == [
        ("PERSON", "Vendelína"),
        ("PERSON", "Vendelínovi"),
    ]
    assert found(text, language="cs") == []


def test_masking_leaves_the_rest_as_it_was() -> None:
    text = "Write to a@b.cz or call +420 601 123 456 now."
    assert mask(text, find_personal_data(text)) == ("Write to [e-mail] or call [phone number] now.")


def test_what_was_masked_is_not_found_again() -> None:
    text = "Anna Smith, a@b.cz, 4111 1111 1111 1111, 10 Downing Street, born on 3 May 1990"
    masked = mask(text, find_personal_data(text, language="en"))
    assert find_personal_data(masked, language="en") == []
    assert masked.count("[") == 5
