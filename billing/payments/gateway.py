"""The one place that makes a client for Stripe, from the settings, and knows its failures."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import stripe
from django.conf import settings

from billing.payments.errors import NotConfiguredError, StripeUnavailableError

_log = logging.getLogger(__name__)
_TIMEOUT_S = 15
_RETRIES = 2  # of connections that fail; what is posted carries an idempotency key


def read_checkout_id(metadata: stripe.StripeObject | None) -> str:
    """Return the id of the checkout that an object of Stripe's carries; empty: not one of ours."""
    return str(metadata["checkout"]) if metadata is not None and "checkout" in metadata else ""


def are_payments_configured() -> bool:
    """Both keys are needed: without the second we would take money and never hear of it."""
    return bool(settings.STRIPE_SECRET_KEY and settings.STRIPE_WEBHOOK_SECRET)


@contextmanager
def open_stripe() -> Iterator[stripe.StripeClient]:
    """Yield a client. Raises NotConfiguredError, and StripeUnavailableError for all that fails."""
    if not are_payments_configured():
        raise NotConfiguredError
    client = stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": settings.STRIPE_API_BASE},
        http_client=stripe.RequestsClient(timeout=_TIMEOUT_S),
        max_network_retries=_RETRIES,
    )
    try:
        yield client
    except stripe.StripeError as error:
        # Its message may hold parts of what was sent; the code and the request's id are enough.
        _log.warning(
            "stripe_failed",
            extra={
                "error": type(error).__name__,
                "stripe_code": error.code,
                "stripe_request_id": error.request_id,
            },
        )
        raise StripeUnavailableError from None
