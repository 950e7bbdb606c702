"""Private Cloud instances in the admin: registered, changed, drained, removed; no secrets shown."""

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from billing.cloud import read_token
from billing.models import BillingAccount, CloudInstance, InstanceStatus
from tests.accounts.operators import BY_OPERATORS, Operator, last_entry, list_of, operator, page_of
from tests.billing.conftest import create_account
from tests.certificates import make_certificates

__all__ = ["operator"]  # fixtures

ADD = "admin:billing_cloudinstance_add"
TOKEN = "very-secret-token"


@pytest.fixture
def account(transactional_db: None) -> BillingAccount:
    return create_account()


def fields_of(account: BillingAccount, **changed: object) -> dict[str, Any]:
    values: dict[str, object] = {
        "account": account.pk,
        "name": "one",
        "region": "Brno",
        "target": "gpu.example.com:50051",
        "is_tls": "on",
        "ca_pem": "",
        "gpu": "H200",
        "token": TOKEN,
        "reason": "ticket 9",
        **changed,
    }
    return {name: value for name, value in values.items() if value is not None}


def register(operator: Operator, account: BillingAccount, **changed: object) -> Any:
    return operator.client.post(reverse(ADD), fields_of(account, **changed))


def test_an_instance_is_registered_and_its_token_never_shown(
    operator: Operator, account: BillingAccount, tmp_path: Path
) -> None:
    ca_pem = make_certificates(tmp_path).ca_pem
    assert register(operator, account, ca_pem=ca_pem).status_code == 302

    instance = CloudInstance.objects.get()
    assert (read_token(instance), instance.ca_pem.strip()) == (TOKEN, ca_pem.strip())
    for page in (list_of(CloudInstance), page_of(instance), list_of(AuditEntry)):
        text = operator.get(page).content.decode()
        assert TOKEN not in text
        assert instance.token_encrypted not in text
    entry = last_entry()
    assert (entry.action, entry.reason, entry.details["token"]) == ("add", "ticket 9", "changed")
    assert TOKEN not in str(vars(entry))
    assert TOKEN not in operator.get(page_of(entry)).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"is_tls": None}, {"target": "nowhere"}, {"ca_pem": "no"}, {"reason": ""}, {"name": ""}],
)
def test_an_instance_that_is_not_safe_is_refused(
    operator: Operator, account: BillingAccount, wrong: dict[str, object]
) -> None:
    answer = register(operator, account, **wrong)
    text = answer.content.decode()
    assert ("errorlist" in text, TOKEN in text) == (True, False)
    assert not CloudInstance.objects.exists()
    assert not BY_OPERATORS.exists()


def test_a_token_stays_unless_another_is_given(operator: Operator, account: BillingAccount) -> None:
    register(operator, account)
    instance = CloudInstance.objects.get()
    change = fields_of(account, name="two", token="")

    assert operator.client.post(page_of(instance), change).status_code == 302
    instance.refresh_from_db()
    assert (instance.name, read_token(instance)) == ("two", TOKEN)

    without_tls = operator.client.post(page_of(instance), change | {"is_tls": ""})
    assert "only sent over TLS" in without_tls.content.decode()


def test_an_instance_is_drained_activated_and_removed(
    operator: Operator, account: BillingAccount
) -> None:
    register(operator, account)
    instance = CloudInstance.objects.get()
    for action, expected in (
        ("drain", InstanceStatus.DRAINING),
        ("activate", InstanceStatus.ACTIVE),
        ("remove", InstanceStatus.REMOVED),
    ):
        operator.act(instance, action)
        instance.refresh_from_db()
        assert (instance.status, last_entry().action) == (expected, action)

    assert instance.token_encrypted == ""
    assert operator.get(page_of(instance)).status_code == 200
    assert operator.client.post(page_of(instance), fields_of(account)).status_code == 403
    delete = page_of(instance).replace("change/", "delete/")
    assert operator.client.post(delete, {"post": "yes"}).status_code == 403
