"""Links by which a person without an account may read one transcript and play its recording.

A link's token is 256 random bits, shown once and stored as a digest. A wrong, a revoked and an
expired link are the same: there is nothing.

    ShareNotFoundError (ApiError, 404)
    BadShareError (ApiError, 400)            an expiry in the past, a password that is no use
    WrongPasswordError (ApiError, 403)
    TooManyPasswordsError (ApiError, 429)    with Retry-After
"""

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.client_address import digest_address
from accounts.rate_windows import count_in_window
from stt_web.core.errors import ApiError
from transcripts.access import TranscriptNotFoundError
from transcripts.locks import lock_transcript
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.sharing.models import ShareLink

MAX_LINKS = 100  # that work, of one transcript
MAX_PASSWORD_CHARACTERS = 128
MIN_PASSWORD_CHARACTERS = 8
# Passwords tried on one link: from one network address, and from all together.
PASSWORDS_AN_ADDRESS = 5
PASSWORDS_A_LINK = 100
PASSWORD_WINDOW_S = 900
OPENED_FOR_S = 12 * 3600
_SALT = "transcripts.sharing"


class ShareNotFoundError(ApiError):
    """There is none with this id, or it is another owner's."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such shared link.")


class BadShareError(ApiError):
    """An expiry or a password that can't be used."""

    code = "invalid_value"


class TooManySharesError(BadShareError):
    """There are too many links."""

    status = 409


class WrongPasswordError(ApiError):
    status = 403
    code = "wrong_password"


class TooManyPasswordsError(ApiError):
    status = 429
    code = "too_many_passwords"


@sensitive_variables("token", "password")
def create_share(
    transcript: Transcript, *, expires_at: datetime | None = None, password: str = ""
) -> tuple[ShareLink, str]:
    """Return the link and its raw token, this once.

    Raises BadShareError, TranscriptNotFoundError where it was deleted.
    """
    if expires_at is not None and expires_at <= timezone.now():
        raise BadShareError("expires_at is in the past.")
    if password and not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise BadShareError(
            f"The password must have {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS}"
            " characters."
        )
    token = secrets.token_urlsafe(32)
    hashed = make_password(password) if password else ""  # slow: before the lock
    with transaction.atomic():
        if not lock_transcript(transcript.pk):
            raise TranscriptNotFoundError
        # Behind the lock: requests that come together can't all be the last one.
        if list_shares(transcript).count() >= MAX_LINKS:
            raise TooManySharesError(f"There are {MAX_LINKS} links already. Revoke one.")
        link = ShareLink.objects.create(
            transcript=transcript,
            token_digest=_digest(token),
            password=hashed,
            expires_at=expires_at,
        )
    return link, token


def list_shares(transcript: Transcript) -> QuerySet[ShareLink]:
    """Links that aren't revoked, newest first; expired ones too, which can be seen to be so."""
    return ShareLink.objects.filter(transcript=transcript, revoked_at=None)


def revoke_share(transcript: Transcript, share_id: UUID) -> None:
    """Have the link lead nowhere, from now on. Raises ShareNotFoundError."""
    if not list_shares(transcript).filter(pk=share_id).update(revoked_at=timezone.now()):
        raise ShareNotFoundError


@sensitive_variables("token")
def find_share(token: str) -> ShareLink:
    """Return the link with its transcript, if it leads somewhere now. One query.

    Raises ShareNotFoundError.
    """
    unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    link = (
        ShareLink.objects.select_related("transcript")
        .filter(
            unexpired,
            token_digest=_digest(token),
            revoked_at=None,
            transcript__status__in=READABLE_STATUSES,
            transcript__owner__is_active=True,
        )
        .first()
    )
    if link is None:
        raise ShareNotFoundError
    return link


@sensitive_variables("password")
def open_share(link: ShareLink, *, password: str, address: str) -> str:
    """Return the pass that stands for the right password, for OPENED_FOR_S.

    Counted before it is checked, so that tries at once don't get around the limit, and so that a
    refused one costs no hashing. Raises TooManyPasswordsError, WrongPasswordError.
    """
    now = timezone.now()
    by_address = f"share:{link.pk.hex}:{digest_address(address)[:32]}"
    for subject, limit in (
        (by_address, PASSWORDS_AN_ADDRESS),
        (f"share:{link.pk.hex}", PASSWORDS_A_LINK),
    ):
        window = count_in_window(subject, window_s=PASSWORD_WINDOW_S, now=now)
        if window.count > limit:
            raise TooManyPasswordsError(
                "Too many passwords were tried. Wait a while and try again.",
                retry_after_s=window.resets_in_s,
            )
    if not check_password(password[:MAX_PASSWORD_CHARACTERS], link.password):
        raise WrongPasswordError("This is not the password.")
    return signing.dumps(_what_is_passed(link), salt=_SALT)


def is_open(link: ShareLink, *, shown_pass: str) -> bool:
    """Whether it needs no password, or `shown_pass` stands for the present one."""
    if not link.password:
        return True
    try:
        passed = signing.loads(shown_pass, salt=_SALT, max_age=OPENED_FOR_S)
    except signing.BadSignature:
        return False
    return bool(passed == _what_is_passed(link))


def _what_is_passed(link: ShareLink) -> str:
    return f"{link.pk.hex}:{hashlib.sha256(link.password.encode()).hexdigest()[:16]}"


def _digest(token: str) -> str:
    """SHA-256 in hex: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
