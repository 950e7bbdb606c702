"""Where a target leads, as gRPC's resolvers understand it.

A target is a gRPC URI (`dns:///inference:50051`), `host:port`, or several of the latter, separated
by commas. gRPC resolves one name by itself, again and again, but takes several addresses only as
numbers: names among several are resolved here, again after `LOOKUP_EVERY_S`, so that a replica
that has moved is found without a restart.
"""

import asyncio
import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from transcripts.inference.errors import UnavailableError

logger = logging.getLogger(__name__)

LOOKUP_EVERY_S = 15.0
_MAX_CACHED = 1000
Lookup = Callable[[str], list[str]]


@dataclass(frozen=True)
class _Found:
    uri: str
    at_s: float


_found: dict[str, _Found] = {}
_lock = threading.Lock()


def resolve(host: str) -> list[str]:
    """Return the IPv4 addresses of a name. Blocks. Raises OSError."""
    found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    return sorted({str(address[0]) for *_, address in found})


def find_addresses(target: str) -> list[str]:
    """Return the address of each replica behind a target, once. Blocks. Raises OSError."""
    if target.startswith(("unix:", "ipv6:")):
        return [target]
    plain = target.removeprefix("ipv4:").removeprefix("dns:").rpartition("/")[2]
    found: list[str] = []
    for part in _parts(plain):
        host, _, port = part.rpartition(":")
        found += [part] if host.startswith("[") else [f"{ip}:{port}" for ip in resolve(host)]
    return list(dict.fromkeys(found))


def first_host(target: str) -> str:
    """Return the name that a target's certificate has: the first one's, of several."""
    return _parts(target.rpartition("/")[2])[0].rpartition(":")[0]


def target_uri(
    target: str, *, lookup: Lookup = resolve, clock: Callable[[], float] = time.monotonic
) -> str:
    """Return the URI. Blocks where names among several are to be resolved.

    Raises UnavailableError where none of them is known.
    """
    if not _has_names(target):
        return _as_uri(target)
    known = _found.get(target)
    if known is not None and clock() - known.at_s < LOOKUP_EVERY_S:
        return known.uri
    addresses = [found for part in _parts(target) for found in _resolve(part, lookup)]
    if not addresses and known is None:
        raise UnavailableError("No address of the inference service could be found.")
    # A name server that is down moves no replica: what was found before still holds.
    uri = "ipv4:" + ",".join(addresses) if addresses else known.uri if known else ""
    with _lock:
        if len(_found) >= _MAX_CACHED:
            _found.clear()
        _found[target] = _Found(uri, clock())
    return uri


async def find_uri(target: str) -> str:
    """`target_uri` for an event loop: what blocks is done in a thread."""
    if not _has_names(target):
        return _as_uri(target)
    return await asyncio.to_thread(target_uri, target)


def _as_uri(target: str) -> str:
    if "," in target:
        return "ipv4:" + ",".join(_parts(target))
    if "://" in target or target.startswith(("ipv4:", "ipv6:", "unix:", "dns:")):
        return target
    return f"dns:///{target}"


def _has_names(target: str) -> bool:
    return "," in target and not all(_is_number(part) for part in _parts(target))


def _parts(target: str) -> list[str]:
    return [part.strip() for part in target.split(",") if part.strip()]


def _is_number(address: str) -> bool:
    try:
        ipaddress.IPv4Address(address.rpartition(":")[0])
    except ValueError:
        return False
    return True


def _resolve(address: str, lookup: Lookup) -> list[str]:
    """One name that is not known takes no other replica away."""
    if _is_number(address):
        return [address]
    host, _, port = address.rpartition(":")
    try:
        return [f"{found}:{port}" for found in lookup(host)]
    except OSError as error:
        logger.warning("event=inference_name_unknown host=%s error=%s", host, error)
        return []
