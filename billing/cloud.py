"""Private Cloud: which servers work for an account, and what an operator does with them.

An account is *private* if its plan has Private Cloud, or while it has an instance that is not
removed (so that a plan that ends never sends audio elsewhere by surprise: an operator removes the
instances). A private account's audio and text go to its own instances or nowhere.

    active ──► draining ──► removed          and back from draining to active

An instance's token is decrypted here only, for the caller of the instance.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from django.core.exceptions import ValidationError
from django.db import models
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from billing.models import BillingAccount, CloudInstance, InstanceStatus
from stt_web.core.encryption import decrypt, encrypt

_TARGET = re.compile(r"(dns:///)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})\Z")


@dataclass(frozen=True, kw_only=True)
class InstanceDetails:
    """How a server is to be reached. `token` and `ca_pem` may be empty."""

    name: str
    target: str
    region: str = ""
    is_tls: bool = True
    ca_pem: str = ""
    token: str = field(default="", repr=False)
    gpu: str = ""


def is_private(user: User) -> bool:
    """Whether the user's work runs on instances of its own only. One query.

    Asked in the negative, so that a missing row is False: a user who is being deleted, and whose
    account is parted from the person already, has nowhere to send anything.
    """
    own = models.Exists(_present().filter(account__user=models.OuterRef("pk")))
    staying = User.objects.filter(~own, pk=user.pk, deletion_requested_at=None)
    return not staying.exclude(billing_account__plan__has_private_cloud=True).exists()


def list_instances(user: User) -> list[CloudInstance]:
    """Return the user's instances that aren't removed, in a fixed order. One query."""
    return list(_present().filter(account__user=user).order_by("created_at", "pk"))


@sensitive_variables("details")
def change_instance(instance: CloudInstance, details: InstanceDetails) -> None:
    """Change how a server is reached. Raises ValidationError."""
    check_details(details)
    for name in ("name", "target", "region", "is_tls", "ca_pem", "gpu"):
        setattr(instance, name, getattr(details, name))
    instance.token_encrypted = encrypt(details.token)
    instance.full_clean()
    instance.save()


@sensitive_variables("details")
def check_details(details: InstanceDetails) -> None:
    """Raise ValidationError with what is wrong, by field."""
    found = _TARGET.match(details.target)
    if found is None or not 0 < int(found["port"]) < 65_536:
        raise ValidationError({"target": "This must be host:port or dns:///name:port."})
    if details.token and not details.is_tls:
        raise ValidationError({"token": "A token is only sent over TLS: switch TLS on."})
    # Metadata of gRPC is ASCII; a line break would be another header.
    if not details.token.isascii() or not details.token.isprintable():
        raise ValidationError({"token": "A token is made of printable ASCII characters."})
    if details.ca_pem and not details.is_tls:
        raise ValidationError({"ca_pem": "A CA is of no use without TLS: switch TLS on."})
    if details.ca_pem:
        _check_certificates(details.ca_pem)


def read_token(instance: CloudInstance) -> str:
    """Return the raw token. Raises UndecipherableError."""
    return decrypt(instance.token_encrypted)


def set_status(instance: CloudInstance, *, status: str, seen: Sequence[str]) -> bool:
    """Move the instance on if its status is one of `seen` still; removing deletes its token."""
    rows = CloudInstance.objects.filter(pk=instance.pk, status__in=seen)
    forgotten = {"token_encrypted": "", "ca_pem": ""} if status == InstanceStatus.REMOVED else {}
    return bool(rows.update(status=status, **forgotten))


def drain_instance(instance: CloudInstance) -> bool:
    """Give it no new work; False if it was not active."""
    return set_status(instance, status=InstanceStatus.DRAINING, seen=[InstanceStatus.ACTIVE])


def activate_instance(instance: CloudInstance) -> bool:
    """Give it work again; False if it was not draining."""
    return set_status(instance, status=InstanceStatus.ACTIVE, seen=[InstanceStatus.DRAINING])


def remove_instance(instance: CloudInstance) -> bool:
    """Use it no more, also not for what it has begun; False if it was removed before."""
    present = [InstanceStatus.ACTIVE, InstanceStatus.DRAINING]
    return set_status(instance, status=InstanceStatus.REMOVED, seen=present)


def remove_instances(account: BillingAccount) -> None:
    """Remove all of the account's, as when its person leaves. Idempotent."""
    for instance in _present().filter(account=account):
        remove_instance(instance)


def _present() -> models.QuerySet[CloudInstance]:
    return CloudInstance.objects.exclude(status=InstanceStatus.REMOVED)


def _check_certificates(pem: str) -> None:
    try:
        x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise ValidationError({"ca_pem": "This is no certificate in PEM form."}) from None
