"""Where a webhook may go: an address of a client's must not reach what only we can.

    BadUrlError (ApiError, 400)         the URL itself can't be used
    AddressRefusedError                 its host leads to an address of a private or special network

A host is resolved once, all its addresses are checked, and exactly those are connected to
(`webhooks.sender`): a name that answers differently the second time gains nothing. Sources: the
IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and its updates).
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from django.conf import settings

from stt_web.core.errors import ApiError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Lookup: TypeAlias = Callable[[str, int], Sequence[str]]

MAX_URL_CHARACTERS = 2000
# After IDNA; or an IPv6 address, without a scope (`%eth0`).
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}\Z")
_WEB_PORTS = (80, 443)
_FIRST_UNPRIVILEGED_PORT = 1024

# Beyond what `ipaddress` calls not global, in every release of Python.
_REFUSED_IPV4 = [
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT; also where some clouds have their metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's platform service, on a public address
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
]
# Of IPv6 only the global unicast range is called, without what in it stands for something else:
# addresses that carry an IPv4 address inside would lead around the list above.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_REFUSED_IPV6 = [
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments; Teredo (2001::/32) among them
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
]


class BadUrlError(ApiError):
    """Not a URL that webhooks may go to."""

    code = "invalid_url"


class PrivateUrlError(BadUrlError):
    """The URL leads to a private or special address."""

    code = "address_refused"


class AddressRefusedError(Exception):
    """The message names no address: it is shown to the client that chose the host."""


@dataclass(frozen=True)
class Target:
    """A URL taken apart. `host` is ASCII, without brackets."""

    scheme: str
    host: str
    port: int
    path: str  # with the query

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_usual = self.port == {"http": 80, "https": 443}[self.scheme]
        return host if is_usual else f"{host}:{self.port}"


def read_url(url: str, *, allows_http: bool | None = None) -> Target:
    """Parse `url`. Raises BadUrlError. Nothing is resolved.

    `allows_http`: whether it may go in the clear; the default is the setting of webhooks.
    """
    if allows_http is None:
        allows_http = settings.WEBHOOK_ALLOW_HTTP
    if len(url) > MAX_URL_CHARACTERS or not url.isprintable() or " " in url or "\\" in url:
        raise BadUrlError(f"The URL must have at most {MAX_URL_CHARACTERS} printable characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        path.encode("ascii")
    except ValueError:  # also what can't be written in IDNA or ASCII
        raise BadUrlError("This is not a URL. Write it as https://host/path, in ASCII.") from None
    if parts.scheme not in ("http", "https") or not _HOST.match(host):
        raise BadUrlError("The URL must begin with https:// and name a host.")
    if parts.scheme == "http" and not allows_http:
        raise BadUrlError("The URL must begin with https://: messages are not sent in the clear.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadUrlError("The URL must not hold a user, a password or a fragment (#…).")
    port = port if port is not None else {"http": 80, "https": 443}[parts.scheme]
    if port not in _WEB_PORTS and port < _FIRST_UNPRIVILEGED_PORT:
        raise BadUrlError("The port must be 80, 443, or 1024 and above.")
    return Target(scheme=parts.scheme, host=host, port=port, path=path)


def check_literal(target: Target, *, allowed: Sequence[str] | None = None) -> None:
    """Raise BadUrlError if the host is itself an address that is refused, however it is written.

    No name server is asked: `127.1`, `0x7f000001` and `localhost` are known without one.
    """
    if target.host == "localhost" or target.host.endswith(".localhost"):
        found = ["127.0.0.1"]
    else:
        try:
            entries = socket.getaddrinfo(target.host, None, flags=socket.AI_NUMERICHOST)
        except OSError:
            return  # a name
        found = [str(entry[4][0]).partition("%")[0] for entry in entries]
    if not all(is_allowed(ipaddress.ip_address(text), allowed) for text in found):
        raise PrivateUrlError("Webhooks may not go to private or special addresses.")


def find_addresses(
    host: str, port: int, *, lookup: Lookup | None = None, allowed: Sequence[str] | None = None
) -> list[str]:
    """Return the addresses of `host`, each allowed, in the order in which to try them.

    Raises OSError if there are none, AddressRefusedError if one of them is refused: a name that
    leads to public and private places at once is no honest receiver. Blocks for the name servers.
    `allowed`: private networks that may be called; the default is the setting of webhooks.
    """
    found = [ipaddress.ip_address(text) for text in (lookup or resolve)(host, port)]
    if not all(is_allowed(address, allowed) for address in found):
        raise AddressRefusedError("The host leads to an address that webhooks may not call.")
    return [str(address) for address in found]


def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver; without scopes (`%eth0`), which only link-local addresses have."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def is_allowed(address: Address, allowed: Sequence[str] | None = None) -> bool:
    """Whether it is public, or the operator lists it (STT_WEBHOOK_ALLOWED_NETWORKS)."""
    if any(_is_in(address, network) for network in _listed_networks(allowed)):
        return True
    if isinstance(address, ipaddress.IPv6Address):
        is_refused = address not in _GLOBAL_UNICAST or any(
            address in network for network in _REFUSED_IPV6
        )
    else:
        is_refused = any(address in network for network in _REFUSED_IPV4)
    return not is_refused and address.is_global and not address.is_multicast


def _listed_networks(allowed: Sequence[str] | None) -> list[Network]:
    texts = settings.WEBHOOK_ALLOWED_NETWORKS if allowed is None else allowed
    return [ipaddress.ip_network(text, strict=False) for text in texts]


def _is_in(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network
