"""Amounts of money: stored in a currency's smallest unit, as Stripe counts it, and shown in
whole."""

from decimal import Decimal

from django.utils.formats import number_format

# https://docs.stripe.com/currencies: those without, and those with three decimals. All others have
# two there, also UGX and ISK, which have none in ISO 4217.
_WITHOUT = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_WITH_THREE = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


def decimals_of(currency: str) -> int:
    """Return how many decimals the currency has with Stripe."""
    code = currency.upper()
    if code in _WITHOUT:
        return 0
    return 3 if code in _WITH_THREE else 2


def format_amount(amount_minor: int, currency: str) -> str:
    """Return the amount in whole units, as the active language writes it, without the currency.

    `amount_minor`: in the smallest unit (`price_cents`, in every currency).
    """
    decimals = decimals_of(currency)
    amount = Decimal(amount_minor).scaleb(-decimals)
    return number_format(amount, decimal_pos=decimals, force_grouping=True)
