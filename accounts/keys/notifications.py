"""The mail that a new API key was made: never with the key."""

from django.utils.translation import gettext as _

from accounts.mail.notify import notify
from accounts.mail.outbox import MailContent, site_url
from accounts.models import ApiKey


def notify_key_created(api_key: ApiKey) -> None:
    """Notify the owner by mail. Inside the transaction that makes the key."""
    notify(
        api_key.user,
        kind="key_created",
        key=str(api_key.pk),
        write=lambda: _write(api_key),
    )


def _write(api_key: ApiKey) -> MailContent:
    shown = {"name": api_key.name, "prefix": api_key.prefix}
    return MailContent(
        subject=_("API key created: %(name)s") % shown,
        paragraphs=[
            _("Your account has a new API key, “%(name)s” (%(prefix)s…).") % shown,
            *_describe_maker(api_key.created_by_key),
            _("If that wasn't you, revoke it and choose a new password."),
        ],
        action=(_("See your keys"), site_url("/account/keys/")),
    )


def _describe_maker(maker: ApiKey | None) -> list[str]:
    if maker is None:
        return []
    shown = {"name": maker.name, "prefix": maker.prefix}
    return [_("It was created with another of your keys, “%(name)s” (%(prefix)s…).") % shown]
