"""Many transcripts' exports in one archive, written while it is sent.

One transcript at a time is in memory, for any number.
"""

import io
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from accounts.lasting import while_allowed
from accounts.models import User
from transcripts.access import TranscriptNotFoundError
from transcripts.exports.files import content_disposition, file_name
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import EXPORTS
from transcripts.exports.translations import NotTranslatedError
from transcripts.exports.waiting import ExportFailedError, render_export, wait_for_export
from transcripts.exports.worker_exports import is_large
from transcripts.filters import filter_transcripts
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.option_kinds import InvalidOptionError
from transcripts.search.query import read_terms, search_transcripts, searching

MAX_IDS = 1000
_WAIT_FOR_ONE_S = 120.0
_LEFT_OUT = "not-exported.txt"


def answer_archive(
    ids: list[UUID],
    format_name: str,
    options: ExportOptions,
    *,
    is_allowed: Callable[[], bool],
) -> StreamingHttpResponse:
    """Return an answer that writes the archive while it is sent, and while `is_allowed` returns
    True."""
    return StreamingHttpResponse(
        while_allowed(write_archive(ids, format_name, options), is_allowed),
        content_type="application/zip",
        headers={
            "Content-Disposition": content_disposition("transcripts.zip"),
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        },
    )


class _Sink(io.RawIOBase):
    """Takes what the archive writes, and gives it away."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._chunks.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._chunks)
        self._chunks.clear()
        return taken


async def write_archive(
    ids: list[UUID], format_name: str, options: ExportOptions
) -> AsyncIterator[bytes]:
    """Yield the archive in pieces, one transcript's file each."""
    sink = _Sink()
    archive = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)
    names: set[str] = set()
    left_out: list[str] = []
    for transcript_id in ids:
        transcript = await Transcript.objects.filter(pk=transcript_id).afirst()
        content = None
        if transcript is not None:
            content = await _content_of(transcript, format_name, options)
        if transcript is None or content is None:
            left_out.append(str(transcript_id))
            continue
        name = _free_name(transcript.title, format_name, names)
        await sync_to_async(archive.writestr)(name, content)
        yield sink.take()
    if left_out:
        archive.writestr(_LEFT_OUT, "\n".join(left_out) + "\n")
    archive.close()
    yield sink.take()


async def _content_of(
    transcript: Transcript, format_name: str, options: ExportOptions
) -> bytes | None:
    """Return the file; None if it can't be made, or not soon: not without its translation."""
    is_slow = EXPORTS[format_name].is_slow or await sync_to_async(is_large)(transcript)
    try:
        if not is_slow:
            return await sync_to_async(render_export)(transcript, format_name, options)
        return await wait_for_export(
            transcript, format_name=format_name, options=options, timeout_s=_WAIT_FOR_ONE_S
        )
    except (ExportFailedError, NotTranslatedError):
        return None


def _free_name(title: str, format_name: str, taken: set[str]) -> str:
    name, number = file_name(title, extension=format_name), 1
    while name.casefold() in taken:
        number += 1
        name = file_name(f"{title[:80]} ({number})", extension=format_name)
    taken.add(name.casefold())
    return name


def as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def find_ids(user: User, asked: Mapping[str, object]) -> list[UUID]:
    """Return those of `asked["ids"]`, or all finished ones that the filters in it let through.

    Raises ApiError where one isn't there, or a filter isn't one.
    """
    rows = Transcript.objects.filter(owner=user, status__in=READABLE_STATUSES)
    if "ids" in asked:
        return _check_ids(rows, asked["ids"])
    filters = {name: as_text(value) for name, value in asked.items() if value is not None}
    rows = filter_transcripts(rows, {"ordering": "created_at"} | filters)
    search = filters.get("search", "")
    if not search:
        return list(rows.values_list("pk", flat=True))
    with searching():
        found = search_transcripts(rows, read_terms(search), owner_id=user.pk)
        return list(found.values_list("pk", flat=True))


def _check_ids(rows: QuerySet[Transcript], asked: object) -> list[UUID]:
    """Return the ids in the order they were asked for. Raises where one isn't there to export."""
    if not isinstance(asked, list) or not 1 <= len(asked) <= MAX_IDS:
        raise InvalidOptionError("ids", f"ids must be a list of 1 to {MAX_IDS} transcripts' ids.")
    try:
        wanted = [UUID(str(one)) for one in asked]
    except ValueError:
        raise TranscriptNotFoundError from None
    known = set(rows.filter(pk__in=wanted).values_list("pk", flat=True))
    if not known.issuperset(wanted):
        raise TranscriptNotFoundError
    return list(dict.fromkeys(wanted))
