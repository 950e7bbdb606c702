"""What owners do with their endpoints. Secrets are shown when they are made, and never again."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from stt_web.core.encryption import decrypt, encrypt
from stt_web.core.errors import ApiError
from transcripts.access import DeliveryNotFoundError, EndpointNotFoundError
from transcripts.webhooks.addresses import check_literal, read_url
from transcripts.webhooks.events import EVENTS, TEST_EVENT, write_test_body
from transcripts.webhooks.models import (
    DeliveryStatus,
    DisabledReason,
    WebhookDelivery,
    WebhookEndpoint,
)
from transcripts.webhooks.outbox import enqueue_delivery, make_delivery
from transcripts.webhooks.signing import make_secret

MAX_ENDPOINTS = 10  # of one account
# How long the secret before the last rotation signs too.
ROTATION_OVERLAP = timedelta(hours=24)


class TooManyEndpointsError(ApiError):
    """There are as many endpoints as one account may have."""

    status = 409
    code = "too_many_endpoints"


class EndpointDisabledError(ApiError):
    """The endpoint is disabled."""

    status = 409
    code = "endpoint_disabled"

    def __init__(self) -> None:
        super().__init__("This endpoint is disabled. Enable it first.")


@sensitive_variables("secret")
def create_endpoint(
    owner: User, *, url: str, events: Sequence[str] = (), description: str = ""
) -> tuple[WebhookEndpoint, str]:
    """Return a new endpoint and its secret. Raises BadUrlError, TooManyEndpointsError."""
    _check_url(url)
    secret = make_secret()
    with transaction.atomic():
        # Two requests at once can't both be the tenth.
        User.objects.select_for_update().get(pk=owner.pk)
        if WebhookEndpoint.objects.filter(owner=owner, transcript=None).count() >= MAX_ENDPOINTS:
            raise TooManyEndpointsError(f"You may have {MAX_ENDPOINTS} endpoints. Delete one.")
        endpoint = WebhookEndpoint.objects.create(
            owner=owner,
            url=url,
            events=_in_order(events),
            description=description,
            secret_encrypted=encrypt(secret),
        )
    return endpoint, secret


def update_endpoint(
    endpoint: WebhookEndpoint,
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    description: str | None = None,
    is_enabled: bool | None = None,
) -> WebhookEndpoint:
    """Change what is given, leave the rest; return the endpoint as stored.

    Raises BadUrlError, EndpointNotFoundError.
    """
    changes: dict[str, object] = {}
    if url is not None:
        _check_url(url)
        changes["url"] = url
    if events is not None:
        changes["events"] = _in_order(events)
    if description is not None:
        changes["description"] = description
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    with transaction.atomic():
        if changes:
            rows.update(**changes)
        if is_enabled is True:
            # What its receiver asked to wait for is over, by the owner's order.
            rows.exclude(disabled_at=None).update(
                disabled_at=None, disabled_reason="", busy_until=None
            )
        elif is_enabled is False:
            disable_endpoint(endpoint, reason=DisabledReason.OWNER, now=timezone.now())
    return _reload(endpoint)


def delete_endpoint(endpoint: WebhookEndpoint) -> None:
    """Delete it with its log.

    The race: `send_test`, `record_event` and `delivery.record` write to the log while they hold the
    endpoint's row. They come wholly before or behind this.
    """
    with transaction.atomic():
        WebhookEndpoint.objects.select_for_update().filter(pk=endpoint.pk).first()
        endpoint.delete()


def disable_endpoint(endpoint: WebhookEndpoint, *, reason: DisabledReason, now: datetime) -> bool:
    """Stop sending to it; False if that was so already. What waited has failed, and can be
    replayed once it is enabled again. Inside the caller's transaction.
    """
    enabled = WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at=None)
    if not enabled.update(disabled_at=now, disabled_reason=reason):
        return False
    WebhookDelivery.objects.filter(endpoint=endpoint, status=DeliveryStatus.PENDING).update(
        status=DeliveryStatus.FAILED, next_try_at=None, finished_at=now
    )
    return True


@sensitive_variables("secret")
def rotate_secret(endpoint: WebhookEndpoint) -> str:
    """Return a new secret. The one before it signs as well until ROTATION_OVERLAP is over; one
    that was rotated out earlier doesn't any more. Raises EndpointNotFoundError.
    """
    secret = make_secret()
    with transaction.atomic():
        row = WebhookEndpoint.objects.select_for_update().filter(pk=endpoint.pk).first()
        if row is None:
            raise EndpointNotFoundError
        row.previous_secret_encrypted = row.secret_encrypted
        row.previous_secret_until = timezone.now() + ROTATION_OVERLAP
        row.secret_encrypted = encrypt(secret)
        row.save(
            update_fields=[
                "previous_secret_encrypted",
                "previous_secret_until",
                "secret_encrypted",
            ]
        )
    _reload(endpoint)
    return secret


def secrets_of(endpoint: WebhookEndpoint, *, now: datetime) -> list[str]:
    """Return what signs now, newest first. Raises `UndecipherableError`."""
    stored = [endpoint.secret_encrypted]
    until = endpoint.previous_secret_until
    if until is not None and now < until:
        stored.append(endpoint.previous_secret_encrypted)
    return [decrypt(text) for text in stored]


def send_test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Write a test event for this endpoint down. Raises EndpointDisabledError and
    EndpointNotFoundError."""
    now = timezone.now()
    delivery = make_delivery(
        endpoint,
        event=TEST_EVENT,
        key=f"test:{uuid.uuid4()}",
        body=write_test_body(endpoint.pk, now=now),
        now=now,
    )
    with transaction.atomic():
        _lock_enabled(endpoint.pk)
        delivery.save()
        enqueue_delivery()
    return delivery


def replay(delivery: WebhookDelivery) -> WebhookDelivery:
    """Send the same message again, from the first try on: same id, same body, new timestamp.

    Raises EndpointDisabledError, EndpointNotFoundError, DeliveryNotFoundError. One that is still
    being tried is tried now.
    """
    with transaction.atomic():
        # Race: `disable_endpoint` lets what waits fail: this comes before it, or not at all.
        _lock_enabled(delivery.endpoint_id)
        if not WebhookDelivery.objects.filter(pk=delivery.pk).update(
            status=DeliveryStatus.PENDING,
            tries=0,
            next_try_at=timezone.now(),
            finished_at=None,
        ):
            raise DeliveryNotFoundError
        delivery.refresh_from_db()
        enqueue_delivery()
    return delivery


def _lock_enabled(endpoint_id: uuid.UUID) -> None:
    """Raises EndpointDisabledError, EndpointNotFoundError where it was deleted."""
    rows = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk=endpoint_id)
    endpoint = rows.first()
    if endpoint is None:
        raise EndpointNotFoundError
    if not endpoint.is_enabled:
        raise EndpointDisabledError


def _reload(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Raises EndpointNotFoundError where it was deleted since it was read."""
    try:
        endpoint.refresh_from_db()
    except WebhookEndpoint.DoesNotExist:
        raise EndpointNotFoundError from None
    return endpoint


def _check_url(url: str) -> None:
    check_literal(read_url(url))


def _in_order(events: Sequence[str]) -> list[str]:
    return [event for event in EVENTS if event in events]
