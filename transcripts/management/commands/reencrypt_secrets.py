"""`manage.py reencrypt_secrets`: write every secret in the database under the newest key.

Beside a running server, and again after an interruption: each row is a transaction of its own, and
what is written under the newest key already is only written once more. Prints no secret.
"""

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from billing.models import CloudInstance
from stt_web.core.encryption import UndecipherableError, reencrypt
from transcripts.voices.models import SigningCertificate
from transcripts.webhooks.models import WebhookEndpoint


def _reencrypt_fields(*names: str) -> Callable[[Any], list[str]]:
    def change(row: Any) -> list[str]:
        for name in names:
            setattr(row, name, reencrypt(getattr(row, name)))
        return list(names)

    return change


def _reencrypt_factor(row: Authenticator) -> list[str]:
    """What allauth encrypts through `accounts.adapters.MfaAdapter`."""
    encrypted = {"secret", "seed"} & row.data.keys()
    codes = [reencrypt(code) for code in row.data.get("migrated_codes", [])]
    row.data = row.data | {name: reencrypt(row.data[name]) for name in encrypted}
    if codes:
        row.data["migrated_codes"] = codes
    return ["data"]


_KINDS: list[tuple[type[models.Model], Callable[[Any], list[str]]]] = [
    (CloudInstance, _reencrypt_fields("token_encrypted")),
    (WebhookEndpoint, _reencrypt_fields("secret_encrypted", "previous_secret_encrypted")),
    (SigningCertificate, _reencrypt_fields("key")),
    (Authenticator, _reencrypt_factor),
]


class Command(BaseCommand):
    help = "Write every secret anew under the first key of STT_ENCRYPTION_KEYS."

    def handle(self, *args: object, **options: object) -> None:
        lost = 0
        for model, change in _KINDS:
            name = str(model._meta.verbose_name_plural)
            pks = list(model._default_manager.values_list("pk", flat=True))
            changed = sum(self._change(model, pk, change) for pk in pks)
            lost += len(pks) - changed
            self.stdout.write(f"{changed} of {len(pks)} {name} are written anew.")
        if lost:
            raise CommandError(
                f"{lost} could not be read: a key is missing in STT_ENCRYPTION_KEYS. Keep the old"
                " ones, or have these set anew."
            )

    def _change(self, model: type[models.Model], pk: Any, change: Callable[[Any], Any]) -> bool:
        """False: no key opens it; it stays as it is."""
        with transaction.atomic():
            row = model._default_manager.select_for_update().filter(pk=pk).first()
            try:
                if row is not None:
                    row.save(update_fields=change(row))
            except UndecipherableError:
                self.stderr.write(f"{model._meta.label} {pk} can't be read.")
                return False
        return True
