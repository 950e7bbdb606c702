"""A subscription of Stripe's, and the plan that its account has because of it."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

import stripe

from billing.models import BillingAccount, Checkout, Subscription
from billing.payments.gateway import open_stripe, read_checkout_id
from billing.payments.purchases import find_checkout
from billing.plans import FREE_PLAN, change_plan

logger = logging.getLogger(__name__)
# A payment that failed leaves the plan while Stripe tries again (`past_due`); how long, and whether
# it then is cancelled or left unpaid, is set at Stripe.
_LIVE = ("active", "trialing", "past_due")


@dataclass(frozen=True, kw_only=True)
class SubscriptionState:
    """A subscription as it is now. `checkout_id`: empty where it isn't one of ours."""

    stripe_id: str
    checkout_id: str
    status: str
    cancels_at_period_end: bool
    period_start: datetime | None
    period_end: datetime | None
    created_at: datetime


def fetch_subscription(client: stripe.StripeClient, stripe_id: str) -> SubscriptionState:
    """Ask Stripe for the subscription: one request; a cancelled one is there for good."""
    found = client.v1.subscriptions.retrieve(stripe_id)
    item = next(iter(found["items"].data), None)  # `.items` is a method of every object
    return SubscriptionState(
        stripe_id=found.id,
        checkout_id=read_checkout_id(found.metadata),
        status=found.status,
        cancels_at_period_end=found.cancel_at_period_end or found.cancel_at is not None,
        period_start=datetime.fromtimestamp(item.current_period_start, UTC) if item else None,
        period_end=datetime.fromtimestamp(item.current_period_end, UTC) if item else None,
        created_at=datetime.fromtimestamp(found.created, UTC),
    )


def apply_subscription(state: SubscriptionState) -> None:
    """Bring our row, and the account's plan, up to the state; within the caller's transaction.

    The plan changes when a subscription begins or ends, not with each fetch: what an operator sets
    in between stays.
    """
    checkout = find_checkout(state.checkout_id)
    if checkout is None or checkout.plan_id is None:
        return
    # Two subscriptions of one account, at once: the second sees what the first did to the plan.
    account = BillingAccount.objects.select_for_update().get(pk=checkout.account_id)
    subscription = _find_or_make(state, checkout=checkout, plan_id=checkout.plan_id)
    was_live = subscription.is_live
    subscription.is_live = state.status in _LIVE
    subscription.status = state.status
    subscription.cancels_at_period_end = state.cancels_at_period_end
    subscription.period_start = state.period_start
    subscription.period_end = state.period_end
    subscription.save()
    if subscription.is_live and not was_live:
        _log_other_subscriptions(account, subscription=subscription)
        change_plan(account, plan_id=subscription.plan_id)
    elif was_live and not subscription.is_live:
        _end_plan(account, subscription=subscription)


def cancel_subscriptions(account: BillingAccount) -> None:
    """End the account's subscriptions now: its owner is being deleted. Idempotent.

    Raises what `gateway.open_stripe` does: NotConfiguredError too, for then nothing else ends it.
    """
    live = list(account.subscriptions.filter(is_live=True))
    if not live:
        return
    with open_stripe() as client:
        for subscription in live:
            state = fetch_subscription(client, subscription.stripe_id)
            if state.status in _LIVE:
                client.v1.subscriptions.cancel(subscription.stripe_id)


def _find_or_make(state: SubscriptionState, *, checkout: Checkout, plan_id: str) -> Subscription:
    subscription, _ = Subscription.objects.get_or_create(
        stripe_id=state.stripe_id,
        defaults={
            "account_id": checkout.account_id,
            "plan_id": plan_id,
            "checkout": checkout,
            "status": state.status,
            "created_at": state.created_at,
        },
    )
    return subscription


def _log_other_subscriptions(account: BillingAccount, *, subscription: Subscription) -> None:
    """Two pages were open, and both were paid: only a person can decide which one ends."""
    if account.subscriptions.filter(is_live=True).exclude(pk=subscription.pk).exists():
        logger.warning("event=second_subscription account_id=%s", account.pk)


def _end_plan(account: BillingAccount, *, subscription: Subscription) -> None:
    """Put the account on the plan of another subscription, else on the free one."""
    if account.plan_id != subscription.plan_id:
        return  # an operator has changed the plan concurrently
    other = account.subscriptions.filter(is_live=True).order_by("-created_at").first()
    change_plan(account, plan_id=other.plan_id if other else FREE_PLAN)
