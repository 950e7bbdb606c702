"""Which network address a request comes from.

`X-Forwarded-For` is a claim: it is believed only as far as it was written by proxies of ours
(`STT_TRUSTED_PROXIES`, networks). Read from the right, the first address that isn't one of them is
the client's; whatever stands left of it, the client may have made up.

The ASGI server must leave the peer's address alone (uvicorn: `--no-proxy-headers`), else a client
on a trusted interface names itself before we look.
"""

import ipaddress
import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

logger = logging.getLogger(__name__)

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# What one subscriber is given at least, so what one visitor is counted by: RFC 6177.
_IPV6_SITE_PREFIX = 64
_WARNED_PEERS = 64


def request_address(request: HttpRequest) -> str:
    return find_client_address(
        peer=request.META.get("REMOTE_ADDR", ""),
        forwarded_for=request.META.get("HTTP_X_FORWARDED_FOR", ""),
    )


def find_client_address(
    *, peer: str, forwarded_for: str, trusted: Sequence[str] | None = None
) -> str:
    """Return the client's address: `peer`, or what trusted proxies say of it.

    `forwarded_for` is the header (several joined by commas); `trusted` defaults to the setting.
    """
    networks = _parse_networks(tuple(settings.TRUSTED_PROXIES if trusted is None else trusted))
    address = canonical_address(peer)
    if forwarded_for and not _is_within(address, networks):
        _warn_of_untrusted(address)
    for claim in reversed(forwarded_for.split(",")):
        if not _is_within(address, networks):
            break
        claimed = _strip_port(claim.strip())
        if _parse_address(claimed) is None:
            break  # an unreadable claim ends the chain: the proxy that sent it is answerable
        address = canonical_address(claimed)
    return address


def canonical_address(address: str) -> str:
    """Return the one spelling of an address that counts; IPv4 in IPv6 (::ffff:…) as IPv4.

    What is no address (a socket file has none) stays as it is.
    """
    parsed = _parse_address(address)
    return address if parsed is None else str(parsed)


def site_of(address: str) -> str:
    """Return the address that stands for all of one subscriber: of IPv6 the first of its /64."""
    parsed = _parse_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        network = ipaddress.IPv6Network((parsed, _IPV6_SITE_PREFIX), strict=False)
        return str(network.network_address)
    return canonical_address(address)


def is_loopback(address: str) -> bool:
    """Whether a request from there was made on this machine."""
    parsed = _parse_address(address)
    return parsed is not None and parsed.is_loopback


def digest_address(address: str) -> str:
    """Return a keyed hash of what the visitor is counted by: IPv6 by its /64.

    64 hex digits. Without the server's secret, the address can't be found from it by trying all.
    """
    return salted_hmac("accounts.client_address", site_of(address), algorithm="sha256").hexdigest()


@lru_cache(maxsize=_WARNED_PEERS)
def _warn_of_untrusted(peer: str) -> None:
    """Once for a peer: where the setting is forgotten, all clients share the proxy's limits."""
    logger.warning(
        "event=untrusted_forwarded_for peer=%s hint=%r",
        peer,
        "If this is your proxy, list it in STT_TRUSTED_PROXIES: until then all clients behind it"
        " count as one.",
    )


@lru_cache(maxsize=16)
def _parse_networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def _is_within(address: str, networks: tuple[Network, ...]) -> bool:
    parsed = _parse_address(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parse_address(text: str) -> Address | None:
    """Return the address; an IPv4 one that comes dressed as IPv6 (::ffff:…) as IPv4."""
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed


def _strip_port(text: str) -> str:
    """`1.2.3.4:80` and `[::1]:80` → the address; some proxies add the port."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
