"""Amounts as people read them, for any smallest unit of a currency."""

import pytest
from django.utils.translation import override

from billing.money import format_amount


@pytest.mark.parametrize(
    ("amount", "currency", "language", "shown"),
    [
        (1_999, "USD", "en", "19.99"),
        (123_456_700, "eur", "en", "1,234,567.00"),
        (123_456_700, "CZK", "cs", "1\xa0234\xa0567,00"),
        (1_500, "JPY", "en", "1,500"),
        (-300, "KRW", "en", "-300"),
        (12_340, "KWD", "en", "12.340"),
        (0, "USD", "en", "0.00"),
    ],
)
def test_an_amount_is_shown_in_whole_units(
    amount: int, currency: str, language: str, shown: str
) -> None:
    with override(language):
        assert format_amount(amount, currency) == shown
