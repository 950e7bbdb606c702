"""The one reader of the web tier's environment: typed, checked at start.

Every setting of ours is `STT_*` (and `PORT`). A value that can't be read stops the start with a
sentence that names the variable, what it holds and what it should hold.
"""

import contextlib
import ipaddress
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T", int, float)


class BadSettingError(ValueError):
    """A variable of the environment holds something that can't be used."""


def read_env_text(name: str, default: str) -> str:
    return os.environ.get(name, "").strip() or default


def read_int(name: str, default: int, *, at_least: int = 0) -> int:
    value = _parse(name, str(default), int, "a whole number")
    if value < at_least:
        raise BadSettingError(f"{name} is {value}, but must be at least {at_least}.")
    return value


def read_float(name: str, default: float) -> float:
    return _parse(name, str(default), float, "a number")


def check_at_least(name: str, value: float, *, least: float, reason: str) -> None:
    """Refuse a value that contradicts another setting; `reason` names that."""
    if value < least:
        raise BadSettingError(f"{name} is {value:g}, but must be at least {least:g}: {reason}.")


def check_together(name: str, value: str, other_name: str, other: str) -> None:
    """Refuse one of two settings without the other."""
    if bool(value) != bool(other):
        raise BadSettingError(f"{name} and {other_name} must be set together, or neither.")


def read_bool(name: str, *, default: bool) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    value = read_env_text(name, "true" if default else "false").lower()
    if value not in words:
        raise BadSettingError(f"{name} is {value!r}, but must be true or false.")
    return words[value]


def read_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = read_env_text(name, default)
    if value not in choices:
        raise BadSettingError(f"{name} is {value!r}, but must be one of {', '.join(choices)}.")
    return value


def read_list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in read_env_text(name, default).split(",") if item.strip()]


def read_networks(name: str) -> list[str]:
    """Addresses and networks (`10.0.0.1, 10.0.0.0/8, fd00::/8`), separated by commas."""
    for text in read_list(name):
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise BadSettingError(
                f"{name} lists {text!r}, but every item must be an address or a network."
            ) from None
    return read_list(name)


def read_address(name: str) -> str:
    """`host:port`, or nothing."""
    value = read_env_text(name, "")
    host, _, port = value.rpartition(":")
    if value and not (host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise BadSettingError(f"{name} is {value!r}, but must be an address like 127.0.0.1:9100.")
    return value


def read_path(name: str, default: Path) -> Path:
    return Path(read_env_text(name, str(default))).expanduser().resolve()


def read_secret(name: str, *, generated: Path) -> str:
    """Return the secret that is set, or the one in a file, made (mode 0600) where there is none.

    Several processes start at once: each writes a file of its own, and the first to link it wins.
    """
    if secret := read_env_text(name, ""):
        return secret
    if not generated.exists():
        descriptor, own = tempfile.mkstemp(dir=generated.parent)  # mkstemp makes it 0600
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            os.link(own, generated)
        os.unlink(own)
    return generated.read_text()


def _parse(name: str, default: str, parse: Callable[[str], T], kind: str) -> T:
    value = read_env_text(name, default)
    try:
        return parse(value)
    except ValueError:
        raise BadSettingError(f"{name} is {value!r}, but must be {kind}.") from None
