"""Masking by rules: what it finds, what it leaves, and that words keep spelling their text."""

import pytest

from tests.transcripts.exports.documents import document, segment
from transcripts.exports.redaction import KINDS, redact_document
from transcripts.text.words import join_words


def masked(text: str, *kinds: str) -> str:
    made = document(segment(0, 9000, text, is_timed=True))
    return redact_document(made, kinds=kinds or KINDS).segments[0].text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to jan.novak+x@mail.example.cz.", "Write to [e-mail]."),
        ("Call +420 601 123 456, please.", "Call [phone number], please."),
        ("Call 601 123 456.", "Call [phone number]."),
        ("It is (020) 7946 0958.", "It is [phone number]."),
        ("Card 4111 1111 1111 1111 it is.", "Card [card number] it is."),
        ("Pay to CZ65 0800 0000 1920 0014 5399 now.", "Pay to [IBAN] now."),
        ("GB82WEST12345698765432", "[IBAN]"),
        ("Ping 10.0.0.5, please.", "Ping [IP address], please."),
        ("Rodné číslo 780123/3540.", "Rodné číslo [ID number]."),
        ("To account 19-2000145399/0800.", "To account [account number]."),
    ],
)
def test_what_the_rules_know_is_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It cost 1,250,000 in 2024.",
        "Card 4111 1111 1111 1112 fails its check.",
        "From 10:30 to 12:45 on 24.12.2025.",
        "Meet me @home at 5.",
        "Version 1.2.3.4, page 123456.",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert masked(text, "email", "card", "iban") == text
    if "4111" not in text:
        assert masked(text) == text


def test_only_what_was_asked_for_is_masked() -> None:
    assert masked("a@b.cz or 601 123 456", "email") == "[e-mail] or 601 123 456"


def test_words_still_make_up_the_text_and_retain_their_times() -> None:
    made = document(segment(0, 6000, "Call (601 123 456), please do.", is_timed=True))

    after = redact_document(made, kinds=KINDS).segments[0]

    assert join_words(after.words) == after.text
    assert after.text.endswith("please do.")
    assert (after.words[1].start_ms, after.words[1].end_ms) == (1000, 4000)
    assert "601" not in after.text


def test_names_and_the_title_are_masked_too() -> None:
    made = document(segment(0, 900, "Hi.", speaker="eve@b.cz"), title="For eve@b.cz")

    after = redact_document(made, kinds=KINDS)

    assert (after.title, after.speakers, after.segments[0].speaker_name) == (
        "For [e-mail]",
        ("[e-mail]",),
        "[e-mail]",
    )


def test_what_a_segments_end_cuts_in_two_is_masked_in_both() -> None:
    made = document(
        segment(0, 2000, "My number is 4111 1111", is_timed=True),
        segment(2000, 4000, "1111 1111 and no other.", is_timed=True),
    )

    first, second = redact_document(made, kinds=KINDS).segments

    assert first.text == "My number is [card number]"
    assert second.text == "[card number] and no other."
    assert join_words(second.words) == second.text


def test_names_that_were_given_to_speakers_are_masked_where_they_are_spoken() -> None:
    made = document(segment(0, 900, "Ask Vendelín.", speaker="Vendelín"))

    after = redact_document(made, kinds=("person",))

    assert after.segments[0].text == "Ask [name]."
    assert after.segments[0].speaker_name == "[name]"
    assert redact_document(made, kinds=("email",)) == made
