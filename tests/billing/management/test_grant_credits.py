"""`manage.py grant_credits EMAIL N --reason WHY`: how credits come without payments."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing.audit import check_ledger
from billing.models import LedgerEntry
from billing.plans import account_for
from tests.accounts.people import create_person


def test_credits_are_granted_with_a_reason(db: None) -> None:
    person, out = create_person("owner@example.com"), StringIO()
    call_command("grant_credits", "Owner@Example.com", "30", "--reason", "a gift", stdout=out)
    assert out.getvalue() == "owner@example.com has 30 credits now.\n"
    entry = LedgerEntry.objects.get(account=account_for(person.user))
    assert (entry.kind, entry.amount, entry.reason) == ("grant", 30, "a gift")
    assert check_ledger() == []


def test_with_a_reference_they_are_granted_once(db: None) -> None:
    person = create_person("owner@example.com")
    for _ in range(2):
        call_command(
            "grant_credits", "owner@example.com", "5", "--reason", "r", "--reference", "invoice 7"
        )
    assert account_for(person.user).credits_available == 5
    with pytest.raises(CommandError, match="stands for another grant"):
        call_command(
            "grant_credits", "owner@example.com", "6", "--reason", "r", "--reference", "invoice 7"
        )


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        (["eve@example.com", "5", "--reason", "r"], "no account"),
        (["owner@example.com", "0", "--reason", "r"], "1 or more"),
        (["owner@example.com", "-5", "--reason", "r"], "1 or more|required|unrecognized"),
        (["owner@example.com", "many", "--reason", "r"], "invalid int value"),
        (["owner@example.com", "5"], "--reason"),
        (["owner@example.com", "5", "--reason", " "], "Say why"),
    ],
)
def test_bad_arguments_grant_nothing(db: None, arguments: list[str], out: str) -> None:
    create_person("owner@example.com")
    with pytest.raises(CommandError, match=out):
        call_command("grant_credits", *arguments)
    assert not LedgerEntry.objects.exists()
