"""Accounts to be billed. `make_account(credits=…, minutes=…)` has that much and no more."""

import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import pytest
from django.db import connections

from accounts.models import User
from billing.ledger import grant_credits
from billing.models import BillingAccount, Plan


class MakeAccount(Protocol):
    def __call__(
        self, *, credits: int = 0, minutes: int = 0, is_metered: bool = True
    ) -> BillingAccount: ...


T = TypeVar("T")
THREADS = 8
_numbers = itertools.count(1)


def create_account(
    *, credits: int = 0, minutes: int = 0, is_metered: bool = True
) -> BillingAccount:
    """Make an account with a plan of its own: `minutes` a month, and `credits` granted."""
    plan = Plan.objects.create(
        id=uuid.uuid4().hex,
        name="Plan of a test",
        monthly_minutes=minutes,
        max_file_bytes=1_000,
        concurrency=2,
        is_metered=is_metered,
    )
    user = User.objects.create_user(f"person-{next(_numbers)}-{plan.pk}@example.com")
    account = BillingAccount.objects.create(user=user, plan=plan)
    if credits:
        grant_credits(account, amount=credits, reference=uuid.uuid4().hex, reason="test")
    return account


@pytest.fixture
def make_account(db: None) -> MakeAccount:
    return create_account


def run_at_once(calls: Iterable[Callable[[], T]]) -> list[T]:
    """Run the calls in 8 threads, each call on a connection of its own; return what they return.

    Needs `transactional_db`: threads see nothing of a transaction that never commits.
    """

    def run(call: Callable[[], T]) -> T:
        try:
            return call()
        finally:
            connections.close_all()  # PostgreSQL drops no database that is in use

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(run, calls))


def run_together(*calls: Callable[[], None]) -> None:
    """Run each call in a thread of its own, all from one moment on; raise what one raised.

    Needs `transactional_db`, as `run_at_once`.
    """
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], None]) -> None:
        start.wait()
        try:
            call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        for done in [pool.submit(run, call) for call in calls]:
            done.result(60)


@pytest.fixture
def within_a_minute() -> None:
    """Let the current minute end if it is about to: what a test counts lies in one window."""
    second = time.time() % 60
    if second > 56:
        time.sleep(60 - second)
