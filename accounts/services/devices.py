"""The browsers that a user logs in with, and the mail about a new one.

A browser is known by a random cookie, not by its name or address: names are shared by millions and
addresses change daily. The first one is where the account was made, and causes no mail.
"""

import hashlib
import secrets
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.mail.notify import notify
from accounts.mail.outbox import MailContent, site_url
from accounts.models import KnownDevice, User
from accounts.services.sessions import describe_browser

_TOKEN_BYTES = 32


def note_login(user: User, *, token: str, address: str, browser: str) -> str:
    """Note that `user` logged in with the browser that showed `token` (empty: none).

    Returns the token that the browser stores. A browser that is new to this user causes a mail,
    unless it is the first one.
    """
    now = timezone.now()
    browser_token = token or secrets.token_urlsafe(_TOKEN_BYTES)
    digest = hashlib.sha256(browser_token.encode()).hexdigest()
    devices = KnownDevice.objects.filter(user=user)
    if devices.filter(digest=digest).update(last_seen_at=now):
        return browser_token
    is_first = not devices.exists()
    device, is_new = KnownDevice.objects.get_or_create(
        user=user, digest=digest, defaults={"first_seen_at": now, "last_seen_at": now}
    )
    if is_new and not is_first:
        notify(
            user,
            kind="new_device",
            key=str(device.pk),
            write=lambda: _write(now, address=address, browser=browser),
        )
    return browser_token


def is_known_device(email: str, token: str) -> bool:
    """Whether the browser that showed `token` has logged in to the account of `email` before."""
    return bool(token) and (
        KnownDevice.objects.filter(
            user__email=email.lower(), digest=hashlib.sha256(token.encode()).hexdigest()
        ).exists()
    )


def _write(now: datetime, *, address: str, browser: str) -> MailContent:
    return MailContent(
        subject=_("A new device logged in to your account"),
        paragraphs=[
            _("Someone logged in to your account from a browser that hadn't been used before."),
            _("Time: %(time)s (UTC)") % {"time": date_format(now, "DATETIME_FORMAT")},
            _("Network address: %(address)s") % {"address": address},
            _("Browser: %(browser)s") % {"browser": describe_browser(browser)},
            _(
                "If that wasn't you, choose a new password, log out everywhere, and revoke your API"
                " keys: they keep working until you do."
            ),
        ],
        action=(_("Check your security settings"), site_url("/account/security/")),
    )
