"""All stored data of a user, as one archive, written while it is being sent.

A zip without compression of the recordings (they are compressed already), so that it needs neither
memory nor disk, however much there is.
"""

import contextlib
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import ApiKey, KnownDevice, User
from accounts.profile import read_email_preferences
from accounts.services.user_data import ExportFile, all_user_data
from stt_web.core import media_store

_CHUNK_BYTES = 256 * 1024


def export_account(user: User) -> Iterator[bytes]:
    """Yield the archive, piece by piece. Lazy: reads what it sends.

    Raises StorageUnavailableError: an archive that lacks a recording is broken off, not ended.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for file in _files_of(user):
            yield from _pack(archive, file, sink=sink)
    yield sink.take()


def as_json(document: Any) -> bytes:
    return json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2).encode()


def _files_of(user: User) -> Iterator[ExportFile]:
    yield ExportFile(name="account.json", content=as_json(_describe(user)))
    for user_data in all_user_data():
        yield from user_data.export(user)


def _pack(archive: zipfile.ZipFile, file: ExportFile, *, sink: "_Sink") -> Iterator[bytes]:
    if file.path is None:
        archive.writestr(file.name, file.content)
        yield sink.take()
        return
    entry = zipfile.ZipInfo(file.name)
    try:
        source = media_store.open_stored(file.path)
    except OSError:
        return  # deleted concurrently
    with contextlib.closing(source), archive.open(entry, "w", force_zip64=True) as target:
        while chunk := source.read(_CHUNK_BYTES):
            target.write(chunk)
            yield sink.take()


def _describe(user: User) -> dict[str, object]:
    return {
        "email": user.email,
        "addresses": list(
            EmailAddress.objects.filter(user=user).values("email", "verified", "primary")
        ),
        "name": user.name,
        "time_zone": user.time_zone,
        "language": user.language,
        "email_preferences": read_email_preferences(user),
        "joined_at": user.date_joined,
        "last_login_at": user.last_login,
        "api_keys": _describe_keys(user),
        "sessions": list(
            UserSession.objects.filter(user=user).values(
                "created_at", "last_seen_at", "ip", "user_agent"
            )
        ),
        "devices": list(
            KnownDevice.objects.filter(user=user).values("first_seen_at", "last_seen_at")
        ),
    }


def _describe_keys(user: User) -> list[dict[str, object]]:
    fields = ("name", "prefix", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")
    return list(ApiKey.objects.filter(user=user).order_by("created_at").values(*fields))


class _Sink(io.RawIOBase):
    """Where the archive is written to, and taken from in between. Can't be sought in."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._chunks += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._chunks)
        self._chunks.clear()
        return taken
