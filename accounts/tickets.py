"""Tickets: how a page of ours uses `/v1/` for a logged-in user.

`/v1/` is open to every origin, so it takes no cookies. A page that has the session asks for a
ticket (same origin, with the CSRF token) and shows it like a key. It is good for a minute, for
starting something; what it started goes on.
"""

from django.core import signing

from accounts.authentication import AuthenticationError
from accounts.models import User

_PREFIX = "ticket_"
_SALT = "accounts.tickets"
LIFETIME_S = 60


def issue_ticket(user: User) -> str:
    return _PREFIX + signing.TimestampSigner(salt=_SALT).sign(str(user.pk))


def is_ticket(raw: str) -> bool:
    """Whether `raw`, from an Authorization header, is a ticket by its format, which no key has."""
    return raw.startswith(_PREFIX)


def redeem_ticket(raw: str) -> User:
    """Return whose ticket it is. Raises AuthenticationError for a forged or old one. One query."""
    signer = signing.TimestampSigner(salt=_SALT)
    try:
        user_id = signer.unsign(raw.removeprefix(_PREFIX), max_age=LIFETIME_S)
    except signing.BadSignature:
        user_id = ""
    user = User.objects.filter(pk=user_id, is_active=True).first() if user_id else None
    if user is None:
        raise AuthenticationError("This page was open for too long. Reload it and try again.")
    return user
