"""Webhook endpoints, and the deliveries to them.

A delivery is written in the transaction of its event (an outbox), so that it exists if and
only if that happened. An endpoint is served by one worker at a time, which holds its
`claim_number`: the number moves on with each claim, and nothing is written under an old one.
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class DisabledReason(models.TextChoices):
    OWNER = "owner"
    GONE = "gone"  # it answered 410
    FAILING = "failing"  # every retry of a delivery failed


class WebhookEndpoint(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhook_endpoints"
    )
    url = models.CharField(max_length=2000)
    description = models.CharField(max_length=200, blank=True)
    events = models.JSONField(default=list, blank=True)  # empty: all
    # `whsec_…`, encrypted (`stt_web.core.encryption`). The one before the last rotation signs too
    # for a while, so that a receiver may change over in its own time.
    secret_encrypted = models.TextField()
    previous_secret_encrypted = models.TextField(blank=True)
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=10, choices=DisabledReason.choices, blank=True)
    claim_number = models.PositiveIntegerField(default=0)  # the fence of `busy_until`
    busy_until = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)  # when it was last claimed
    succeeded_at = models.DateTimeField(null=True, blank=True)  # when it last took something
    created_at = models.DateTimeField(auto_now_add=True)

    # Of a callback (`webhooks.callbacks`): the one transcript that it is about, with which it goes,
    # and how another service's client is called. Null: an endpoint of the owner's.
    transcript = models.ForeignKey(
        "transcripts.Transcript", null=True, on_delete=models.CASCADE, related_name="callbacks"
    )
    dialect = models.CharField(max_length=20, blank=True)  # of `settings.CALLBACK_BODIES`
    asked = models.JSONField(default=dict, blank=True)  # what its body depends on
    method = models.CharField(max_length=4, default="POST")
    headers_encrypted = models.TextField(blank=True)  # JSON: they may hold the receiver's password

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["owner", "-created_at"])]

    def __str__(self) -> str:
        return self.url

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None


class DeliveryStatus(models.TextChoices):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class WebhookDelivery(models.Model):
    """One message to one endpoint. `id` is its `webhook-id`, the same across retries."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries"
    )
    event = models.CharField(max_length=60)
    key = models.CharField(max_length=120)  # identifies the event; each is delivered once
    body = models.TextField()  # the bytes that are signed, as UTF-8
    status = models.CharField(
        max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING
    )
    tries = models.PositiveSmallIntegerField(default=0)  # since it was made or replayed
    next_try_at = models.DateTimeField(null=True, blank=True)  # None: it ended
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["endpoint", "key"], name="transcripts_webhook_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["endpoint", "next_try_at"],
                condition=Q(status="pending"),
                name="transcripts_webhook_due",
            ),
            models.Index(fields=["endpoint", "-created_at"], name="transcripts_webhook_log"),
            models.Index(fields=["created_at"], name="transcripts_webhook_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event} ({self.id})"

    @property
    def message_id(self) -> str:
        return f"msg_{self.pk.hex}"


class WebhookAttempt(models.Model):
    """One try of a delivery, as it went: the log for the endpoint's owner."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)  # None: no answer
    error = models.CharField(max_length=40, blank=True)  # a code of `webhooks.sender`; empty: 2xx
    response = models.CharField(max_length=1000, blank=True)  # how the answer's body began

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return self.error or str(self.status_code)
