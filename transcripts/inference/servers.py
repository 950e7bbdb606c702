"""Inference servers as such: where one is, how it is secured, what is shown to it.

The shared ones are one `Server` (a name, or several addresses); each Private Cloud instance is one.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True, kw_only=True)
class Server:
    """`ca_pem` empty with `is_tls`: the public authorities. `instance_id` empty: the shared one.

    `authority`: of one replica, the name that all have, for its certificate; such a one is called
    by its own address, also while it drains.
    """

    target: str
    is_tls: bool = False
    ca_pem: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)
    instance_id: str = ""
    authority: str = ""


def shared_server() -> Server:
    """Return the servers for users without servers of their own."""
    ca_file = settings.INFERENCE_CA_FILE
    return Server(
        target=settings.INFERENCE_TARGET,
        is_tls=bool(ca_file),
        ca_pem=_read_ca(ca_file) if ca_file else b"",
        token=settings.INFERENCE_TOKEN,
    )


@lru_cache(maxsize=4)
def _read_ca(path: str) -> bytes:
    return Path(path).read_bytes()
