"""Stripe's events: verified, stored, and processed at most once.

An event only names the object to fetch. There are two ways to bring our rows up to
date: by payment intent (`purchases`) and by subscription (`subscriptions`).
"""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.models import StripeEvent
from billing.payments.errors import BadSignatureError, NotConfiguredError
from billing.payments.gateway import are_payments_configured, open_stripe
from billing.payments.object_versions import begin_fetch, is_latest_fetch
from billing.payments.purchases import apply_purchase, fetch_purchase
from billing.payments.subscriptions import apply_subscription, fetch_subscription

logger = logging.getLogger(__name__)
# How old a signature may be: Stripe's own tolerance. Each retry is signed again.
_TOLERANCE_S = 300
# Events about the objects that we fetch, and about others that name one of them.
_OF_SUBJECTS = ("customer.subscription.", "payment_intent.")
_OF_WHAT_NAMES_SUBJECTS = ("checkout.session.", "charge.", "refund.")
_OF_INVOICES = ("invoice.paid", "invoice.payment_succeeded", "invoice.payment_failed")


@dataclass(frozen=True, kw_only=True)
class _Change:
    """One object that an event is about, as it is now, and what to do with it."""

    object_id: str
    fetch_number: int
    apply: Callable[[], None]


def receive_event(body: bytes, *, signature: str) -> None:
    """Check, note and process what Stripe posted; done before or not for us: nothing happens.

    `body` is raw: the signature is over its bytes. Raises BadSignatureError, NotConfiguredError,
    StripeUnavailableError (Stripe delivers it again for days).
    """
    if not are_payments_configured():
        raise NotConfiguredError
    event = _read_event(body, signature=signature)
    if not _note(event):
        return
    with open_stripe() as client:
        changes = [
            change
            for object_id in _subjects_of(client, event)
            if (change := _fetch_change(client, object_id))
        ]
    _process(event["id"], changes)


def _read_event(body: bytes, *, signature: str) -> dict[str, Any]:
    """Return the event. Raises BadSignatureError for a body that Stripe didn't sign within the
    tolerance."""
    try:
        text = body.decode()
        stripe.WebhookSignature.verify_header(
            text, signature, settings.STRIPE_WEBHOOK_SECRET, _TOLERANCE_S
        )
        event: dict[str, Any] = json.loads(text)
        if event.get("object") != "event":
            raise ValueError("one of Stripe's thin events, which we don't ask for")
    except (stripe.SignatureVerificationError, ValueError):
        raise BadSignatureError(
            "This is not an event that Stripe signed for this server within the last"
            f" {_TOLERANCE_S // 60} minutes."
        ) from None
    return event


def _note(event: dict[str, Any]) -> bool:
    """Write the event down; False if it was processed before."""
    noted, _ = StripeEvent.objects.get_or_create(
        pk=event["id"],
        defaults={
            "type": event["type"],
            "created_at": datetime.fromtimestamp(event["created"], UTC),
        },
    )
    return noted.processed_at is None


def _process(event_id: str, changes: list[_Change]) -> None:
    with transaction.atomic():
        # Of two deliveries at once, one gets past here; the other waits for it, and does nothing.
        claimed = StripeEvent.objects.filter(pk=event_id, processed_at=None)
        if claimed.update(processed_at=timezone.now()) != 1:
            return
        for change in changes:
            if is_latest_fetch(change.object_id, fetch_number=change.fetch_number):
                change.apply()
    logger.info("event=stripe_event_processed stripe_event=%s objects=%d", event_id, len(changes))


def _fetch_change(client: stripe.StripeClient, object_id: str) -> _Change | None:
    """Fetch the object's current state; None where Stripe has none (any more)."""
    fetch_number = begin_fetch(object_id)
    try:
        if object_id.startswith("sub_"):
            subscription = fetch_subscription(client, object_id)
            return _Change(
                object_id=object_id,
                fetch_number=fetch_number,
                apply=lambda: apply_subscription(subscription),
            )
        purchase = fetch_purchase(client, object_id)
        return _Change(
            object_id=object_id, fetch_number=fetch_number, apply=lambda: apply_purchase(purchase)
        )
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        return None


def _subjects_of(client: stripe.StripeClient, event: dict[str, Any]) -> Iterable[str]:
    """Yield the ids of the payment intents and subscriptions that the event is about."""
    payload, kind = event["data"]["object"], event["type"]
    if kind in _OF_INVOICES:
        return _subjects_of_invoice(client, payload)
    if kind.startswith(_OF_SUBJECTS):
        return [payload["id"]]
    if kind.startswith(_OF_WHAT_NAMES_SUBJECTS):
        return [
            found for name in ("payment_intent", "subscription") if (found := payload.get(name))
        ]
    return []


def _subjects_of_invoice(client: stripe.StripeClient, payload: dict[str, Any]) -> Iterable[str]:
    payments = client.v1.invoice_payments.list({"invoice": payload["id"]})
    for paid in payments.auto_paging_iter():
        if paid.payment.payment_intent:
            yield str(paid.payment.payment_intent)
    # The state of its payment decides the subscription's; the place of the id has moved
    # between versions of Stripe's API, and an event has the version that its endpoint was set up
    # with.
    details = (payload.get("parent") or {}).get("subscription_details") or {}
    if subscription := details.get("subscription") or payload.get("subscription"):
        yield subscription
