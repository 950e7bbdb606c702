"""A guest's use of the day: counted with the transcript, or before its recording was sent."""

from dataclasses import dataclass
from datetime import datetime

from accounts.client_address import digest_address
from accounts.guest_tokens import make_guest_token
from billing.quotas import count_anonymous_use, move_anonymous_use


@dataclass(frozen=True, kw_only=True)
class GuestTry:
    """A use that counts since `counted_at`, and the digest of the token that the guest has."""

    token_digest: str
    address_digest: str
    counted_at: datetime


def count_try(counted: GuestTry | None, *, address: str, now: datetime) -> str:
    """Have the use of a new transcript count, once; return the digest of the guest's address.

    Locks the address's day. Raises AnonymousLimitError where there is nothing left of it; never for
    a use that was counted before.
    """
    if counted is None:
        return count_anonymous_use(address, now=now)
    move_anonymous_use(counted.address_digest, counted_at=counted.counted_at, now=now)
    return counted.address_digest


def find_address_digest(counted: GuestTry | None, *, address: str) -> str:
    return digest_address(address) if counted is None else counted.address_digest


def make_token(counted: GuestTry | None) -> tuple[str, str]:
    """Return a guest's token for a new transcript, and its digest; "" for one who has it."""
    return make_guest_token() if counted is None else ("", counted.token_digest)
