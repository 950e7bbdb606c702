"""GET …/events/ — a transcript's job as server-sent events (WHATWG HTML, 9.2).

    status {"id", "status"}   queue {"position"}   progress {"done_s", "total_s"}
    segment {…}               done {"id", "status", "error", "gap_seconds"}, then the stream ends

Each event's id holds all that the client knows after it, so `Last-Event-ID` resumes on any web
process without loss or repetition. A segment is known by where it ends, not by its number: the
division into speakers at the end of a job may split segments, and what was sent stays sent.
A browser that comes back after `done` gets 204, which ends its reconnecting.

With `?edits_since=REVISION` it follows what people edited after that revision instead:

    words {"revision", "segment": {…}}   the segment's words got their times from the recording
    aligned {"revision"}                 nothing waits any more, then the stream ends

and with `&lasting=true` also each change that is made from then on, by anyone, until it is closed:

    edited {"revision", "segments", …}   as an edit is answered; `aligned` doesn't come
    comments {"count", "changed_at"}     of its comments: at once, and whenever one changes
    work {"second_pass", "voices"}       whether the recording is gone through again, and for voices
                                         "queued", "failed" or "": at once, and on each change

With `?text_jobs=true` it follows the work on the transcript's text:

    text_job {…}                         one that is under way, or has ended, as `text-jobs/` has it
    idle {"id"}                          none is under way any more, then the stream ends
"""

import asyncio
import functools
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from accounts.lasting import while_allowed
from accounts.permissions import GuestAuthentication
from accounts.principals import Principal
from billing.api.plain_views import needs
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from stt_web.core.errors import ApiError
from stt_web.core.refusals import translate_refusal
from transcripts.access import TranscriptNotFoundError
from transcripts.editing.align_edits import read_aligned
from transcripts.editing.api.conditional import show_changes, show_segment
from transcripts.editing.revisions import changes_between
from transcripts.exports.document import load_segment
from transcripts.exports.json import PublicSegment, seconds, segment_as_json
from transcripts.jobs.status_watch import Snapshot, StatusSubscription, get_watcher
from transcripts.models import Segment, Transcript
from transcripts.principals import find_transcript, is_still_allowed
from transcripts.services.shown_gaps import seconds_in
from transcripts.services.shown_text_jobs import describe_text_job, list_changed

_KEEP_ALIVE_S = 15.0
_SEGMENTS_AT_ONCE = 100
_CURSOR = re.compile(
    r"(?P<sent_ms>\d{1,12})\.(?P<done_ms>-?\d{1,12})\.(?P<place>\d{1,9})\.(?P<status>[a-z_]*)\Z"
)
_DONE = "done"
_ALIGNED = "aligned"
_IDLE = "idle"
_SEEN = re.compile(r"r(\d{1,9})\Z", re.ASCII)
_REVISION = re.compile(r"\d{1,9}\Z", re.ASCII)


class BadRevisionError(ApiError):
    """`edits_since` is not the number of a revision."""

    status = 400
    code = "invalid_request"

    def __init__(self) -> None:
        super().__init__("edits_since must be the number of a revision.")


@dataclass(frozen=True)
class Cursor:
    """What the client knows. `sent_ms`: the end of the last segment that it got."""

    sent_ms: int = 0
    done_ms: int = -1
    place: int = 0
    status: str = ""

    def __str__(self) -> str:
        return f"{self.sent_ms}.{self.done_ms}.{self.place}.{self.status}"


def read_cursor(last_event_id: str) -> Cursor:
    """Parse a `Last-Event-ID`; one that isn't ours begins from the beginning."""
    match = _CURSOR.match(last_event_id)
    if match is None:
        return Cursor()
    return Cursor(
        sent_ms=int(match["sent_ms"]),
        done_ms=int(match["done_ms"]),
        place=int(match["place"]),
        status=match["status"],
    )


@documented(
    operation_id="follow_transcript",
    authentication=(GuestAuthentication,),
    parameters=[
        OpenApiParameter("edits_since", int, description="Follow edits after this revision."),
        OpenApiParameter("lasting", bool, description="Of edits: follow later ones, too."),
        OpenApiParameter("text_jobs", bool, description="Follow the work on its text."),
    ],
    responses={
        (200, "text/event-stream"): OpenApiTypes.STR,
        204: OpenApiResponse(description="`Last-Event-ID` says that all was seen."),
    },
)
@allow_methods("GET")
@needs("read")
@raises(TranscriptNotFoundError, BadRevisionError)
async def stream_events(
    request: HttpRequest, principal: Principal, transcript_id: UUID
) -> HttpResponseBase:
    """Follow a transcript: `status`, `queue`, `progress`, `segment` and `done` events."""
    await sync_to_async(find_transcript)(principal, transcript_id)
    last_id = request.headers.get("Last-Event-ID", "")
    since = request.GET.get("edits_since")
    cursor = read_cursor(last_id)
    are_texts = request.GET.get("text_jobs", "").lower() in ("true", "1")
    is_seen = last_id == (_IDLE if are_texts else _ALIGNED)
    if cursor.status == _DONE or (is_seen and (are_texts or since is not None)):
        return HttpResponse(status=204)
    if are_texts:
        events = follow_texts(transcript_id, after=_read_time(last_id))
    elif since is not None:
        is_lasting = request.GET.get("lasting", "").lower() in ("true", "1")
        events = follow_edits(
            transcript_id, since=_since(_read_revision(since), last_id), is_lasting=is_lasting
        )
    else:
        events = _events(transcript_id, cursor)
    return StreamingHttpResponse(
        while_allowed(events, functools.partial(_is_followed, request, transcript_id)),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(transcript_id: UUID, cursor: Cursor) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    async with get_watcher().subscribe(transcript_id, wants_place=True) as subscription:
        while cursor.status != _DONE:
            snapshot = await wait_for_change(subscription)
            if snapshot is None:
                yield b": still here\n\n"
                continue
            async for known, event in _news(transcript_id, snapshot, cursor):
                cursor = known
                yield event


async def wait_for_change(subscription: StatusSubscription) -> Snapshot | None:
    """Return the transcript as it changed to; None where a comment is due instead."""
    try:
        async with asyncio.timeout(_KEEP_ALIVE_S):
            return await subscription.next_change()
    except TimeoutError:
        return None


async def follow_edits(
    transcript_id: UUID, *, since: int, is_lasting: bool = False
) -> AsyncIterator[bytes]:
    """Yield the segments whose edited words get their times, until none waits for them; lasting,
    also what is edited, until the transcript is deleted.

    A client that comes back gets those of the last hour again, which does no harm.
    """
    yield b"retry: 2000\n\n"
    known: set[int] = set()
    seen = since
    sent: dict[str, dict[str, Any]] = {}
    async with get_watcher().subscribe(transcript_id) as subscription:
        while True:
            snapshot = await wait_for_change(subscription)
            if snapshot is None:
                yield b": still here\n\n"
                continue
            if is_lasting and snapshot.revision > seen:
                edited = await sync_to_async(_read_changes)(transcript_id, seen)
                if edited is None:
                    return
                seen = edited["revision"]
                yield _write_event("edited", f"r{seen}", edited)
            for name, body in _beside_the_text(snapshot).items() if is_lasting else ():
                if sent.get(name) != body:
                    sent[name] = body
                    yield _write_event(name, f"r{seen}", body)
            for pk, body in await sync_to_async(_read_edits)(transcript_id, since, known):
                known.add(pk)
                yield _write_event("words", str(pk), body)
            if is_lasting and not snapshot.status:
                return
            if not is_lasting and not snapshot.aligning:
                yield _write_event(_ALIGNED, _ALIGNED, {"revision": since})
                return


def _beside_the_text(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Return the events of what isn't the text, each as it would be sent now."""
    changed_at = snapshot.commented_at
    return {
        "comments": {
            "count": snapshot.comments,
            "changed_at": changed_at.isoformat() if changed_at is not None else None,
        },
        "work": {"second_pass": snapshot.passes > 0, "voices": snapshot.voices},
    }


async def follow_texts(transcript_id: UUID, *, after: datetime | None) -> AsyncIterator[bytes]:
    """Yield the work on its text as it changes, until none is under way."""
    yield b"retry: 2000\n\n"
    async with get_watcher().subscribe(transcript_id) as subscription:
        while True:
            snapshot = await wait_for_change(subscription)
            if snapshot is None:
                yield b": still here\n\n"
                continue
            for job in await sync_to_async(list_changed)(transcript_id, after=after):
                after = job.changed_at
                body = describe_text_job(job, has_answer=False)
                yield _write_event("text_job", after.isoformat(), body)
            if not snapshot.texts:
                yield _write_event(_IDLE, _IDLE, {"id": str(transcript_id)})
                return


def _read_time(last_event_id: str) -> datetime | None:
    """Return the time in a `Last-Event-ID`; one that isn't ours begins from the beginning."""
    try:
        found = datetime.fromisoformat(last_event_id)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _read_revision(text: str) -> int:
    if not _REVISION.match(text):
        raise BadRevisionError
    return int(text)


def _since(asked: int, last_event_id: str) -> int:
    """Return the last revision that the client has seen: a stream that was lost goes on there."""
    seen = _SEEN.match(last_event_id)
    return max(asked, int(seen[1])) if seen else asked


def _read_changes(transcript_id: UUID, since: int) -> dict[str, Any] | None:
    transcript = Transcript.objects.filter(pk=transcript_id).first()
    if transcript is None:
        return None
    changes = changes_between(transcript, since, transcript.revision)
    return show_changes(transcript, changes)


def _read_edits(
    transcript_id: UUID, since: int, known: set[int]
) -> list[tuple[int, dict[str, Any]]]:
    return [
        (pk, {"revision": revision, "segment": show_segment(segment)})
        for pk, revision, segment in read_aligned(transcript_id, since=since, known=known)
    ]


async def _news(
    transcript_id: UUID, snapshot: Snapshot, cursor: Cursor
) -> AsyncIterator[tuple[Cursor, bytes]]:
    """Yield what `snapshot` has and the client doesn't, each with the cursor behind it."""
    if snapshot.is_open and snapshot.status != cursor.status:
        cursor = replace(cursor, status=snapshot.status)
        yield cursor, _status_event(transcript_id, cursor)
    if snapshot.place and snapshot.place != cursor.place:
        cursor = replace(cursor, place=snapshot.place)
        yield cursor, _event("queue", cursor, {"position": snapshot.place})
    if snapshot.resume_ms > cursor.done_ms or not snapshot.is_open:
        while segments := await sync_to_async(read_segments)(transcript_id, cursor.sent_ms):
            for end_ms, body in segments:
                cursor = replace(cursor, sent_ms=max(cursor.sent_ms, end_ms))
                yield cursor, _event("segment", cursor, body)
    if snapshot.resume_ms > cursor.done_ms:
        cursor = replace(cursor, done_ms=snapshot.resume_ms)
        yield cursor, _event("progress", cursor, _progress(snapshot))
    if not snapshot.is_open:  # a final status comes when all that it stands for was sent
        cursor = replace(cursor, status=snapshot.status or "deleted")
        yield cursor, _status_event(transcript_id, cursor)
        end = await sync_to_async(_read_end)(transcript_id)
        cursor = replace(cursor, status=_DONE)
        yield cursor, _event("done", cursor, end)


def _progress(snapshot: Snapshot) -> dict[str, Any]:
    total_ms = snapshot.total_ms
    return {
        "done_s": seconds(snapshot.resume_ms),
        "total_s": seconds(total_ms) if total_ms else None,
    }


def _status_event(transcript_id: UUID, cursor: Cursor) -> bytes:
    return _event("status", cursor, {"id": str(transcript_id), "status": cursor.status})


def _event(name: str, cursor: Cursor, body: Mapping[str, Any]) -> bytes:
    return _write_event(name, str(cursor), body)


def _write_event(name: str, event_id: str, body: Mapping[str, Any]) -> bytes:
    data = json.dumps(body, ensure_ascii=False)
    return f"event: {name}\nid: {event_id}\ndata: {data}\n\n".encode()


def _is_followed(request: HttpRequest, transcript_id: UUID) -> bool:
    """Whether the right to it lasts; a deleted transcript's stream has its own end to send."""
    return is_still_allowed(request, transcript_id) or (
        is_still_allowed(request) and not Transcript.objects.filter(pk=transcript_id).exists()
    )


def read_segments(transcript_id: UUID, sent_ms: int) -> list[tuple[int, PublicSegment]]:
    """Return the next segments that end after `sent_ms`. One query."""
    rows = (
        Segment.objects.filter(transcript_id=transcript_id, end_ms__gt=sent_ms)
        .select_related("speaker", "transcript")
        .order_by("position")[:_SEGMENTS_AT_ONCE]
    )
    return [
        (row.end_ms, segment_as_json(load_segment(row), language=row.transcript.language))
        for row in rows
        if row.transcript is not None
    ]


def _read_end(transcript_id: UUID) -> dict[str, Any]:
    transcript = Transcript.objects.filter(pk=transcript_id).first()
    if transcript is None:
        return {"id": str(transcript_id), "status": "deleted", "error": None, "gap_seconds": 0.0}
    error = None
    if transcript.job.error_code:
        error = {
            "code": transcript.job.error_code,
            "message": translate_refusal(transcript.job.error_message),
        }
    return {
        "id": str(transcript_id),
        "status": transcript.status,
        "error": error,
        "gap_seconds": seconds_in(transcript.job.warnings),
    }
