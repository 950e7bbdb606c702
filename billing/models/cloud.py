"""Private Cloud: inference servers that work for one account only."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.ledger import BillingAccount


class InstanceStatus(models.TextChoices):
    ACTIVE = "active"
    DRAINING = "draining"  # goes on with what it has begun, and begins nothing
    REMOVED = "removed"


class CloudInstance(models.Model):
    """One server, and how it is reached (`billing.cloud` registers, drains and removes)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        BillingAccount, on_delete=models.PROTECT, related_name="cloud_instances"
    )
    name = models.CharField(max_length=100)
    region = models.CharField(max_length=60, blank=True)
    target = models.CharField(max_length=255)  # host:port, or dns:///name:port
    is_tls = models.BooleanField("TLS", default=True)
    ca_pem = models.TextField("CA certificate (PEM)", blank=True)  # empty: the public ones
    token_encrypted = models.TextField(blank=True, editable=False)  # by stt_web.core.encryption
    status = models.CharField(
        max_length=10, choices=InstanceStatus.choices, default=InstanceStatus.ACTIVE
    )
    gpu = models.CharField("GPU", max_length=100, blank=True)  # in words
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("cloud instance")
        verbose_name_plural = _("cloud instances")
        constraints = [
            models.CheckConstraint(
                condition=Q(is_tls=True) | Q(token_encrypted=""),
                name="billing_no_token_without_tls",
                violation_error_message="A token is only sent over TLS: switch TLS on.",
            ),
            models.UniqueConstraint(
                fields=["account", "name"],
                condition=~Q(status="removed"),
                name="billing_instance_name_once",
                violation_error_message="The account has an instance of this name.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.status})"
