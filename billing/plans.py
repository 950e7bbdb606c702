"""Plans, and which one an account is on.

Those below are put in after migrating, where they are missing; an operator may edit the rows.
Code names three: the plan of guests, the one that new accounts start on, and
the one whose limits an account gets while it holds credits.
"""

from typing import Any

from django.utils.translation import gettext, gettext_noop

from accounts.models import User
from billing.models import BillingAccount, Plan
from stt_web.core.errors import ApiError

ANONYMOUS_PLAN = "anonymous"
FREE_PLAN = "free"
PAID_PLAN = "paid"
_MB = 1_000_000
_DEFAULT_PLANS: dict[str, dict[str, Any]] = {
    ANONYMOUS_PLAN: {
        "name": gettext_noop("Without an account"),
        "daily_transcriptions": 3,
        "max_file_bytes": 100 * _MB,
        "concurrency": 1,
        "requests_per_minute": 60,
    },
    FREE_PLAN: {
        "name": gettext_noop("Free"),
        "monthly_minutes": 600,
        "max_file_bytes": 500 * _MB,
        "concurrency": 2,
        "requests_per_minute": 120,
        "text_requests_per_minute": 20,
    },
    PAID_PLAN: {
        "name": gettext_noop("Paid"),
        "max_file_bytes": 2_000 * _MB,
        "concurrency": 5,
        "requests_per_minute": 600,
        "text_requests_per_minute": 120,
    },
    # One's own server, for its own key (`make run`): use is recorded, nothing is limited.
    "local": {
        "name": gettext_noop("Local"),
        "max_file_bytes": 0,
        "concurrency": 0,
        "is_metered": False,
    },
    # Inference servers of one's own: what they can do is the limit.
    "private": {
        "name": "Private Cloud",
        "max_file_bytes": 2_000 * _MB,
        "concurrency": 0,
        "requests_per_minute": 600,
        "text_requests_per_minute": 120,
        "is_metered": False,
        "has_private_cloud": True,
    },
}


def name_plan(plan: Plan) -> str:
    """Return its name for a page: translated, unless an operator gave it another."""
    given = _DEFAULT_PLANS.get(plan.pk, {}).get("name")
    return gettext(plan.name) if plan.name == given else plan.name


class PlanNotFoundError(ApiError):
    code = "unknown_plan"


def add_missing_plans(*, using: str = "default") -> None:
    """Add those of the plans above that aren't there; what an operator edited stays."""
    for plan_id, fields in _DEFAULT_PLANS.items():
        Plan.objects.using(using).get_or_create(pk=plan_id, defaults=fields)


def account_for(user: User) -> BillingAccount:
    """Return the account of `user`, with its plan; made on the free plan where there is none.

    Its `user` is as stored now (the one of a request may be `keys.cache.TTL_S` old). One query,
    unless it has to be made.
    """
    account = BillingAccount.objects.select_related("plan", "user").filter(user=user).first()
    if account is not None:
        return account
    # Of two requests that come first at once, one makes it: `user` is unique.
    made, _ = BillingAccount.objects.get_or_create(user=user, defaults={"plan_id": FREE_PLAN})
    return made


def lock_account_for(user: User) -> BillingAccount:
    """Return the account of `user`, with its plan, locked until the transaction ends.

    Other movements of it wait (SQLite: its one writer is the caller). One query,
    unless the account has to be made.
    """
    rows = BillingAccount.objects.select_for_update(of=("self",)).select_related("plan")
    account = rows.filter(user=user).first()
    return account if account is not None else rows.get(pk=account_for(user).pk)


def change_plan(account: BillingAccount, *, plan_id: str) -> None:
    """Put the account on another plan, at once.

    Minutes of this month: a larger plan adds the difference with the next hold, a smaller one
    takes nothing away. Raises PlanNotFoundError.
    """
    plan = Plan.objects.filter(pk=plan_id).first()
    if plan is None:
        known = ", ".join(Plan.objects.order_by("pk").values_list("pk", flat=True))
        raise PlanNotFoundError(f"There is no plan “{plan_id}”. There are: {known}.")
    BillingAccount.objects.filter(pk=account.pk).update(plan=plan)
    account.plan = plan
