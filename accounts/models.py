"""Who uses the system: people, and the keys that their programs carry.

Owns identity only; what an account may use and has paid for is `billing`'s.
"""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class EmailUserManager(UserManager["User"]):
    """Makes users that are known by their email address."""

    def create_user(  # type: ignore[override]  # no username here, by design
        self, email: str, password: str | None = None, **fields: object
    ) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(  # type: ignore[override]  # no username here, by design
        self, email: str, password: str | None = None, **fields: object
    ) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """A person with an account. `id` is opaque; the email address is stored in lower case."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = None  # type: ignore[assignment]  # the email address is the name to log in with
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    language = models.CharField(max_length=8, default="en")
    email_preferences = models.JSONField(default=dict, blank=True)
    sample_given_at = models.DateTimeField(null=True, blank=True)  # once (`imports/sample`)
    # Set: the person asked for the account to be deleted; what remains of it is being removed.
    deletion_requested_at = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[EmailUserManager] = EmailUserManager()

    def __str__(self) -> str:
        return self.email


class ApiKey(models.Model):
    """A program's key. The raw key is shown once, at creation; only its digest is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    # SHA-256 in hex. A key has 256 random bits, so a slow hash would protect nothing.
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list, blank=True)  # empty: all
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # The key that asked for this one; None: made in a session, or by an operator.
    created_by_key = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="created_keys"
    )

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class RateWindow(models.Model):
    """How often an action was done in the current window of time (`accounts.rate_windows`)."""

    subject = models.CharField(primary_key=True, max_length=100)
    started_at_s = models.BigIntegerField()  # seconds since 1970, a multiple of the window
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.subject}: {self.count}"


class KnownDevice(models.Model):
    """A browser that a user has logged in with: known by a cookie, of which a digest is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="known_devices")
    digest = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "digest"], name="accounts_device_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.digest[:8]}"


class OutgoingMail(models.Model):
    """A mail that is to be sent, or was (`accounts.mail.outbox`).

    Written in the transaction of its event; `key` makes each be written once. Its body may
    hold a link that logs a user in, and is emptied once it is sent or given up.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="mails")
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200, unique=True)
    recipient = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    created_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)  # None: sent, or given up
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=models.Q(next_try_at__isnull=False),
                name="accounts_mail_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.id})"


class IdempotencyRecord(models.Model):
    """One `Idempotency-Key` of one account: being answered, or answered.

    The request that runs holds `claim` until `claimed_until`; an answer is there once `status_code`
    is.
    """

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # SHA-256 over what was asked, in hex
    claim = models.CharField(max_length=32)
    claimed_until = models.DateTimeField()
    created_at = models.DateTimeField()
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    body = models.BinaryField(default=b"")  # zlib
    is_forgotten = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="accounts_idempotency_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="accounts_idempotency_age")]

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.key}"


class AuditEntry(models.Model):
    """One thing that someone did: never changed, never deleted (`accounts.audit`).

    Holds no foreign keys, so that it outlives the objects it refers to, and no secrets or texts.
    """

    at = models.DateTimeField(default=timezone.now)
    actor_id = models.CharField(max_length=40)
    actor_email = models.EmailField(blank=True)  # of operators; empty: the account's own person
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    reason = models.CharField(max_length=500, blank=True)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["object_type", "object_id", "-at"], name="accounts_audit_object"),
            models.Index(fields=["-at"], name="accounts_audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"
