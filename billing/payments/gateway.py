"""The one place that makes a client for Stripe, from the settings, and knows its failures."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import stripe
from django.conf import settings

from billing.payments.errors import NotConfiguredError, StripeUnavailableError

logger = logging.getLogger(__name__)
_TIMEOUT_S = 15
_RETRIES = 2  # of connections that fail; what is posted carries an idempotency key


def read_checkout_id(metadata: stripe.StripeObject | None) -> str:
    """Return the id of the checkout that an object of Stripe's carries; empty: not one of ours."""
    return str(metadata["checkout"]) if metadata is not None and "checkout" in metadata else ""


def are_payments_configured() -> bool:
    """Both keys are needed: without the second we would take money and never learn of it."""
    return bool(settings.STRIPE_SECRET_KEY and settings.STRIPE_WEBHOOK_SECRET)


@contextmanager
def open_stripe() -> Iterator[stripe.StripeClient]:
    """Yield a client. Raises NotConfiguredError, and StripeUnavailableError for all that fails."""
    if not are_payments_configured():
        raise NotConfiguredError
    try:
        yield _make_client(str(settings.STRIPE_SECRET_KEY), str(settings.STRIPE_API_BASE))
    except stripe.StripeError as error:
        # Its message may hold parts of what was sent; the code and the request's id are enough.
        logger.warning(
            "event=stripe_failed error=%s code=%s stripe_request_id=%s",
            type(error).__name__,
            error.code,
            error.request_id,
        )
        raise StripeUnavailableError from None


@lru_cache(maxsize=4)
def _make_client(key: str, address: str) -> stripe.StripeClient:
    """One for the process: it holds a connection open for each thread."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": address},
        http_client=stripe.RequestsClient(timeout=_TIMEOUT_S),
        max_network_retries=_RETRIES,
    )
