"""Which network address a request comes from.

`X-Forwarded-For` is a claim: it is believed only as far as it was written by proxies of ours
(`STT_TRUSTED_PROXIES`, networks). Read from the right, the first address that isn't one of them is
the client's; the client may have forged all that stands left of it.

The ASGI server must leave the peer's address alone (uvicorn: `--no-proxy-headers`), else a client
on a trusted interface names itself before this is read.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from stt_web.core.addresses import canonical_address, is_within, parse_address, site_of

logger = logging.getLogger(__name__)
_WARNED_PEERS = 64


def request_address(request: HttpRequest) -> str:
    return find_client_address(
        peer=request.META.get("REMOTE_ADDR", ""),
        forwarded_for=request.META.get("HTTP_X_FORWARDED_FOR", ""),
    )


def find_client_address(
    *, peer: str, forwarded_for: str, trusted: Sequence[str] | None = None
) -> str:
    """Return the client's address: `peer`, or the one that trusted proxies report.

    `forwarded_for` is the header (several joined by commas); `trusted` defaults to the setting.
    """
    networks = settings.TRUSTED_PROXIES if trusted is None else trusted
    address = canonical_address(peer)
    if forwarded_for and not is_within(address, networks):
        _warn_of_untrusted(address)
    for claim in reversed(forwarded_for.split(",")):
        if not is_within(address, networks):
            break
        claimed = _strip_port(claim.strip())
        if parse_address(claimed) is None:
            break  # an unreadable claim ends the chain: the proxy that sent it is answerable
        address = canonical_address(claimed)
    return address


def is_loopback(address: str) -> bool:
    """Whether a request from there was made on this machine."""
    parsed = parse_address(address)
    return parsed is not None and parsed.is_loopback


def digest_address(address: str) -> str:
    """Return a keyed hash of what the guest is counted by: IPv6 by its /64.

    64 hex digits. Without the server's secret, the address can't be found from it by trying all.
    """
    return salted_hmac("accounts.client_address", site_of(address), algorithm="sha256").hexdigest()


@lru_cache(maxsize=_WARNED_PEERS)
def _warn_of_untrusted(peer: str) -> None:
    """Once for a peer: where the setting is missing, all clients share the proxy's limits."""
    logger.warning(
        "event=untrusted_forwarded_for peer=%s hint=%r",
        peer,
        "If this is your proxy, list it in STT_TRUSTED_PROXIES: until then all clients behind it"
        " count as one.",
    )


def _strip_port(text: str) -> str:
    """`1.2.3.4:80` and `[::1]:80` → the address; some proxies add the port."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
