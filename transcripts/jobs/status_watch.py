"""Waiting for transcripts: one watcher a process for any number of waiting requests.

The database is the truth, so the watcher asks it: one query for all the transcripts that
requests in this process wait for, in one thread of its own. It asks when a wake-up names one of
them (`stt_web.core.wakeups`), and at an interval that grows with the time since the youngest of
them began to wait: where wake-ups from other processes come, every one or two seconds; where none
do, so that a clip is noticed within tens of milliseconds and a long recording costs two queries a
second. Waiting holds no thread and no connection; going away frees it.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import Error as AnyDatabaseError
from django.db import connection
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from stt_web.core import wakeups
from stt_web.core.background import BackgroundLoop
from transcripts.comments.models import Comment
from transcripts.editing.models import EditAlignment
from transcripts.intelligence.models import TextJob, TextOperation
from transcripts.jobs.models import JobKind, TranscriptionJob
from transcripts.models import OPEN_STATUSES, Status, Transcript

logger = logging.getLogger(__name__)

_SHORTEST_S = 0.05
_LONGEST_S = 0.5
_SHORTEST_WOKEN_S = 1.0  # while wake-ups come, for those that are lost
_LONGEST_WOKEN_S = 2.0
_LONGEST_PAUSE_S = 2.0  # after failures
_PLACES_CACHED_S = 1.0
_AGE_SHARE = 1 / 20  # what was waited for so long may be noticed 5 % later


@dataclass(frozen=True)
class Snapshot:
    """A transcript's job as it stood a moment ago. `status` empty: it was deleted."""

    status: str = ""
    resume_ms: int = 0
    probed_ms: int = 0
    audio_duration_ms: int = 0
    aligning: int = 0  # edits whose words wait for their times
    aligned: int = 0  # edits whose words waited, of the last hour
    texts: int = 0  # work on its text that waits or runs
    texts_changed_at: datetime | None = None  # the last change of any
    revision: int = 0  # of its text
    voices: str = ""  # finding its speakers' voices: "queued" or "failed"
    passes: int = 0  # further passes over its recording that wait or run
    comments: int = 0
    commented_at: datetime | None = None  # the last one written or changed
    place: int = 0  # in its queue, 1 the next; 0 if it doesn't wait or no request asked

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def total_ms(self) -> int:
        """How long the recording is, as well as it is known; 0: not at all."""
        return self.audio_duration_ms or self.probed_ms


@dataclass(eq=False)
class StatusSubscription:
    """One waiter. It sees the latest snapshot; those it was too slow for are dropped."""

    transcript_id: UUID
    began_at: float
    wants_place: bool = False
    latest: Snapshot | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, snapshot: Snapshot) -> None:
        if snapshot != self.latest:
            self.latest = snapshot
            self._changed.set()

    async def next_change(self) -> Snapshot:
        """Return the next snapshot that differs from the one before; the first comes at once."""
        await self._changed.wait()
        self._changed.clear()
        return cast("Snapshot", self.latest)


def read_snapshots(ids: set[UUID]) -> dict[UUID, Snapshot]:
    """One query."""
    edits = EditAlignment.objects.filter(transcript=OuterRef("pk")).order_by()
    shown = TextJob.objects.exclude(operation=TextOperation.INDEX)
    texts = shown.filter(transcript=OuterRef("pk")).order_by()
    last_change = texts.values("transcript").annotate(last=Max("changed_at")).values("last")
    passes = TranscriptionJob.objects.filter(
        transcript=OuterRef("pk"), kind=JobKind.SECOND_PASS, status__in=OPEN_STATUSES
    ).order_by()
    comments = Comment.objects.filter(transcript=OuterRef("pk")).order_by()
    last_comment = comments.values("transcript").annotate(last=Max("updated_at")).values("last")
    rows = (
        Transcript.objects.filter(pk__in=ids)
        .annotate(
            aligning=_count(edits.filter(finished_at=None)),
            aligned=_count(edits.exclude(finished_at=None)),
            texts=_count(texts.filter(status__in=OPEN_STATUSES)),
            texts_changed_at=Subquery(last_change),
            passes=_count(passes),
            comments_written=_count(comments),
            commented_at=Subquery(last_comment),
        )
        .values_list(
            "pk",
            "status",
            "job__resume_ms",
            "recording__probed_ms",
            "job__audio_duration_ms",
            "aligning",
            "aligned",
            "texts",
            "texts_changed_at",
            "revision",
            "job__voices",
            "passes",
            "comments_written",
            "commented_at",
        )
    )
    return {pk: Snapshot(*values) for pk, *values in rows}


def _count(rows: "QuerySet[Any]") -> Coalesce:
    return Coalesce(
        Subquery(rows.values("transcript").annotate(number=Count("pk")).values("number")), 0
    )


def read_places(ids: set[UUID]) -> dict[UUID, int]:
    """Return the place in its queue of each of `ids` that waits. One query."""
    earlier = Q(created_at__lt=OuterRef("created_at")) | Q(
        created_at=OuterRef("created_at"), pk__lt=OuterRef("pk")
    )
    queued = TranscriptionJob.objects.filter(status=Status.QUEUED)
    before = queued.filter(earlier, queue=OuterRef("queue")).order_by().values("queue")
    counted = Subquery(before.annotate(number=Count("pk")).values("number"))
    wanted = queued.filter(transcript__in=ids).annotate(place=Coalesce(counted, 0) + 1)
    return dict(wanted.values_list("transcript_id", "place")) if ids else {}


class Watcher:
    """Watches for one event loop. `read` and `read_places` run in the watcher's own thread, one
    call at a time.
    """

    def __init__(
        self,
        read: Callable[[set[UUID]], dict[UUID, Snapshot]] = read_snapshots,
        *,
        read_places: Callable[[set[UUID]], dict[UUID, int]] = read_places,
        clock: Callable[[], float] = time.monotonic,
        is_woken: Callable[[], bool] = wakeups.is_layer_up,
    ) -> None:
        self._read = read
        self._is_woken = is_woken
        self._ignore_wakeups: Callable[[], None] | None = None
        self._asked_at = -_SHORTEST_S
        self._read_places = read_places
        self._places: dict[UUID, int] = {}
        self._places_read_at = -_PLACES_CACHED_S
        self._clock = clock
        self._subscriptions: set[StatusSubscription] = set()
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watch")
        self._loop = BackgroundLoop(
            "transcript-watcher", self._watch, longest_pause_s=_LONGEST_PAUSE_S
        )

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._subscriptions)

    @asynccontextmanager
    async def subscribe(
        self, transcript_id: UUID, *, wants_place: bool = False
    ) -> AsyncIterator[StatusSubscription]:
        subscription = StatusSubscription(transcript_id, self._clock(), wants_place)
        self._subscriptions.add(subscription)
        self._arrived.set()
        self._start()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            if not self._subscriptions:
                self._stop()

    async def wait_until_closed(self, transcript_id: UUID, *, timeout_s: float) -> Snapshot | None:
        """Return the first snapshot that is not open; None if `timeout_s` went by before."""
        try:
            async with asyncio.timeout(timeout_s), self.subscribe(transcript_id) as subscription:
                while True:
                    snapshot = await subscription.next_change()
                    if not snapshot.is_open:
                        return snapshot
        except TimeoutError:
            return None

    def _start(self) -> None:
        if self._ignore_wakeups is None:
            self._ignore_wakeups = wakeups.listen(wakeups.TRANSCRIPT, self._note_wakeup)
        self._loop.start()

    def _stop(self) -> None:
        self._loop.stop()
        if self._ignore_wakeups is not None:
            self._ignore_wakeups()
            self._ignore_wakeups = None
        # After the refresh under way, if any: the thread is one.
        self._thread.submit(_close_connection)

    def _note_wakeup(self, transcript_id: str) -> None:
        if any(str(each.transcript_id) == transcript_id for each in self._subscriptions):
            self._arrived.set()

    async def _watch(self) -> None:
        self._arrived.clear()
        self._asked_at = self._clock()
        await self._ask()
        try:
            async with asyncio.timeout(self._interval_s()):
                await self._arrived.wait()
        except TimeoutError:
            return
        # 300 that arrive together are asked for together, and a flood of wake-ups at this pace.
        rest_s = self._asked_at + _SHORTEST_S - self._clock()
        await asyncio.sleep(min(_SHORTEST_S, max(_SHORTEST_S / 5, rest_s)))

    async def _ask(self) -> None:
        asked = set(self._subscriptions)
        loop = asyncio.get_running_loop()
        try:
            snapshots = await loop.run_in_executor(self._thread, self._refresh, asked)
        except AnyDatabaseError:
            logger.warning("event=watch_failed waiting=%d", len(asked), exc_info=True)
            return
        for subscription in asked:
            snapshot = snapshots.get(subscription.transcript_id, Snapshot())
            place = self._places.get(subscription.transcript_id, 0)
            is_queued = subscription.wants_place and snapshot.status == Status.QUEUED
            subscription.publish(replace(snapshot, place=place) if is_queued else snapshot)

    def _refresh(self, asked: set[StatusSubscription]) -> dict[UUID, Snapshot]:
        """Read, on a connection that is reused from query to query and dropped where it breaks."""
        try:
            snapshots = self._read({subscription.transcript_id for subscription in asked})
            self._refresh_places({s.transcript_id for s in asked if s.wants_place}, snapshots)
        except AnyDatabaseError:
            connection.close()
            raise
        return snapshots

    def _refresh_places(self, wanted: set[UUID], snapshots: dict[UUID, Snapshot]) -> None:
        queued = {pk for pk in wanted if pk in snapshots and snapshots[pk].status == Status.QUEUED}
        is_fresh = self._clock() - self._places_read_at < _PLACES_CACHED_S
        if is_fresh and queued <= self._places.keys():
            return
        self._places = self._read_places(queued)
        self._places_read_at = self._clock()

    def _interval_s(self) -> float:
        is_woken = self._is_woken()
        shortest_s = _SHORTEST_WOKEN_S if is_woken else _SHORTEST_S
        longest_s = _LONGEST_WOKEN_S if is_woken else _LONGEST_S
        if not self._subscriptions:
            return shortest_s
        youngest = max(subscription.began_at for subscription in self._subscriptions)
        wanted = (self._clock() - youngest) * _AGE_SHARE
        return min(longest_s, max(shortest_s, wanted))


def _close_connection() -> None:
    """Close this thread's connection: `connection` stands for another one in each thread."""
    connection.close()


def watcher_of_loop(make: Callable[[], Watcher]) -> Callable[[], Watcher]:
    """Return what gives the watcher of the running event loop: a server process has one loop."""
    watchers: WeakKeyDictionary[asyncio.AbstractEventLoop, Watcher] = WeakKeyDictionary()

    def get() -> Watcher:
        loop = asyncio.get_running_loop()
        if loop not in watchers:
            watchers[loop] = make()
        return watchers[loop]

    return get


get_watcher = watcher_of_loop(Watcher)
