"""What Prometheus learns from the database: what waits, who works. In one process (housekeeping).

Two queries a scrape, on partial indexes, and no more often than every five seconds, however often
it is scraped and by however many.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection
from django.db.models import Case, CharField, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Cast
from django.utils import timezone

from accounts.models import OutgoingMail
from stt_web.core.metrics import REGISTRY, GaugeCollector
from transcripts.enhancement.models import Enhancement
from transcripts.intelligence.models import TextJob
from transcripts.jobs.concurrency import LIVE_OWNER, is_detached
from transcripts.jobs.models import JobKind, Queue, TranscriptionJob
from transcripts.jobs.queue_load import QueueLoad, read_queue_load
from transcripts.models import OPEN_STATUSES, Status
from transcripts.voices.models import VoiceJob
from transcripts.webhooks.models import DeliveryStatus, WebhookDelivery

CACHED_S = 5.0
Gauge = tuple[str, str, list[str], dict[tuple[str, ...], float]]


class TableReader:
    """Reads, and stores what was read for a while; concurrent scrapes share one reading."""

    def __init__(
        self,
        read: Callable[[], Iterable[Gauge]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._clock = read, clock
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._gauges: list[Gauge] = []

    def read(self) -> list[Gauge]:
        with self._lock:
            if self._clock() - self._read_at > CACHED_S:
                self._gauges = list(self._read())
                self._read_at = self._clock()
            return self._gauges


def read_gauges() -> Iterable[Gauge]:
    """Two queries."""
    loads = {load.queue: load for load in read_queue_load()}
    counts = _count_others()
    queues = [loads.get(name) or QueueLoad(name, 0, 0, 0.0, None) for name in Queue.values]
    jobs: dict[tuple[str, ...], float] = {}
    for load in queues:
        jobs[load.queue, Status.QUEUED.value] = load.waiting
        jobs[load.queue, Status.PROCESSING.value] = load.running
    for kind in ("texts", "voices", "enhancements"):
        for status in OPEN_STATUSES:
            jobs[kind, status.value] = counts[kind, status.value]
    now = timezone.now()
    yield "stt_jobs", "Open work, by queue or kind.", ["queue", "status"], jobs
    yield (
        "stt_queue_audio_seconds",
        "Audio that is still to be recognised.",
        ["queue"],
        {(load.queue,): load.open_audio_s for load in queues},
    )
    yield (
        "stt_queue_oldest_seconds",
        "How long the oldest waiting recording has waited.",
        ["queue"],
        {
            (load.queue,): (now - load.oldest_at).total_seconds() if load.oldest_at else 0.0
            for load in queues
        },
    )
    yield (
        "stt_live_sessions",
        "Live sessions: open, or paused until their client comes back.",
        ["state"],
        {(state,): counts["live", state] for state in ("open", "paused")},
    )
    yield "stt_mail_waiting", "Mail not sent yet.", [], {(): counts["mail", "waiting"]}
    yield (
        "stt_webhook_deliveries_waiting",
        "Webhook deliveries not ended yet.",
        [],
        {(): counts["webhooks", "waiting"]},
    )


def _read_and_close() -> list[Gauge]:
    """In a thread of its own for each scrape."""
    try:
        return list(read_gauges())
    finally:
        connection.close()


def _count_others() -> defaultdict[tuple[str, str], int]:
    """One query."""
    live = TranscriptionJob.objects.filter(kind=JobKind.LIVE, status=Status.PROCESSING).filter(
        Q(lease_owner="") | Q(lease_owner__startswith=LIVE_OWNER)
    )
    state = Case(When(is_detached(), then=Value("paused")), default=Value("open"))
    parts = [
        _counted("texts", TextJob.objects.filter(status__in=OPEN_STATUSES), F("status")),
        _counted("voices", VoiceJob.objects.filter(status__in=OPEN_STATUSES), F("status")),
        _counted("enhancements", Enhancement.objects.filter(status__in=OPEN_STATUSES), F("status")),
        _counted("live", live, state),
        _counted("mail", OutgoingMail.objects.filter(next_try_at__isnull=False), Value("waiting")),
        _counted(
            "webhooks",
            WebhookDelivery.objects.filter(status=DeliveryStatus.PENDING),
            Value("waiting"),
        ),
    ]
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for kind, of, count in parts[0].union(*parts[1:], all=True):
        counts[kind, of] = count
    return counts


def _counted(kind: str, rows: "QuerySet[Any]", of: Case | F | Value) -> "QuerySet[Any, Any]":
    """Return (kind, state, how many)."""
    counted: QuerySet[Any, Any] = (
        rows.order_by()
        .annotate(counted_kind=Value(kind, CharField()), counted_state=Cast(of, CharField()))
        .values_list("counted_kind", "counted_state")
        .annotate(counted=Count("pk"))
    )
    return counted


def expose_tables() -> None:
    """Have this process read the tables whenever it is scraped."""
    REGISTRY.register(GaugeCollector(TableReader(_read_and_close).read))
