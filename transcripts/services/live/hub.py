"""All live sessions of one event loop, and what is done for them together.

    writing    one batch after the other: the audio that came meanwhile, of all sessions, is
               appended to their journals in one visit to a thread; the more sessions there are,
               the more comes together (up to `WRITE_AT_LEAST_EVERY_S`)
    watching   every `WATCH_S` two queries, however many sessions there are: leases are renewed;
               sessions that were cancelled, deleted or taken over, and those whose key is revoked
               or expired or whose account is closed, learn of it

Both run while there is a session.
"""

import asyncio
import errno
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.utils import timezone

from transcripts.inference.servers import Server
from transcripts.inference.silence import SILENT_AFTER_S, is_frozen
from transcripts.models import Status, TranscriptionJob
from transcripts.services.lease import Lease
from transcripts.services.live.admit import PROCESS
from transcripts.services.live.feed import AudioFeed
from transcripts.services.live.threads import ask, in_files, with_many_rows

logger = logging.getLogger(__name__)

WATCH_S = 2.0
# Each visit, and each message to the inference service that follows it, costs as much however
# little audio there is: 500 sessions that send frames of 100 ms take half as many.
WRITE_EVERY_S = 0.03
WRITE_AT_LEAST_EVERY_S = 0.2
_MANY = 100
_ROWS_AT_ONCE = 500


class Member(Protocol):
    """What the hub knows of a session."""

    @property
    def lease(self) -> Lease: ...
    @property
    def feed(self) -> AudioFeed: ...
    @property
    def server(self) -> Server | None:
        """Where its call is under way."""

    def silent_s(self) -> float:
        """Return for how long the server has owed an answer; 0 where it owes none."""

    def note_written(self, data: bytes, error: OSError | None) -> None: ...
    def note_lost(self) -> None: ...
    def note_key_gone(self, *, code: str) -> None: ...
    def note_frozen(self) -> None: ...
    def tick(self) -> None:
        """Look at the clock."""


class Standing:
    """How a session's row, its key and its account stand."""

    def __init__(self, row: tuple[object, ...]) -> None:
        (
            self.attempt,
            self.status,
            self.is_active,
            self.has_key,
            self.key,
            self.revoked_at,
            self.expires_at,
        ) = row

    def key_trouble(self, now: datetime) -> str:
        """Return why the session may not go on, as a code; empty: it may."""
        if self.is_active is False:
            return "account_closed"
        if self.has_key and (self.key is None or self.revoked_at is not None):
            return "key_revoked"
        if isinstance(self.expires_at, datetime) and self.expires_at <= now:
            return "key_expired"
        return ""


class Hub:
    def __init__(self) -> None:
        self._members: dict[Lease, Member] = {}
        self._dirty: set[Lease] = set()
        self._has_dirty = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._probed_at = time.monotonic()

    def __len__(self) -> int:
        return len(self._members)

    def add(self, member: Member) -> None:
        self._members[member.lease] = member
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._write(), name="live-write"),
                asyncio.create_task(self._watch(), name="live-watch"),
            ]

    def discard(self, member: Member) -> None:
        self._members.pop(member.lease, None)
        self._dirty.discard(member.lease)
        if not self._members:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    def write_soon(self, member: Member) -> None:
        self._dirty.add(member.lease)
        self._has_dirty.set()

    async def _write(self) -> None:
        while True:
            await self._has_dirty.wait()
            self._has_dirty.clear()
            dirty = [self._members[lease] for lease in self._dirty if lease in self._members]
            self._dirty.clear()
            batch = [(member.feed, member.feed.take_unwritten()) for member in dirty]
            errors = await in_files(_append_all, batch)
            for member, (_, data), error in zip(dirty, batch, errors, strict=True):
                _guarded(member, partial(member.note_written, data, error))
            every_s = WRITE_EVERY_S * (1 + len(self._members) / _MANY)
            await asyncio.sleep(min(WRITE_AT_LEAST_EVERY_S, every_s))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(min(WATCH_S, settings.HEARTBEAT_S))
            members = list(self._members.values())
            try:
                standings = await with_many_rows(
                    _look_and_renew, [member.lease.job_id for member in members]
                )
            except DatabaseFailure:
                logger.exception("event=live_not_watched sessions=%d", len(members))
                standings = None
            except Exception:
                logger.exception("event=live_watch_broke sessions=%d", len(members))
                standings = None
            for member in members:
                if standings is not None:
                    standing = standings.get(member.lease.job_id)
                    _guarded(member, partial(_tell, member, standing))
                _guarded(member, member.tick)
            await self._probe(members)

    async def _probe(self, members: list[Member]) -> None:
        try:
            await self._look_for_frozen(members)
        except Exception:
            logger.exception("event=live_probe_broke sessions=%d", len(members))

    async def _look_for_frozen(self, members: list[Member]) -> None:
        silent = [member for member in members if member.silent_s() > SILENT_AFTER_S]
        if not silent or time.monotonic() - self._probed_at < SILENT_AFTER_S:
            return
        self._probed_at = time.monotonic()
        servers = {member.server for member in silent if member.server is not None}
        for server in servers:
            if await ask(is_frozen, server):
                for member in silent:
                    if member.server == server:
                        member.note_frozen()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """Return the running event loop's."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


def _append_all(batch: list[tuple[AudioFeed, bytes]]) -> list[OSError | None]:
    return [_append(feed, data) for feed, data in batch]


def _append(feed: AudioFeed, data: bytes) -> OSError | None:
    try:
        feed.journal.append(data)
    except OSError as error:
        return error
    except Exception as error:
        logger.exception("event=live_journal_broke")
        return OSError(errno.EIO, str(error))
    return None


def _guarded(member: Member, work: Callable[[], None]) -> None:
    """One session's fault must not end the loop that all sessions of the process live by."""
    try:
        work()
    except Exception:
        logger.exception("event=live_member_broke job_id=%s", member.lease.job_id)


def _look_and_renew(ids: list[UUID]) -> dict[UUID, Standing]:
    """Two queries for 500 sessions."""
    standings: dict[UUID, Standing] = {}
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        rows = TranscriptionJob.objects.filter(pk__in=ids[start : start + _ROWS_AT_ONCE])
        # What this process holds, whichever epoch: a session resumed here is one of `ids`, too.
        rows.filter(status=Status.PROCESSING, lease_owner=PROCESS).update(
            lease_expires_at=timezone.now() + timedelta(seconds=settings.LIVE_PAUSE_S)
        )
        for pk, *row in rows.values_list(
            "pk",
            "attempt",
            "status",
            "transcript__owner__is_active",
            "transcript__live_session__has_key",
            "transcript__live_session__key",
            "transcript__live_session__key__revoked_at",
            "transcript__live_session__key__expires_at",
        ):
            standings[pk] = Standing(tuple(row))
    return standings


def _tell(member: Member, standing: Standing | None) -> None:
    is_held = (
        standing is not None
        and standing.attempt == member.lease.attempt
        and standing.status == Status.PROCESSING
    )
    if standing is None or not is_held:
        member.note_lost()
    elif trouble := standing.key_trouble(timezone.now()):
        member.note_key_gone(code=trouble)
