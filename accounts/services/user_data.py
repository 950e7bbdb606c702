"""What else belongs to a person: other applications register how to export and how to delete it.

`accounts` may not know them, so each registers itself when it is loaded (`AppConfig.ready`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from accounts.models import User


@dataclass(frozen=True, kw_only=True)
class ExportFile:
    """A file of an export: its `name` in the archive, and its content or where that lies."""

    name: str
    content: bytes = b""
    path: Path | None = None


@dataclass(frozen=True, kw_only=True)
class UserDataProvider:
    """`export` is lazy and may be long; `remove` is idempotent and leaves nothing."""

    export: Callable[[User], Iterator[ExportFile]]
    remove: Callable[[User], None]


_registered: dict[str, UserDataProvider] = {}


def register_user_data(name: str, provider: UserDataProvider) -> None:
    _registered[name] = provider


def all_user_data() -> list[UserDataProvider]:
    return [_registered[name] for name in sorted(_registered)]
