"""Network addresses: reading them, and what one subscriber is counted by."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# The least that one subscriber is given: RFC 6177.
_IPV6_SITE_PREFIX = 64


def parse_address(text: str) -> Address | None:
    """Return the address; an IPv4 one written as IPv6 (`::ffff:192.0.2.1`) as IPv4."""
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed


def is_within(text: str, networks: Sequence[str]) -> bool:
    """Whether the address is in one of the networks (`10.0.0.0/8`)."""
    parsed = parse_address(text)
    return parsed is not None and any(
        parsed in network for network in _parse_networks(tuple(networks))
    )


def canonical_address(text: str) -> str:
    """Return the one spelling of an address that counts; IPv4 in IPv6 (::ffff:…) as IPv4.

    What is no address (a socket file has none) stays as it is.
    """
    parsed = parse_address(text)
    return text if parsed is None else str(parsed)


def site_of(text: str) -> str:
    """Return what a client is counted by: its IPv4 address, or the first one of its IPv6 /64."""
    parsed = parse_address(text)
    if isinstance(parsed, ipaddress.IPv6Address):
        network = ipaddress.IPv6Network((parsed, _IPV6_SITE_PREFIX), strict=False)
        return str(network.network_address)
    return text if parsed is None else str(parsed)


@lru_cache(maxsize=16)
def _parse_networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)
