"""A ledger that doesn't add up is found out, whichever figure drifted."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing.audit import check_ledger
from billing.ledger import place_hold, release_hold, settle_hold
from billing.models import Allowance, BillingAccount, Bucket, EntryKind, Hold, LedgerEntry
from tests.billing.conftest import MakeAccount

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def account(make_account: MakeAccount) -> BillingAccount:
    """An account with a job in every state."""
    account = make_account(credits=10, minutes=5)
    place_hold("held", account=account, minutes=6)
    place_hold("settled", account=account, minutes=4)
    settle_hold("settled", billed_ms=60_000)
    place_hold("released", account=account, minutes=2)
    release_hold("released")
    return account


def figures() -> list[str]:
    return sorted(found.figure for found in check_ledger())


def test_a_sound_ledger_has_no_discrepancies(account: BillingAccount) -> None:
    assert check_ledger() == []


def test_a_drifted_balance_is_found(account: BillingAccount) -> None:
    BillingAccount.objects.update(credits_available=9)
    (found,) = check_ledger()
    assert str(found) == f"account {account.pk}: credits is 9, its entries sum to 8"


def test_credits_without_any_entry_are_found(make_account: MakeAccount) -> None:
    account = make_account()
    BillingAccount.objects.filter(pk=account.pk).update(credits_available=1)
    assert figures() == ["credits"]


def test_drifted_minutes_of_a_month_are_found(account: BillingAccount) -> None:
    Allowance.objects.update(minutes_available=1)
    assert figures() == ["minutes_available"]


def test_minutes_that_were_never_granted_are_found(account: BillingAccount) -> None:
    Allowance.objects.update(minutes_granted=6)
    assert figures() == ["minutes_granted"]


@pytest.mark.parametrize("reference", ["held", "settled"])
def test_a_hold_that_its_entries_do_not_explain_is_found(
    account: BillingAccount, reference: str
) -> None:
    Hold.objects.filter(reference=reference).update(credit_minutes=7, settled_credit_minutes=7)
    assert figures() == ["credits taken"]


def test_an_entry_that_nothing_explains_is_found(account: BillingAccount) -> None:
    hold = Hold.objects.get(reference="released")
    LedgerEntry.objects.create(
        account=account,
        bucket=Bucket.CREDITS,
        hold=hold,
        kind=EntryKind.REFUND,
        amount=1,
        reference="slipped in",
    )
    assert figures() == ["credits", "credits taken"]


def test_the_command_states_that_all_is_well(account: BillingAccount) -> None:
    out = StringIO()
    call_command("check_ledger", stdout=out)
    assert out.getvalue() == "Every balance is the sum of its entries.\n"


def test_the_command_fails_and_names_what_drifted(account: BillingAccount) -> None:
    BillingAccount.objects.update(credits_available=9)
    err = StringIO()
    with pytest.raises(CommandError, match="1 figures"):
        call_command("check_ledger", stderr=err)
    assert f"account {account.pk}: credits is 9" in err.getvalue()
