"""Tickets: how a page of ours uses `/v1/` for somebody who is logged in.

`/v1/` is open to every origin, so it takes no cookies. A page that has the session asks for a
ticket (same origin, with the CSRF token) and shows it like a key. It is good for a minute, for
starting something; what it started goes on.
"""

from django.core import signing

from accounts.models import User

_PREFIX = "ticket_"
_SALT = "accounts.tickets"
LIFETIME_S = 60


def issue_ticket(user: User) -> str:
    return _PREFIX + signing.TimestampSigner(salt=_SALT).sign(str(user.pk))


def is_ticket(raw: str) -> bool:
    """Whether `raw`, from an Authorization header, means to be a ticket; no key looks like one."""
    return raw.startswith(_PREFIX)


def redeem_ticket(raw: str) -> User | None:
    """Return whose ticket it is; None for a forged or old one, and for a closed account."""
    signer = signing.TimestampSigner(salt=_SALT)
    try:
        user_id = signer.unsign(raw.removeprefix(_PREFIX), max_age=LIFETIME_S)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=user_id, is_active=True).first()
