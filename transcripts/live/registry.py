"""All live sessions of one event loop, and what is done for them together.

    writing    every `WRITE_EVERY_S` the audio of those sessions whose turn it is is appended to
               their journals in one visit to a thread. Each has its own turns, so that not all
               are served in one burst; the more sessions there are, the longer each waits for
               its next (up to `WRITE_AT_LEAST_EVERY_S`)
    syncing    every `SYNC_EVERY_S` all journals that grew are synced to the disk, in threads of
               their own: a power cut costs a second of audio at most
    watching   every `WATCH_S` two queries, however many sessions there are: leases are renewed;
               sessions that were cancelled, deleted or taken over, and those whose key is revoked
               or expired or whose account is closed, learn of it. A wake-up (`core/wakeups`) has
               it look at once. While a bucket is away, a third: how much is journalled here alone

All run while there is a session.
"""

import asyncio
import contextlib
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
from django.db.models import Case, F, PositiveBigIntegerField, When
from django.utils import timezone

from stt_web.core import wakeups
from stt_web.core.background import BackgroundLoop
from transcripts.inference.freeze_detection import SILENT_AFTER_S, is_frozen
from transcripts.inference.servers import Server
from transcripts.jobs.lease import Lease
from transcripts.jobs.models import TranscriptionJob
from transcripts.live.admission import PROCESS
from transcripts.live.audio_buffer import AudioBuffer
from transcripts.live.executors import SYNC_THREADS, in_files, in_rpc, in_sync, with_many_rows
from transcripts.live.journal import SAMPLES_A_MS
from transcripts.models import Status

logger = logging.getLogger(__name__)

WATCH_S = 2.0
WATCH_AT_MOST_EVERY_S = 0.1  # however many wake-ups come
# Each message to the inference service that follows a visit costs as much however little audio
# there is: of 500 sessions that send frames of 100 ms half as many are sent.
WRITE_EVERY_S = 0.03
WRITE_AT_LEAST_EVERY_S = 0.2
# With the wait for its turn, and the sync itself, less than a second of audio is at risk.
SYNC_EVERY_S = 0.6
# Journalled and not synced: the bucket is away. Else it is a part (`journal_parts.PART_S`) at most.
_BEHIND_MS = 5000
_MANY = 100
_ROWS_AT_ONCE = 500


class RegisteredSession(Protocol):
    """What the registry knows of a session."""

    @property
    def lease(self) -> Lease: ...
    @property
    def feed(self) -> AudioBuffer: ...
    @property
    def server(self) -> Server | None:
        """Where its call is under way."""

    def silent_s(self) -> float:
        """Return for how long the server has owed an answer; 0 where it owes none."""

    def note_written(self, data: bytes, error: OSError | None) -> None: ...
    def note_lost(self) -> None: ...
    def note_key_revoked(self, *, code: str) -> None: ...
    def note_frozen(self) -> None: ...
    def tick(self) -> None:
        """Check the clock."""


class SessionState:
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


class SessionRegistry:
    def __init__(self) -> None:
        self._members: dict[Lease, RegisteredSession] = {}
        self._due_s: dict[Lease, float] = {}  # of those with unwritten audio: their next turn
        self._written_s: dict[Lease, float] = {}  # their last one
        self._has_unwritten = asyncio.Event()
        self._is_woken = asyncio.Event()
        self._ignore_wakeups: list[Callable[[], None]] = []
        self._loops = [
            BackgroundLoop(name, run_round, longest_pause_s=WATCH_S)
            for name, run_round in (
                ("live-write", self._write),
                ("live-sync", self._sync),
                ("live-watch", self._watch),
            )
        ]
        self._probed_at = time.monotonic()

    def __len__(self) -> int:
        return len(self._members)

    def add(self, member: RegisteredSession) -> None:
        self._members[member.lease] = member
        if not self._ignore_wakeups:
            self._ignore_wakeups = [
                wakeups.listen(wakeups.SESSION, self._note_session),
                wakeups.listen(wakeups.ACCESS, lambda _: self._is_woken.set()),
            ]
        for loop in self._loops:
            loop.start()

    def discard(self, member: RegisteredSession) -> None:
        self._members.pop(member.lease, None)
        self._due_s.pop(member.lease, None)
        self._written_s.pop(member.lease, None)
        if not self._members:
            for loop in self._loops:
                loop.stop()
            for ignore in self._ignore_wakeups:
                ignore()
            self._ignore_wakeups = []

    def write_soon(self, member: RegisteredSession) -> None:
        if member.lease in self._members and member.lease not in self._due_s:
            every_s = min(WRITE_AT_LEAST_EVERY_S, WRITE_EVERY_S * (1 + len(self._members) / _MANY))
            self._due_s[member.lease] = self._written_s.get(member.lease, 0.0) + every_s
            self._has_unwritten.set()

    async def _write(self) -> None:
        await self._has_unwritten.wait()
        members = self._take_turns()
        batch = [(member.feed, member.feed.take_unwritten()) for member in members]
        errors = await in_files(_append_all, batch) if batch else []
        for member, (_, data), error in zip(members, batch, errors, strict=True):
            _guarded(member, partial(member.note_written, data, error))
        await asyncio.sleep(WRITE_EVERY_S)

    def _take_turns(self) -> list[RegisteredSession]:
        now_s = time.monotonic()
        due = [lease for lease, due_s in self._due_s.items() if due_s <= now_s]
        for lease in due:
            del self._due_s[lease]
            self._written_s[lease] = now_s
        if not self._due_s:
            self._has_unwritten.clear()
        return [self._members[lease] for lease in due]

    async def _sync(self) -> None:
        await asyncio.sleep(SYNC_EVERY_S)
        grown = [each for each in self._members.values() if _has_grown(each.feed)]
        shares = [grown[number::SYNC_THREADS] for number in range(SYNC_THREADS)]
        await asyncio.gather(*(self._sync_share(share) for share in shares if share))

    async def _sync_share(self, members: list[RegisteredSession]) -> None:
        results = await in_sync(_sync_all, [member.feed for member in members])
        for member, result in zip(members, results, strict=True):
            if isinstance(result, OSError):
                _guarded(member, partial(member.note_written, b"", result))
            else:
                member.feed.note_synced(result)

    async def _watch(self) -> None:
        await asyncio.sleep(WATCH_AT_MOST_EVERY_S)
        every_s = max(min(WATCH_S, settings.HEARTBEAT_S), WATCH_AT_MOST_EVERY_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(every_s - WATCH_AT_MOST_EVERY_S):
                await self._is_woken.wait()
        self._is_woken.clear()
        members = list(self._members.values())
        try:
            await self._take_standings(members)
        finally:  # the clock goes on, and servers freeze, also when the database doesn't answer
            for member in members:
                _guarded(member, member.tick)
            await self._check_for_frozen(members)

    def _note_session(self, job_id: str) -> None:
        """`jobs/cancel.cancel_job` or `live/admission.resume_session`, here or elsewhere."""
        if any(str(lease.job_id) == job_id for lease in self._members):
            self._is_woken.set()

    async def _take_standings(self, members: list[RegisteredSession]) -> None:
        try:
            standings = await with_many_rows(
                _check_and_renew, [member.lease.job_id for member in members]
            )
        except DatabaseFailure:
            logger.exception("event=live_not_watched sessions=%d", len(members))
            return
        for member in members:
            standing = standings.get(member.lease.job_id)
            _guarded(member, partial(_notify, member, standing))
        await self._note_journalled(members)

    async def _note_journalled(self, members: list[RegisteredSession]) -> None:
        """A process that finishes what this one can't must know of what is only here."""
        behind = {
            member.lease: member.feed.journalled // SAMPLES_A_MS
            for member in members
            if member.feed.journalled - member.feed.synced > _BEHIND_MS * SAMPLES_A_MS
        }
        if behind:
            try:
                await with_many_rows(_store_journalled, behind)
            except DatabaseFailure:
                logger.exception("event=live_journalled_not_noted sessions=%d", len(behind))

    async def _check_for_frozen(self, members: list[RegisteredSession]) -> None:
        silent = [member for member in members if member.silent_s() > SILENT_AFTER_S]
        if not silent or time.monotonic() - self._probed_at < SILENT_AFTER_S:
            return
        self._probed_at = time.monotonic()
        servers = {member.server for member in silent if member.server is not None}
        for server in servers:
            if await in_rpc(is_frozen, server):
                for member in silent:
                    if member.server == server:
                        member.note_frozen()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, SessionRegistry] = WeakKeyDictionary()


def registry() -> SessionRegistry:
    """Return the running event loop's."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = SessionRegistry()
    return _hubs[loop]


def _append_all(batch: list[tuple[AudioBuffer, bytes]]) -> list[OSError | None]:
    return [_append(feed, data) for feed, data in batch]


def _append(feed: AudioBuffer, data: bytes) -> OSError | None:
    try:
        feed.journal.append(data)
    except OSError as error:
        return error
    except Exception as error:
        logger.exception("event=live_journal_broke")
        return OSError(errno.EIO, str(error))
    return None


def _has_grown(feed: AudioBuffer) -> bool:
    return feed.journalled > feed.synced


def _sync_all(feeds: list[AudioBuffer]) -> list[int | OSError]:
    return [_sync(feed) for feed in feeds]


def _sync(feed: AudioBuffer) -> int | OSError:
    try:
        return feed.journal.sync()
    except OSError as error:
        # Not tried again: after a failure the kernel may take what was not written for written.
        return feed.synced if error.errno == errno.EBADF else error
    except Exception as error:
        logger.exception("event=live_sync_broke")
        return OSError(errno.EIO, str(error))


def _guarded(member: RegisteredSession, work: Callable[[], None]) -> None:
    """One session's fault must not end the loop that all sessions of the process live by."""
    try:
        work()
    except Exception:
        logger.exception("event=live_member_broke job_id=%s", member.lease.job_id)


def _check_and_renew(ids: list[UUID]) -> dict[UUID, SessionState]:
    """Two queries for 500 sessions."""
    standings: dict[UUID, SessionState] = {}
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        rows = TranscriptionJob.objects.filter(pk__in=ids[start : start + _ROWS_AT_ONCE])
        # What this process holds, in any epoch: a session resumed here is one of `ids`, too.
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
            standings[pk] = SessionState(tuple(row))
    return standings


def _store_journalled(journalled_ms: dict[Lease, int]) -> None:
    """A query for 500 sessions."""
    behind = list(journalled_ms.items())
    for start in range(0, len(behind), _ROWS_AT_ONCE):
        some = behind[start : start + _ROWS_AT_ONCE]
        rows = TranscriptionJob.objects.filter(
            pk__in=[lease.job_id for lease, _ in some], status=Status.PROCESSING
        )
        cases = [When(pk=lease.job_id, attempt=lease.attempt, then=ms) for lease, ms in some]
        stated = F("journalled_ms")
        rows.update(
            journalled_ms=Case(*cases, default=stated, output_field=PositiveBigIntegerField())
        )


def _notify(member: RegisteredSession, standing: SessionState | None) -> None:
    is_held = (
        standing is not None
        and standing.attempt == member.lease.attempt
        and standing.status == Status.PROCESSING
    )
    if standing is None or not is_held:
        member.note_lost()
    elif trouble := standing.key_trouble(timezone.now()):
        member.note_key_revoked(code=trouble)
