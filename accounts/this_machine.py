"""Whether a request was made on this machine, by the person who runs the server.

Behind a proxy on the same machine every request comes from 127.0.0.1, and some proxies name no one
they speak for. So the loopback address alone proves nothing. All of this must hold:

- the server listens on the loopback address only, and knows of no proxy and no public address;
- the request carries none of the headers that proxies add, and its Host, and the Origin that a
  browser adds, are names of this machine (a browser at the other end of a proxy names the public
  one);
- where the system says so (Linux), the process at the other end of the connection is of the user
  who runs the server: proxies are services, with users of their own.
"""

import ipaddress
import os
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from accounts.client_address import is_loopback

# What a proxy adds. Behind one on this machine, every request comes from the loopback address.
PROXY_HEADERS = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LINK_KEY = "local_mail_link"  # in a session: the link that a page shows
_NAMES = ("localhost", "127.0.0.1", "::1")


def is_made_here(request: HttpRequest) -> bool:
    """Whether a person on this machine made the request, as far as the request shows it."""
    is_proxied = any(name in request.headers for name in PROXY_HEADERS)
    return not is_proxied and is_loopback(request.META.get("REMOTE_ADDR", ""))


def can_install(request: HttpRequest) -> bool:
    """Whether a page may say which command installs something: others are asked to ask."""
    return getattr(request.user, "is_staff", False) or is_made_here(request)


def may_see_links(request: HttpRequest) -> bool:
    """Whether a page may show what a mail would have brought (`STT_LOCAL_LINKS`)."""
    if not (settings.LOCAL_LINKS and not sends_mail() and is_made_here(request)):
        return False
    if settings.PUBLIC_URL or settings.TRUSTED_PROXIES or not _is_local_name(settings.HOST):
        return False
    if not _is_local_name(urlsplit(f"//{request.get_host()}").hostname or ""):
        return False
    origin = request.headers.get("Origin", "")
    if origin and not _is_local_name(urlsplit(origin).hostname or ""):
        return False
    return _is_same_user(request)


def sends_mail() -> bool:
    """Whether mail leaves this server; without a mail server it is printed."""
    return not settings.EMAIL_BACKEND.endswith("ConsoleBackend")


def _is_local_name(host: str) -> bool:
    return host.strip("[]") in _NAMES or is_loopback(host)


def _is_same_user(request: HttpRequest) -> bool:
    """Whether the other end of the connection is a process of this user; where that can't be
    known, yes."""
    port = str(request.META.get("REMOTE_PORT", ""))
    if not port.isdigit() or not _TABLES[0].exists():
        return True
    address = ipaddress.ip_address(request.META["REMOTE_ADDR"])
    owners = [
        owner
        for table in _TABLES
        if table.exists()
        for owner in _owners_in(table.read_text(), address, int(port))
    ]
    return owners == [] or os.getuid() in owners


def _owners_in(
    table: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> list[int]:
    """Return the users of the sockets whose own end is `address`:`port` (proc(5))."""
    found = []
    for line in table.splitlines()[1:]:
        columns = line.split()
        own_address, _, own_port = columns[1].partition(":")
        if int(own_port, 16) == port and _read_address(own_address) == address:
            found.append(int(columns[7]))
    return found


def _read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Read an address as the kernel prints it: words of 32 bits in the machine's order."""
    words = [bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8)]
    raw = ipaddress.ip_address(b"".join(words))
    mapped = raw.ipv4_mapped if isinstance(raw, ipaddress.IPv6Address) else None
    return mapped or raw
