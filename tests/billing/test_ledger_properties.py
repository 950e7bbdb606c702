"""For any operations in any order, the ledger agrees with a model that fits on a page."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from billing.audit import check_ledger
from billing.ledger import (
    NoCreditsError,
    extend_hold,
    grant_credits,
    place_hold,
    read_balance,
    release_hold,
    settle_hold,
)
from tests.billing.conftest import create_account

MONTHLY_MINUTES = 7
MONTHS = [datetime(2026, month, 15, tzinfo=UTC) for month in (1, 2)]
small = st.integers(min_value=0, max_value=9)
moments = st.sampled_from(MONTHS)


@dataclass
class ExpectedHold:
    month: datetime
    allowance: int = 0
    credits: int = 0
    is_open: bool = True


class LedgerMachine(RuleBasedStateMachine):
    """One account and its jobs over two months; every movement may be asked for again."""

    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.account = create_account(minutes=MONTHLY_MINUTES)
        self.credits = 0
        self.minutes = dict.fromkeys(MONTHS, MONTHLY_MINUTES)
        self.expected: dict[str, ExpectedHold] = {}
        self.granted = 0
        self.charged_credits = 0

    @rule(amount=st.integers(min_value=1, max_value=9), times=st.integers(1, 2))
    def grant(self, amount: int, times: int) -> None:
        reference = uuid.uuid4().hex
        for _ in range(times):
            grant_credits(self.account, amount=amount, reference=reference, reason="test")
        self.credits += amount
        self.granted += amount

    @rule(target=holds, minutes=small, now=moments)
    def hold(self, minutes: int, now: datetime) -> str:
        reference = uuid.uuid4().hex
        expected = ExpectedHold(month=now)
        if self.take(expected, minutes):
            place_hold(reference, account=self.account, minutes=minutes, now=now)
            self.expected[reference] = expected
            return reference
        with pytest.raises(NoCreditsError):
            place_hold(reference, account=self.account, minutes=minutes, now=now)
        return reference

    @rule(reference=holds, minutes=small, now=moments)
    def hold_again(self, reference: str, minutes: int, now: datetime) -> None:
        if reference in self.expected:
            place_hold(reference, account=self.account, minutes=minutes, now=now)

    @rule(reference=holds, total=st.integers(0, 15), now=moments, times=st.integers(1, 2))
    def extend(self, reference: str, total: int, now: datetime, times: int) -> None:
        expected = self.expected.get(reference)
        if expected is None:
            return
        missing = total - expected.allowance - expected.credits
        is_possible = expected.is_open and (missing <= 0 or self.take(expected, missing))
        for _ in range(times):
            assert extend_hold(reference, total_minutes=total, now=now) == is_possible

    @rule(reference=holds, billed_ms=st.integers(0, 900_000), now=moments)
    def settle(self, reference: str, billed_ms: int, now: datetime) -> None:
        expected = self.expected.get(reference)
        if expected is None:
            return
        charge = settle_hold(reference, billed_ms=billed_ms, now=now)
        if expected.is_open:
            minutes = min((billed_ms + 59_999) // 60_000, expected.allowance + expected.credits)
            assert charge.minutes == minutes
            self.give_back(expected, charged=minutes)

    @rule(reference=consumes(holds), now=moments)
    def release(self, reference: str, now: datetime) -> None:
        expected = self.expected.get(reference)
        is_open = expected is not None and expected.is_open
        assert release_hold(reference, now=now) == is_open
        if expected is not None and is_open:
            self.give_back(expected, charged=0)

    def take(self, expected: ExpectedHold, minutes: int) -> bool:
        from_allowance = min(minutes, self.minutes[expected.month])
        from_credits = minutes - from_allowance
        if from_credits > self.credits:
            return False
        self.minutes[expected.month] -= from_allowance
        self.credits -= from_credits
        expected.allowance += from_allowance
        expected.credits += from_credits
        return True

    def give_back(self, expected: ExpectedHold, *, charged: int) -> None:
        paid_minutes = min(charged, expected.allowance)
        self.minutes[expected.month] += expected.allowance - paid_minutes
        self.credits += expected.credits - (charged - paid_minutes)
        self.charged_credits += charged - paid_minutes
        expected.is_open = False

    @invariant()
    def balances_are_as_expected(self) -> None:
        for month in MONTHS:
            balance = read_balance(self.account, now=month)
            assert (balance.credits, balance.minutes_left) == (self.credits, self.minutes[month])

    @invariant()
    def no_credit_appears_or_is_lost(self) -> None:
        held = sum(hold.credits for hold in self.expected.values() if hold.is_open)
        assert self.granted == self.credits + held + self.charged_credits

    def teardown(self) -> None:
        assert check_ledger() == []


@pytest.mark.database
@pytest.mark.django_db
def test_the_ledger_agrees_with_its_model_in_every_order() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
