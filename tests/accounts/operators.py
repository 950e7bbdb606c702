"""An operator's browser: logged in with password and second factor, as a real one would be."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from tests.accounts.pages.people import log_in, member

BY_OPERATORS = AuditEntry.objects.exclude(actor_email="")  # the log has people's own actions, too

SECRET = "JBSWY3DPEHPK3PXP"


@dataclass
class Operator:
    user: User
    client: Client = field(default_factory=Client)

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, **options)

    def act(self, subject: Any, action: str, **fields: object) -> Any:
        """Press an action's button, with a reason unless another is given; follow to the page."""
        data = {"reason": "ticket 7", **fields}
        return self.client.post(action_of(subject, action), data, follow=True)


def action_of(subject: Any, action: str) -> str:
    label = f"{subject._meta.app_label}_{subject._meta.model_name}"
    return reverse(f"admin:{label}_act", args=[subject.pk, action])


def page_of(subject: Any) -> str:
    label = f"{subject._meta.app_label}_{subject._meta.model_name}"
    return reverse(f"admin:{label}_change", args=[subject.pk])


def list_of(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def give_second_factor(user: User) -> None:
    TOTP.activate(user, SECRET)


def second_factor_code() -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(SECRET, counter))


def make_operator(email: str = "operator@example.com", *, is_superuser: bool = True) -> Operator:
    user = member(email)
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=is_superuser)
    give_second_factor(user)
    operator = Operator(user)
    cache.clear()  # what other tests' log-ins were counted
    log_in(operator.client, email)
    operator.client.post("/account/2fa/authenticate/", {"code": second_factor_code()})
    return operator


@pytest.fixture
def operator(transactional_db: None) -> Operator:
    return make_operator()


def last_entry() -> AuditEntry:
    entry = BY_OPERATORS.order_by("-pk").first()
    assert entry is not None
    return entry
