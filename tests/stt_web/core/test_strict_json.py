"""JSON that we take, and JSON that is refused before a view sees it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_web.core.strict_json import MAX_DEPTH, StrictJsonError, find_unstorable, parse_json


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (r'{"a": "\ud800"}', "lone surrogate"),
        (r'{"a": ["x", {"b": "\udfff\ud800"}]}', "lone surrogate"),
        (r'{"\ud800": 1}', "lone surrogate"),
        (r'"\u0000"', "NUL"),
        (r'{"a\u0000": 1}', "NUL"),
        ("[NaN]", "NaN is not JSON"),
        ("[-Infinity]", "-Infinity is not JSON"),
        ("[1e400]", "number that is too large"),
        ("[-1e400]", "number that is too large"),
        ("[9223372036854775808]", "number that is too large"),
        ("[-9223372036854775808]", "number that is too large"),
        ("9" * 5_000, "number that is too large"),
        ("-" + "9" * 2_000_000, "number that is too large"),
        ("[" * (MAX_DEPTH + 1) + "1" + "]" * (MAX_DEPTH + 1), "nested"),
        ("[" * 1_000_000, "nested"),
        ('{"a":' * 200_000, "nested"),
        ("", "Expecting value"),
        ('{"a": 1', "Expecting"),
    ],
)
def test_what_could_not_be_stored_or_sent_back_is_refused(text: str, reason: str) -> None:
    with pytest.raises(StrictJsonError, match=reason) as refused:
        parse_json(text)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83d\ude00"', "\U0001f600"),
        (
            "[1.5, -0.0, 9223372036854775807, 1e308, null, true]",
            [1.5, -0.0, 2**63 - 1, 1e308, None, True],
        ),
        ("[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH, None),
        ('{"' + "[" * 100 + '": "\\\\u0000"}', {"[" * 100: "\\u0000"}),
    ],
)
def test_what_json_is_for_passes(text: str, value: object) -> None:
    parsed = parse_json(text)
    assert value is None or parsed == value


@given(st.text(st.characters()))
def test_text_is_storable_if_postgresql_and_utf_8_can_hold_it(text: str) -> None:
    is_storable = "\x00" not in text and not any("\ud800" <= each <= "\udfff" for each in text)
    assert (find_unstorable(text) == "") == is_storable
