"""Notifications by mail, if the user wants them: the only way to send a mail about an account.

Who gets it: an active user whose address is verified, and who didn't switch this kind off
(`accounts.profile.EMAIL_PREFERENCES`). In the user's language.
"""

import logging
from collections.abc import Callable

from allauth.account.models import EmailAddress
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.mail.outbox import MailContent, queue_mail, site_url
from accounts.models import User
from accounts.profile import read_email_preferences
from accounts.rate_windows import count_in_window

logger = logging.getLogger(__name__)

# Of one kind, for one account; a program that sends a thousand recordings fills no mailbox.
MAX_AN_HOUR = 20


def notify(user: User, *, kind: str, key: str, write: Callable[[], MailContent]) -> bool:
    """Queue the mail that `write` returns; False if it isn't wanted, or was queued before.

    `kind`: one of EMAIL_PREFERENCES. `key`: identifies the event; each is sent once. `write` runs
    in the user's language. Inside the caller's transaction; at most five queries.
    """
    if not read_email_preferences(user)[kind]:
        return False
    reason = gettext_noop(
        "You receive these emails because of your settings. Change them here: %(address)s"
    )
    return _queue(user, kind=kind, key=key, write=write, reason=reason)


def notify_always(user: User, *, kind: str, key: str, write: Callable[[], MailContent]) -> bool:
    """The same for a mail that can't be switched off."""
    return _queue(user, kind=kind, key=key, write=write)


def _queue(
    user: User, *, kind: str, key: str, write: Callable[[], MailContent], reason: str = ""
) -> bool:
    if not user.is_active:
        return False
    address = EmailAddress.objects.filter(user=user, primary=True, verified=True).first()
    if address is None:
        return False
    window = count_in_window(f"mail:{kind}:{user.pk}", window_s=3600, now=timezone.now())
    if window.count > MAX_AN_HOUR:
        logger.warning("event=mail_withheld kind=%s user_id=%s", kind, user.pk)
        return False
    with translation.override(user.language):
        return queue_mail(
            write(),
            kind=kind,
            key=f"{kind}:{key}",
            recipient=address.email,
            user=user,
            reason=reason and _(reason) % {"address": site_url("/account/profile/")},
        )
