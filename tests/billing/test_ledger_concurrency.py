"""No oversell under concurrency: threads here, 50 real processes on PostgreSQL."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

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
from billing.models import BillingAccount, Hold, HoldState
from tests.billing.conftest import create_account, run_at_once
from tests.services import postgresql_database

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.database


def try_hold(account: BillingAccount, *, reference: str, minutes: int) -> bool:
    try:
        place_hold(reference, account=account, minutes=minutes)
    except NoCreditsError:
        return False
    return True


def test_no_more_is_held_than_there_is_when_all_come_at_once(transactional_db: None) -> None:
    account = create_account(credits=10, minutes=7)
    held = run_at_once(
        partial(try_hold, account, reference=f"job-{n}", minutes=1) for n in range(40)
    )
    assert sum(held) == 17
    balance = read_balance(account)
    assert (balance.credits, balance.minutes_left) == (0, 0)
    assert check_ledger() == []


def test_one_reference_is_held_once_when_all_come_at_once(transactional_db: None) -> None:
    account = create_account(credits=100)
    run_at_once([partial(try_hold, account, reference="job", minutes=3)] * 16)
    assert read_balance(account).credits == 97


@pytest.mark.parametrize("billed_ms", [0, 61_000, 600_000])
def test_a_hold_is_closed_once_when_settled_and_released_at_once(
    transactional_db: None, billed_ms: int
) -> None:
    account = create_account(credits=20, minutes=2)
    place_hold("job", account=account, minutes=9)
    ways: list[Callable[[], object]] = [
        partial(settle_hold, "job", billed_ms=billed_ms),
        partial(release_hold, "job"),
        partial(extend_hold, "job", total_minutes=11),
    ]
    run_at_once(ways * 5)
    hold = Hold.objects.get(reference="job")
    spent = hold.settled_credit_minutes if hold.state == HoldState.SETTLED else 0
    assert hold.state != HoldState.HELD
    assert read_balance(account).credits == 20 - spent
    assert check_ledger() == []


def test_the_ledger_adds_up_after_a_storm_of_movements(transactional_db: None) -> None:
    account = create_account(credits=15, minutes=5)

    def move(seed: int) -> None:
        choose = random.Random(seed)
        reference = f"job-{choose.randrange(20)}"
        try_hold(account, reference=reference, minutes=choose.randrange(4))
        if choose.random() < 0.3:
            grant_credits(account, amount=1, reference=f"gift-{seed % 7}", reason="test")
        if not Hold.objects.filter(reference=reference).exists():
            return
        extend_hold(reference, total_minutes=choose.randrange(6))
        if choose.random() < 0.5:
            settle_hold(reference, billed_ms=choose.randrange(400_000))
        elif choose.random() < 0.5:
            release_hold(reference)

    run_at_once(partial(move, seed) for seed in range(120))
    assert check_ledger() == []
    assert read_balance(account).credits >= 0


@pytest.mark.e2e
def test_fifty_processes_on_postgresql_hold_no_more_than_there_is(tmp_path: Path) -> None:
    with postgresql_database() as url:
        command = [sys.executable, "-m", "tests.billing.hold_race", "50", "5", "100", "50"]
        printed = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "STT_DATABASE_URL": url, "STT_DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=110,
        )
    assert printed.returncode == 0, printed.stderr[-3000:]
    result = json.loads(printed.stdout)
    assert (result["held"], result["refused"]) == (150, 100)
    assert (result["credits"], result["minutes_left"]) == (0, 0)
    assert result["discrepancies"] == []
