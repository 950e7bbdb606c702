"""A new encryption key in front: everything is encrypted again, and the old one can be removed."""

import io

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import CommandError, call_command
from pytest_django import Settings

from billing.cloud import InstanceDetails, read_token
from billing.models import CloudInstance
from stt_web.core.encryption import decrypt
from tests.billing.conftest import create_account
from tests.billing.instances import register_instance
from transcripts.webhooks.endpoints import create_endpoint
from transcripts.webhooks.models import WebhookEndpoint

pytestmark = [pytest.mark.django_db, pytest.mark.database]
TOKEN = "token-of-the-instance"


@pytest.fixture
def secret(settings: Settings) -> str:
    """One of each kind, under the old key; returns the webhook's secret."""
    settings.ENCRYPTION_KEYS = ["old"]
    account = create_account()
    assert account.user is not None
    register_instance(account, InstanceDetails(name="one", target="gpu.example:50051", token=TOKEN))
    TOTP.activate(account.user, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(account.user)
    return create_endpoint(account.user, url="https://example.com/hook")[1]


def run() -> str:
    out = io.StringIO()
    call_command("reencrypt_secrets", stdout=out, stderr=out)
    return out.getvalue()


def recovery_codes() -> list[str]:
    row = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
    return RecoveryCodes(row).generate_codes()


def test_all_can_be_read_without_the_old_key_afterwards(secret: str, settings: Settings) -> None:
    codes = recovery_codes()
    settings.ENCRYPTION_KEYS = ["new", "old"]
    out = run()
    run()  # again does no harm
    settings.ENCRYPTION_KEYS = ["new"]

    assert read_token(CloudInstance.objects.get()) == TOKEN
    assert decrypt(WebhookEndpoint.objects.get().secret_encrypted) == secret
    totp = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert get_adapter().decrypt(totp.data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert recovery_codes() == codes
    assert TOKEN not in out
    assert secret not in out


def test_what_no_key_opens_stays_as_it_is_and_is_reported(secret: str, settings: Settings) -> None:
    before = WebhookEndpoint.objects.get().secret_encrypted
    settings.ENCRYPTION_KEYS = ["new"]
    with pytest.raises(CommandError, match="4 could not be read"):
        run()
    assert WebhookEndpoint.objects.get().secret_encrypted == before
