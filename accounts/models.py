"""Who uses the system: people, and the keys that their programs carry.

Owns identity only; what an account may use and has paid for is `billing`'s.
"""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models


class EmailUserManager(UserManager["User"]):
    """Makes users that are known by their e-mail address."""

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
    """A person with an account. `id` is opaque; the e-mail address is stored in lower case."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = None  # type: ignore[assignment]  # the e-mail address is the name to log in with
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    language = models.CharField(max_length=8, default="en")
    email_preferences = models.JSONField(default=dict, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[EmailUserManager] = EmailUserManager()

    def __str__(self) -> str:
        return self.email


class ApiKey(models.Model):
    """A program's key. The raw key is shown once, at creation; only its digest is kept."""

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

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class RateWindow(models.Model):
    """How often somebody did something in the current window of time (`accounts.rate_windows`)."""

    subject = models.CharField(primary_key=True, max_length=100)
    started_at_s = models.BigIntegerField()  # seconds since 1970, a multiple of the window
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.subject}: {self.count}"
