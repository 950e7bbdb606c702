"""The mail that security notices are switched off: the one notice that has no switch."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.mail.notify import notify_always
from accounts.mail.outbox import MailContent, site_url
from accounts.models import User
from accounts.profile import SECURITY_NOTICES, read_email_preferences, update_profile


def change_profile(user: User, **changes: Any) -> User:
    """Do what `update_profile` does, for a person; mail them if a security notice is off now."""
    with transaction.atomic():
        before = read_email_preferences(User.objects.get(pk=user.pk))
        changed = update_profile(user, **changes)
        after = read_email_preferences(changed)
        if any(before[name] and not after[name] for name in SECURITY_NOTICES):
            key = f"{user.pk}:{timezone.now().isoformat()}"
            notify_always(changed, kind="security_notices_off", key=key, write=_write)
    return changed


def _write() -> MailContent:
    return MailContent(
        subject=_("Security notices of your account are switched off"),
        paragraphs=[
            _("You will no longer get emails about new API keys or log-ins on new devices."),
            _("If that was not you, switch them on again and choose a new password."),
        ],
        action=(_("Check your profile"), site_url("/account/profile/")),
    )
