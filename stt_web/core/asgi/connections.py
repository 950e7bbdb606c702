"""How many connections there may be: in all, and from one address.

A connection is counted from its first byte's time on, before anything is known of the sender. It
stays one connection when it becomes a socket: `HttpProtocol` counts it, and `SocketProtocol`, which
takes it over, releases it.
"""

import resource
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, Protocol
from weakref import WeakKeyDictionary

from django.conf import settings

from stt_web.core.addresses import is_within, site_of

# For the database, files, the broker and the inference service.
_RESERVED_DESCRIPTORS = 128


class _Server(Protocol):
    """uvicorn's state of one server."""

    def __hash__(self) -> int: ...


@dataclass
class ConnectionCounts:
    """The open connections of one server. `trusted`: proxies, who speak for many clients."""

    most: int
    most_an_address: int
    trusted: tuple[str, ...] = ()
    _total: int = 0
    _by_site: Counter[str] = field(default_factory=Counter)

    def admit(self, address: str) -> Literal["total", "address"] | None:
        """Count one more and return None; or return, uncounted, which bound is reached."""
        site = site_of(address)
        if self._total >= self.most:
            return "total"
        is_crowded = self._by_site[site] >= self.most_an_address
        if is_crowded and not is_within(address, self.trusted):
            return "address"
        self._total += 1
        self._by_site[site] += 1
        return None

    def release(self, address: str) -> None:
        site = site_of(address)
        self._total -= 1
        self._by_site[site] -= 1
        if not self._by_site[site]:
            del self._by_site[site]


_counts: WeakKeyDictionary[_Server, ConnectionCounts] = WeakKeyDictionary()


def counts_of(server: _Server) -> ConnectionCounts:
    """Return the counts of a server, with the bounds of the settings."""
    if server not in _counts:
        _counts[server] = ConnectionCounts(
            most=_most_connections(),
            most_an_address=settings.MAX_CONNECTIONS_PER_ADDRESS,
            trusted=tuple(settings.TRUSTED_PROXIES),
        )
    return _counts[server]


def _most_connections() -> int:
    """The setting, as far as the process may open files."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return int(settings.MAX_CONNECTIONS)
    return min(settings.MAX_CONNECTIONS, max(1, descriptors - _RESERVED_DESCRIPTORS))
