"""Which translations are not trusted, and how codes of languages are matched."""

import pytest

from inference_service.engines.translation.guards import find_fault, has_words
from inference_service.engines.translation.languages import match_language

CS = "Rozpočet na druhé čtvrtletí schválili 23. března 2026."


@pytest.mark.parametrize(
    ("source", "translation", "expected"),
    [
        (CS, "They approved the second quarter's budget on 23 March 2026.", ""),
        ("Ano.", "Yes, I do.", ""),
        ("Tři lidé.", "3 people.", ""),
        ("Máme 5 lidí.", "We have five people.", ""),
        ("It costs 1,250 crowns.", "Stojí to 1 250 korun.", ""),
        ("Ha ha ha ha.", "Ha ha ha ha.", ""),
        ("予算は火曜日に承認されました。", "The budget was approved on Tuesday.", ""),
        ("The budget was approved on Tuesday.", "予算は火曜日に承認されました。", ""),
        (CS, "", "empty"),
        (CS, "  ", "empty"),
        (CS, "Yes.", "length"),
        ("Ano, schválili.", "They approved it. " * 4, "length"),
        (CS, "the the the the budget of 23 March 2026 was approved", "repetition"),
        (CS, "on 23 March on 23 March on 23 March on 23 March 2026 it was", "repetition"),
        (CS, "They approved the second quarter's budget on 24 March 2026.", "digits"),
        (CS, CS, "language"),
    ],
)
def test_a_translation_is_judged_by_its_source(
    source: str, translation: str, expected: str
) -> None:
    assert find_fault(source, translation) == expected


def test_numbers_and_signs_have_nothing_to_translate() -> None:
    assert not has_words("12:30 – 14 €")
    assert not has_words("♪ …")
    assert has_words("a 1")


@pytest.mark.parametrize(
    ("code", "known", "expected"),
    [
        ("cs", {"cs", "en"}, "cs"),
        ("cs-CZ", {"cs", "en"}, "cs"),
        ("pt_BR", {"pt", "pt-br"}, "pt-br"),
        ("nb", {"no"}, "no"),
        ("he", {"iw"}, "iw"),
        ("zh-Hant", {"zh"}, "zh"),
        ("sk", {"cs", "en"}, ""),
        ("", {"cs"}, ""),
        ("english", {"en"}, ""),
    ],
)
def test_a_code_is_matched_to_one_of_the_same_language(
    code: str, known: set[str], expected: str
) -> None:
    assert match_language(code, known) == expected
