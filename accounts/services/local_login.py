"""A link that logs in at this machine: how to get into the account that `make run` makes.

That account has no password. The person who starts the system reads the link on the terminal, and
opens it in a browser on the same machine. It is signed, good once, for a quarter of an hour, from
this machine only, and for no account that has a password or a second factor: those log in with
them.
"""

import secrets

from allauth.account.models import EmailAddress
from django.core import signing
from django.core.cache import cache
from django.urls import reverse

from accounts.models import User
from accounts.services.sessions import has_second_factor

LIFETIME_S = 15 * 60  # time to find a browser, not to find the terminal's scrollback
_SALT = "accounts.local_login"
_NONCE_BYTES = 16


class LinkRefusedError(Exception):
    """The link is forged, too old, or used already; or the account now has a password."""


def confirm_local_address(email: str) -> None:
    """Let the account that the set-up made log in with a password, once it has one.

    No mail reaches it that could confirm its address. A user who signed up has both a password
    and an address on record, and confirms it like every user.
    """
    user = User.objects.filter(email=email).first()
    addresses = EmailAddress.objects.filter(user=user, email=email)
    if user is None or (user.has_usable_password() and addresses.exists()):
        return
    EmailAddress.objects.update_or_create(
        user=user, email=email, defaults={"primary": True, "verified": True}
    )


def make_login_path(email: str) -> str:
    """Return the path of a new link into that account; "" where there is none to be given."""
    user = User.objects.filter(email=email).first()
    if user is None or not _may_use_link(user):
        return ""
    nonce = secrets.token_urlsafe(_NONCE_BYTES)
    cache.set(_key(nonce), True, LIFETIME_S)
    token = signing.TimestampSigner(salt=_SALT).sign_object([str(user.pk), nonce])
    return reverse("account_local_login", args=[token])


def redeem_login_token(token: str) -> User:
    """Return whose link it is, and use it up. Raises LinkRefusedError."""
    try:
        user_id, nonce = signing.TimestampSigner(salt=_SALT).unsign_object(
            token, max_age=LIFETIME_S
        )
    except signing.BadSignature:
        raise LinkRefusedError from None
    # Of two who come at once, the store lets one delete it.
    if not cache.delete(_key(nonce)):
        raise LinkRefusedError
    user = User.objects.filter(pk=user_id).first()
    if user is None or not _may_use_link(user):
        raise LinkRefusedError
    return user


def _may_use_link(user: User) -> bool:
    is_there = user.is_active and user.deletion_requested_at is None
    return is_there and not user.has_usable_password() and not has_second_factor(user)


def _key(nonce: str) -> str:
    return f"local_login:{nonce}"
