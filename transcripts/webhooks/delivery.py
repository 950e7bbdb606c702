"""What is due, and how it went. The row decides; every step is a compare-and-set.

An endpoint is served by one request at a time: the request that claims it (`claim_number` moves on,
`busy_until`) sends its oldest due message and releases it with the outcome. A slow receiver is
one waiting request, for any number of its messages. A process that dies in between leaves a
claim that runs out, and the message is sent again under the same id: at least once, never lost.
"""

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.mail.notify import notify
from accounts.mail.outbox import MailContent, site_url
from stt_web.core.clocks import is_ahead
from stt_web.core.encryption import UndecipherableError
from stt_web.core.metrics import DELIVERIES, bounded
from transcripts.webhooks.callbacks import write_callback
from transcripts.webhooks.endpoints import disable_endpoint, secrets_of
from transcripts.webhooks.models import (
    DeliveryStatus,
    DisabledReason,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from transcripts.webhooks.sender import Answer, Request
from transcripts.webhooks.signing import sign

logger = logging.getLogger(__name__)

# Pauses after the first, second … failed try: contract, "Webhooks".
RETRY_AFTER_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
MAX_TRIES = len(RETRY_AFTER_S) + 1
_JITTER = 0.1  # up to so much later, so that what failed together isn't tried together
_UNTIL_MENDED = timedelta(minutes=5)  # what can't be signed is not tried
_LONGEST_WAIT_S = 86_400.0  # what a receiver may ask for by Retry-After
# How long "too many requests" holds up the endpoint's other messages, at most.
_LONGEST_PAUSE_S = 3600.0
RETENTION = timedelta(days=30)
_PURGED_ROWS = 5000


@dataclass(frozen=True)
class DeliveryClaim:
    """A message to be sent now, by the holder of this claim; `claim_number` is the fence."""

    endpoint: WebhookEndpoint
    claim_number: int
    delivery: WebhookDelivery
    request: Request


def claim_due(*, limit: int, now: datetime | None = None) -> list[DeliveryClaim]:
    """Claim up to `limit` endpoints that have something due, longest unserved first.

    One query, and three for each claim.
    """
    asked_at = now or timezone.now()
    due = _due(asked_at).filter(endpoint=OuterRef("pk"))
    # Nothing is sent for an account that was closed.
    free = WebhookEndpoint.objects.filter(
        _is_free(asked_at), Exists(due), disabled_at=None, owner__is_active=True
    )
    oldest_first = free.order_by(F("last_attempt_at").asc(nulls_first=True))[:limit]
    claims = (_claim(endpoint, now=asked_at) for endpoint in oldest_first)
    return [claim for claim in claims if claim is not None]


def record(claim: DeliveryClaim, answer: Answer, *, now: datetime | None = None) -> bool:
    """Write the outcome and release the endpoint; False if the claim has run out."""
    ended_at = now or timezone.now()
    with transaction.atomic():
        if not _give_back(claim, answer, now=ended_at):
            logger.warning("event=webhook_claim_lost delivery_id=%s", claim.delivery.pk)
            return False
        WebhookAttempt.objects.create(
            delivery=claim.delivery,
            started_at=ended_at - timedelta(milliseconds=answer.duration_ms),
            duration_ms=answer.duration_ms,
            status_code=answer.status_code,
            error=answer.error,
            response=answer.response,
        )
        if answer.is_success:
            _close(claim, DeliveryStatus.SUCCEEDED, now=ended_at)
        elif answer.error == "gone":
            _close(claim, DeliveryStatus.FAILED, now=ended_at)
            _disable(claim, DisabledReason.GONE, now=ended_at)
        else:
            _try_again(claim, answer, now=ended_at)
    result = "succeeded" if answer.is_success else bounded("result", answer.error or "failed")
    DELIVERIES.labels(result).inc()
    logger.info(
        "event=webhook_sent delivery_id=%s endpoint_id=%s status=%s error=%s duration_ms=%d",
        claim.delivery.pk,
        claim.endpoint.pk,
        answer.status_code,
        answer.error or "-",
        answer.duration_ms,
    )
    return True


def purge_deliveries(*, now: datetime | None = None) -> int:
    """Delete what ended and is older than RETENTION; return how many rows went."""
    before = (now or timezone.now()) - RETENTION
    old = WebhookDelivery.objects.filter(created_at__lt=before).exclude(
        status=DeliveryStatus.PENDING
    )
    ids = list(old.values_list("pk", flat=True)[:_PURGED_ROWS])
    WebhookAttempt.objects.filter(delivery__in=ids).delete()
    return WebhookDelivery.objects.filter(pk__in=ids).delete()[0]


def read_retry_after(headers: Mapping[str, str], *, now: datetime) -> float:
    """Return the seconds that `Retry-After` asks to wait, 0 to a day (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - now).total_seconds()), _LONGEST_WAIT_S)


def _due(now: datetime) -> QuerySet[WebhookDelivery]:
    """Also what a clock that was ahead put off: at once was to be sent what wasn't tried, and what
    failed is tried again, though perhaps too early.
    """
    untried = is_ahead("created_at", now=now) & Q(next_try_at=F("created_at"))
    untried |= is_ahead("next_try_at", now=now + _UNTIL_MENDED)  # replayed
    failed = is_ahead("last_tried_at", now=now)
    attempts = WebhookAttempt.objects.filter(delivery=OuterRef("pk")).order_by("-pk")
    return WebhookDelivery.objects.alias(
        last_tried_at=Subquery(attempts.values("started_at")[:1])
    ).filter(
        Q(next_try_at__lte=now) | (Q(tries=0) & untried) | (Q(tries__gt=0) & failed),
        status=DeliveryStatus.PENDING,
    )


def _is_free(now: datetime) -> Q:
    # The clock that wrote `last_attempt_at` wrote `busy_until`, too.
    return Q(busy_until=None) | Q(busy_until__lte=now) | is_ahead("last_attempt_at", now=now)


def _claim(endpoint: WebhookEndpoint, *, now: datetime) -> DeliveryClaim | None:
    """Claim the endpoint for its oldest due message; None where another process was faster."""
    claim_number = endpoint.claim_number + 1
    unclaimed = WebhookEndpoint.objects.filter(
        _is_free(now), pk=endpoint.pk, claim_number=endpoint.claim_number, disabled_at=None
    )
    busy_until = now + timedelta(seconds=2 * settings.WEBHOOK_TIMEOUT_S)
    if not unclaimed.update(claim_number=claim_number, busy_until=busy_until, last_attempt_at=now):
        return None
    delivery = _due(now).filter(endpoint=endpoint).order_by("next_try_at", "created_at").first()
    request = _write_request(endpoint, delivery, now=now) if delivery is not None else None
    if delivery is None or request is None:
        WebhookEndpoint.objects.filter(pk=endpoint.pk, claim_number=claim_number).update(
            busy_until=None
        )
        return None
    return DeliveryClaim(
        endpoint=endpoint, claim_number=claim_number, delivery=delivery, request=request
    )


def _write_request(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, *, now: datetime
) -> Request | None:
    try:
        if endpoint.transcript_id is not None:
            return write_callback(endpoint, delivery, now=now)
        secrets = secrets_of(endpoint, now=now)
    except UndecipherableError:
        # An operator's mistake, to be mended by the operator: nothing is sent unsigned.
        logger.exception("event=webhook_secret_lost endpoint_id=%s", endpoint.pk)
        WebhookDelivery.objects.filter(pk=delivery.pk).update(next_try_at=now + _UNTIL_MENDED)
        return None
    body = delivery.body.encode()
    signature = sign(
        message_id=delivery.message_id,
        timestamp_s=int(now.timestamp()),
        body=body,
        secrets_=secrets,
    )
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "open-stt-webhooks/1",
        **signature,
    }
    return Request(url=endpoint.url, headers=headers, body=body)


def _give_back(claim: DeliveryClaim, answer: Answer, *, now: datetime) -> bool:
    held = WebhookEndpoint.objects.filter(pk=claim.endpoint.pk, claim_number=claim.claim_number)
    changes: dict[str, object] = {"busy_until": None}
    if answer.is_success:
        changes["succeeded_at"] = now
    elif answer.status_code in (429, 503):
        pause_s = min(read_retry_after(answer.headers, now=now), _LONGEST_PAUSE_S)
        changes["busy_until"] = now + timedelta(seconds=pause_s)
    return held.update(**changes) == 1


def _close(claim: DeliveryClaim, status: DeliveryStatus, *, now: datetime) -> bool:
    closed = _pending(claim).update(
        status=status, next_try_at=None, finished_at=now, tries=F("tries") + 1
    )
    return closed == 1


def _try_again(claim: DeliveryClaim, answer: Answer, *, now: datetime) -> None:
    """Set the time of the next try; after the last one, give up and disable the endpoint.

    Not where it took other messages since: then it is this one that it can't take.
    """
    tries = claim.delivery.tries + 1
    if tries >= MAX_TRIES:
        is_closed = _close(claim, DeliveryStatus.FAILED, now=now)
        succeeded_at = claim.endpoint.succeeded_at
        if is_closed and (succeeded_at is None or succeeded_at < claim.delivery.created_at):
            _disable(claim, DisabledReason.FAILING, now=now)
        return
    asked_s = read_retry_after(answer.headers, now=now)
    pause_s = max(float(RETRY_AFTER_S[tries - 1]), asked_s)
    pause_s *= 1 + random.uniform(0, _JITTER)  # noqa: S311  # no secret
    _pending(claim).update(tries=tries, next_try_at=now + timedelta(seconds=pause_s))


def _pending(claim: DeliveryClaim) -> QuerySet[WebhookDelivery]:
    """The delivery, unless it was ended or replayed while it was under way."""
    return WebhookDelivery.objects.filter(
        pk=claim.delivery.pk,
        status=DeliveryStatus.PENDING,
        next_try_at=claim.delivery.next_try_at,
    )


def _disable(claim: DeliveryClaim, reason: DisabledReason, *, now: datetime) -> None:
    if not disable_endpoint(claim.endpoint, reason=reason, now=now):
        return
    logger.warning("event=webhook_disabled endpoint_id=%s reason=%s", claim.endpoint.pk, reason)
    if claim.endpoint.transcript_id is not None:
        return  # there is nothing that its owner could enable
    notify(
        claim.endpoint.owner,
        kind="webhook_disabled",
        key=f"{claim.endpoint.pk}:{claim.claim_number}",
        write=lambda: _write_disabled_mail(claim.endpoint, reason),
    )


def _write_disabled_mail(endpoint: WebhookEndpoint, reason: DisabledReason) -> MailContent:
    sentence = (
        _("It answered 410 Gone.")
        if reason is DisabledReason.GONE
        else _("It could not be reached, or answered with errors, for several days.")
    )
    return MailContent(
        subject=_("A webhook endpoint was disabled"),
        paragraphs=[
            _("No more events are sent to this address: %(address)s") % {"address": endpoint.url},
            sentence,
            _("Once it works again, enable it and replay the missed events."),
        ],
        action=(_("View deliveries"), site_url(f"/webhooks/{endpoint.pk}/")),
    )
