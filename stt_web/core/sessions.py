"""SESSION_ENGINE: Django's sessions in the database, which also end when they are idle.

SESSION_COOKIE_AGE counts from the session's first save, SESSION_IDLE_S from its last request. The
row's own expiry is the earlier of the two, so that all who read sessions, sockets and the purge
too, go by it. A request moves it on at most every twenty-fourth of the idle time.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

_BEGAN = "_began_at"  # seconds since 1970


class SessionStore(db.SessionStore):
    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = super().create_model_instance(data | {_BEGAN: _began_at(data)})
        row.expire_date = min(row.expire_date, _ends_at(data))
        return row

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = await super().acreate_model_instance(data | {_BEGAN: _began_at(data)})
        row.expire_date = min(row.expire_date, _ends_at(data))
        return row

    def load(self) -> dict[str, Any]:
        row = self._get_session_from_db()  # type: ignore[attr-defined]  # Django's
        if row is None:
            return {}
        data: dict[str, Any] = self.decode(row.session_data)
        self._renew(row, data)
        return data

    async def aload(self) -> dict[str, Any]:
        return await sync_to_async(self.load)()

    def _renew(self, row: AbstractBaseSession, data: dict[str, Any]) -> None:
        """Move the end of an idle session on, where enough time went by since that was done."""
        ends_at = _ends_at(data)
        if ends_at - row.expire_date > timedelta(seconds=settings.SESSION_IDLE_S / 24):
            rows = self.model.objects.filter(session_key=row.session_key)
            rows.filter(expire_date=row.expire_date).update(expire_date=ends_at)


def _began_at(data: dict[str, Any]) -> int:
    return int(data.get(_BEGAN, timezone.now().timestamp()))


def _ends_at(data: dict[str, Any]) -> datetime:
    began_at = datetime.fromtimestamp(_began_at(data), UTC)
    oldest = began_at + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return min(oldest, timezone.now() + timedelta(seconds=settings.SESSION_IDLE_S))
