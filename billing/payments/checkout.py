"""Checkout: Stripe's page for an offer, and Stripe's portal for existing subscriptions."""

from dataclasses import dataclass
from typing import cast

import stripe

from accounts.models import User
from billing.models import BillingAccount, Checkout, StripeCustomer
from billing.payments.errors import AlreadySubscribedError, NoCustomerError
from billing.payments.gateway import open_stripe
from billing.payments.offers import Offer


@dataclass(frozen=True, kw_only=True)
class ReturnAddresses:
    """Where Stripe sends the browser afterwards: paid, or not."""

    success_url: str
    cancel_url: str


def open_checkout(account: BillingAccount, *, offer: Offer, back: ReturnAddresses) -> str:
    """Return the address of Stripe's page on which `offer` is paid for. Nothing is charged yet.

    Raises AlreadySubscribedError (to any plan), and what `gateway.open_stripe` raises. Waits for
    Stripe: up to three requests.
    """
    with open_stripe() as client:
        if offer.plan is not None:
            _refuse_second_subscription(account)
        checkout = _note_checkout(account, offer=offer)
        checkout.url = _create_session(client, checkout, back=back)
        checkout.save(update_fields=["url"])
        return checkout.url


def open_portal(account: BillingAccount, *, return_url: str) -> str:
    """Return the address of Stripe's page for cards and subscriptions. Raises NoCustomerError."""
    with open_stripe() as client:
        customer = StripeCustomer.objects.filter(account=account).first()
        if customer is None:
            raise NoCustomerError(
                "You have not bought anything yet, so there is nothing to manage."
            )
        session = client.v1.billing_portal.sessions.create(
            {"customer": customer.customer_id, "return_url": return_url}
        )
        return session.url


def _refuse_second_subscription(account: BillingAccount) -> None:
    subscription = account.subscriptions.filter(is_live=True).select_related("plan").first()
    if subscription is not None:
        raise AlreadySubscribedError(
            f"You are subscribed to {subscription.plan.name}. Cancel that under “Manage payments”"
            " before you subscribe to another plan."
        )


def _note_checkout(account: BillingAccount, *, offer: Offer) -> Checkout:
    return Checkout.objects.create(
        account=account,
        pack=offer.pack,
        plan=offer.plan,
        name=offer.name,
        credits=offer.credits,
        amount_cents=offer.amount_cents,
        currency=offer.currency,
    )


def _create_session(
    client: stripe.StripeClient, checkout: Checkout, *, back: ReturnAddresses
) -> str:
    described = _describe_session(checkout, customer_id=_customer_of(client, checkout), back=back)
    try:
        # Retried by the library or by our client, it is still the same session.
        key = f"checkout:{checkout.pk}"
        session = client.v1.checkout.sessions.create(described, {"idempotency_key": key})
    except stripe.InvalidRequestError as error:
        if error.code == "resource_missing" and error.param == "customer":
            # Deleted at Stripe by hand: the next checkout makes another one.
            StripeCustomer.objects.filter(account=checkout.account).delete()
        raise
    return cast("str", session.url)  # only sessions that are embedded in a page have none


def _describe_session(
    checkout: Checkout, *, customer_id: str, back: ReturnAddresses
) -> stripe.params.checkout.SessionCreateParams:
    """What Stripe is asked. Its metadata is what leads every payment back to the checkout."""
    metadata = {"checkout": str(checkout.pk)}
    price: stripe.params.checkout.SessionCreateParamsLineItemPriceData = {
        "currency": checkout.currency.lower(),
        "unit_amount": checkout.amount_cents,
        "product_data": {"name": checkout.name},
    }
    described: stripe.params.checkout.SessionCreateParams = {
        "mode": "payment",
        "customer": customer_id,
        "client_reference_id": str(checkout.pk),
        "metadata": metadata,
        "automatic_tax": {"enabled": False},
        "line_items": [{"quantity": 1, "price_data": price}],
        "success_url": back.success_url,
        "cancel_url": back.cancel_url,
    }
    if checkout.plan_id is None:
        described["payment_intent_data"] = {"metadata": metadata}
    else:
        price["recurring"] = {"interval": "month"}
        described["mode"] = "subscription"
        described["subscription_data"] = {"metadata": metadata}
    return described


def _customer_of(client: stripe.StripeClient, checkout: Checkout) -> str:
    """Return the account's customer at Stripe; made there once."""
    account = checkout.account
    known = StripeCustomer.objects.filter(account=account).first()
    if known is not None:
        return known.customer_id
    user = cast("User", account.user)  # a user who pays is logged in
    made = client.v1.customers.create(
        {"email": user.email, "name": user.name, "metadata": {"account": str(account.pk)}},
        {"idempotency_key": f"customer:{checkout.pk}"},
    )
    customer, _ = StripeCustomer.objects.get_or_create(
        account=account, defaults={"customer_id": made.id}
    )
    return customer.customer_id
