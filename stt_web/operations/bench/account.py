"""The account that bench works with: unmetered, and removed at its end, with all it made.

What stays are entries of the audit log, which is never changed: a key was made, an account closed.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.keys.issue import issue_api_key
from accounts.models import User
from accounts.services.account_deletion import close_account, remove_account
from billing.models import BillingAccount, Hold
from billing.plans import account_for, change_plan

PLAN = "local"
# RFC 2606: no mail can ever go there.
DOMAIN = "bench.invalid"
_LIFETIME = timedelta(minutes=10)


class MeteredPlanError(Exception):
    """An operator made the plan metered: bench would be charged."""

    def __init__(self) -> None:
        super().__init__(f"The plan “{PLAN}” is metered here: bench would be charged.")


@contextmanager
def bench_account() -> Iterator[str]:
    """Yield a key of a new account; afterwards remove it, its transcripts and its recordings.

    An account that a killed bench left is removed first. Raises MeteredPlanError.
    """
    remove_left_accounts()
    with transaction.atomic():
        user = User.objects.create_user(f"{secrets.token_hex(8)}@{DOMAIN}")
        account = account_for(user)
        change_plan(account, plan_id=PLAN)
        account.refresh_from_db()
        if account.plan.is_metered:
            raise MeteredPlanError
        expires_at = timezone.now() + _LIFETIME
        _, raw = issue_api_key(user, name="bench", expires_at=expires_at)
    try:
        yield raw
    finally:
        remove_bench_account(user)


def remove_left_accounts() -> None:
    """Remove what a bench left that was killed; none lasts as long as its key."""
    before = timezone.now() - _LIFETIME
    left = User.objects.filter(email__endswith=f"@{DOMAIN}", date_joined__lt=before)
    for user in left:
        remove_bench_account(user)


def remove_bench_account(user: User) -> None:
    account_id = account_for(user).pk
    close_account(user)
    remove_account(user)
    # The rows of what was used without being charged; of a person they would stay.
    with transaction.atomic():
        Hold.objects.filter(account=account_id).delete()
        BillingAccount.objects.filter(pk=account_id).delete()
