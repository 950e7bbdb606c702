"""GET /api/v1/events/ — all of an account's transcripts as server-sent events: one stream a page.

    transcript {"id", "status", "title", "done_s", "total_s", "error"}    as it changes
    ready {}                              all that had changed by now was sent

First come those that are under way, and those that ended after `since` (or `Last-Event-ID`), so
that a page misses nothing between being rendered, or losing its line, and following.

The database is asked every second or two: one query on the index of open transcripts for a page
that is open, of which nothing is read but what the event holds.
"""

import asyncio
import functools
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from accounts.authentication import MissingKeyError
from accounts.lasting import while_allowed
from accounts.permissions import GuestAuthentication
from accounts.principals import Principal
from billing.api.plain_views import needs
from stt_web.core import wakeups
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from stt_web.core.refusals import translate_refusal
from transcripts.exports.json import seconds
from transcripts.jobs.models import TranscriptionJob
from transcripts.models import OPEN_STATUSES, Transcript
from transcripts.principals import is_still_allowed

_LONGEST_SILENCE_S = 15.0
_BUSY_S = 1.0  # while something is under way
_IDLE_S = 3.0
_LONGEST_AGO = timedelta(days=1)
_OVERLAP = timedelta(seconds=5)  # a commit comes later than the time that it writes
_MOST_ROWS = 500
_WATCHED_EVERY = timedelta(seconds=20)


@dataclass(frozen=True)
class JobState:
    """What the event of a transcript holds."""

    status: str
    title: str
    resume_ms: int
    total_ms: int
    error: str

    def as_json(self, pk: UUID) -> dict[str, Any]:
        return {
            "id": str(pk),
            "status": self.status,
            "title": self.title,
            "done_s": seconds(self.resume_ms),
            "total_s": seconds(self.total_ms) if self.total_ms else None,
            "error": translate_refusal(self.error) or None,
        }


@documented(
    operation_id="follow_account",
    authentication=(GuestAuthentication,),
    parameters=[
        OpenApiParameter("since", OpenApiTypes.DATETIME, description="Also what ended after it.")
    ],
    responses={(200, "text/event-stream"): OpenApiTypes.STR},
)
@allow_methods("GET")
@needs("read")
@raises(MissingKeyError)
async def stream_account_events(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """Follow all your transcripts: a `transcript` event for each change of status or progress."""
    if principal.user is None:
        raise MissingKeyError
    since = _read_time(request.headers.get("Last-Event-ID", "") or request.GET.get("since", ""))
    events = follow_account(principal.user.pk, since=since, is_page=principal.api_key is None)
    return StreamingHttpResponse(
        while_allowed(events, functools.partial(is_still_allowed, request)),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def follow_account(
    owner_id: UUID, *, since: datetime, is_page: bool = False
) -> AsyncGenerator[bytes, None]:
    """Yield the events, without an end. `is_page`: a person sees them, and needs no mail."""
    yield b"retry: 2000\n\n"
    known: dict[UUID, JobState] = {}
    is_first = True
    watched, watched_at = set[UUID](), datetime.min.replace(tzinfo=UTC)
    silent_s = 0.0
    hurry = asyncio.Event()
    loop = asyncio.get_running_loop()

    def note(transcript_id: str) -> None:
        if UUID(transcript_id) in known:
            loop.call_soon_threadsafe(hurry.set)

    ignore = wakeups.listen(wakeups.TRANSCRIPT, note)
    try:
        while True:
            asked_at = timezone.now()
            followed = {pk for pk, row in known.items() if row.status in OPEN_STATUSES}
            rows = await sync_to_async(_read)(owner_id, since, followed)
            news = {pk: row for pk, row in rows.items() if known.get(pk) != row}
            at_work = {pk for pk, row in rows.items() if row.status in OPEN_STATUSES}
            is_due = bool(at_work - watched) or asked_at - watched_at >= _WATCHED_EVERY
            if is_page and at_work and is_due:
                await sync_to_async(_note_watching)(at_work, asked_at)
                watched, watched_at = at_work, asked_at
            deleted = followed - rows.keys()
            for pk, row in news.items():
                yield _event("transcript", asked_at, row.as_json(pk))
            for pk in deleted:
                yield _event("transcript", asked_at, {"id": str(pk), "status": "deleted"})
            if is_first:
                yield _event("ready", asked_at, {})
            known, since, is_first = rows, asked_at - _OVERLAP, False
            silent_s = 0.0 if news or deleted else silent_s
            if silent_s >= _LONGEST_SILENCE_S:
                silent_s = 0.0
                yield b": still here\n\n"
            wait_s = _BUSY_S if followed or news else _IDLE_S
            silent_s += wait_s
            hurry.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await hurry.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(0.1)  # a flood of wake-ups at this pace
    finally:
        ignore()


def _read(owner_id: UUID, since: datetime, followed: set[UUID]) -> dict[UUID, JobState]:
    """Return what is under way, ended since, or was under way a moment ago. One query."""
    wanted = Q(status__in=OPEN_STATUSES) | Q(finished_at__gte=since) | Q(pk__in=followed)
    rows = Transcript.objects.filter(wanted, owner=owner_id).order_by("-created_at")
    values = rows.values_list(
        "pk",
        "status",
        "title",
        "job__resume_ms",
        "job__audio_duration_ms",
        "recording__probed_ms",
        "job__error_message",
    )
    return {
        pk: JobState(status, title, resume_ms, audio_ms or probed_ms, error)
        for pk, status, title, resume_ms, audio_ms, probed_ms, error in values[:_MOST_ROWS]
    }


def _note_watching(followed: set[UUID], now: datetime) -> None:
    """Nothing is lost where it comes late: a mail more is sent (`jobs/notifications`)."""
    jobs = TranscriptionJob.objects.filter(transcript__in=followed, status__in=OPEN_STATUSES)
    jobs.update(watched_at=now)


def _read_time(text: str) -> datetime:
    """Return the time in a query or a `Last-Event-ID`; now for what is none."""
    now = timezone.now()
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        return now
    return max(found, now - _LONGEST_AGO)


def _event(name: str, at: datetime, body: dict[str, Any]) -> bytes:
    data = json.dumps(body, ensure_ascii=False)
    return f"event: {name}\nid: {at.isoformat()}\ndata: {data}\n\n".encode()
