"""Languages as browsers, phones and people name them."""

import pytest

from transcripts.text.languages import LANGUAGE_NAMES, find_language


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("en", "en"), ("EN", "en"), ("en-US", "en"), ("es-419", "es"), ("pt_BR", "pt"),
        ("zh-Hant", "zh"), ("zh-TW", "zh"), ("zh-Hant-HK", "zh"), ("zh-yue", "yue"), ("yue", "yue"),
        ("sr-Latn-RS", "sr"), ("de-CH-1996", "de"), ("cs_CZ.UTF-8", "cs"), ("ca_ES@valencia", "ca"),
        ("iw", "he"), ("in", "id"), ("ji", "yi"), ("jv", "jw"), ("jw", "jw"), ("nb-NO", "no"),
        ("nn", "nn"), ("no", "no"), ("fil-PH", "tl"), ("cmn-Hans-CN", "zh"), ("deu", "de"),
        ("ger", "de"), ("haw", "haw"), ("english", "en"), ("Haitian  Creole", "ht"),
        ("Mandarin", "zh"), ("English (United States)", "en"), ("Deutsch", "de"), ("čeština", "cs"),
        ("ESPAÑOL", "es"), ("русский", "ru"), ("日本語", "ja"),
    ],
)  # fmt: skip
def test_a_language_is_found(named: str, code: str) -> None:
    assert find_language(named) == code


@pytest.mark.parametrize(
    "named", ["", "klingon", "xx", "xx-US", "en-", "-en", "en--US", "e", "en;", "e" * 5000, "auto"]
)
def test_what_names_no_language_is_none(named: str) -> None:
    assert find_language(named) is None


def test_each_of_whispers_languages_is_found_by_its_code_and_its_name() -> None:
    assert {code: find_language(code) for code in LANGUAGE_NAMES} == {c: c for c in LANGUAGE_NAMES}
    found = {name: find_language(name) for name in LANGUAGE_NAMES.values()}
    assert found == {name: code for code, name in LANGUAGE_NAMES.items()}
