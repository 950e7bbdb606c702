"""POST transcripts/export/ — many transcripts in one archive, written while it is sent.

One transcript at a time is in memory, for any number.
"""

import functools
import io
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.lasting import while_allowed
from accounts.models import User
from accounts.permissions import user_of
from stt_web.core.documentation import raises
from transcripts.access import TranscriptNotFoundError
from transcripts.exports.api.options import read_export_options
from transcripts.exports.api.views import (
    ExportFailedError,
    UnknownFormatError,
    check_format,
    render_export,
    wait_for_export,
)
from transcripts.exports.files import content_disposition, file_name
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import EXPORTS
from transcripts.exports.worker_exports import is_large
from transcripts.filters import FILTER_ERRORS, filter_transcripts
from transcripts.models import READABLE_STATUSES, Source, Transcript
from transcripts.option_kinds import InvalidOptionError
from transcripts.principals import is_still_allowed
from transcripts.search.query import read_terms, search_transcripts, searching

MAX_IDS = 1000
_WAIT_FOR_ONE_S = 120.0
_LEFT_OUT = "not-exported.txt"
_AS_IN_THE_LIST = "Without ids: as in the list of transcripts."


class BulkExportSerializer(serializers.Serializer[object]):
    ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, help_text=f"At most {MAX_IDS}."
    )
    status = serializers.ChoiceField(choices=list(READABLE_STATUSES), required=False)
    language = serializers.CharField(required=False, help_text=_AS_IN_THE_LIST)
    created_after = serializers.CharField(required=False, help_text=_AS_IN_THE_LIST)
    created_before = serializers.CharField(required=False, help_text=_AS_IN_THE_LIST)
    model = serializers.CharField(required=False, help_text=_AS_IN_THE_LIST)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # `Field.source`: not of a class
        choices=Source.choices, required=False
    )
    tag = serializers.CharField(required=False, help_text=_AS_IN_THE_LIST)
    has_warnings = serializers.BooleanField(required=False, help_text=_AS_IN_THE_LIST)
    search = serializers.CharField(required=False, help_text=_AS_IN_THE_LIST)
    format = serializers.ChoiceField(choices=list(EXPORTS))
    options = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="As in the query of one export."
    )


class BulkExportView(APIView):
    scopes = {"POST": "read"}

    @raises(TranscriptNotFoundError, UnknownFormatError, InvalidOptionError, *FILTER_ERRORS)
    @extend_schema(
        operation_id="export_transcripts",
        request=BulkExportSerializer,
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Return an archive of the transcripts named, or of all finished ones that the filters
        let through. What could not be exported is listed in its last file."""
        asked = request.data
        if not isinstance(asked, dict):
            raise InvalidOptionError("format", "Send a JSON object with a format.")
        format_name = str(asked.get("format", ""))
        check_format(format_name)
        options = read_export_options(_read_options(asked))
        ids = find_ids(user_of(request), asked)
        is_allowed = functools.partial(is_still_allowed, request._request)
        return answer_archive(ids, format_name, options, is_allowed=is_allowed)


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
    """Return the file; None if it can't be made, or not soon."""
    is_slow = EXPORTS[format_name].is_slow or await sync_to_async(is_large)(transcript)
    if not is_slow:
        return await sync_to_async(render_export)(transcript, format_name, options)
    try:
        return await wait_for_export(
            transcript, format_name=format_name, options=options, timeout_s=_WAIT_FOR_ONE_S
        )
    except ExportFailedError:
        return None


def _free_name(title: str, format_name: str, taken: set[str]) -> str:
    name, number = file_name(title, extension=format_name), 1
    while name.casefold() in taken:
        number += 1
        name = file_name(f"{title[:80]} ({number})", extension=format_name)
    taken.add(name.casefold())
    return name


def _read_options(asked: Mapping[str, object]) -> dict[str, str]:
    options = asked.get("options", {})
    if not isinstance(options, dict):
        raise InvalidOptionError("options", "options must be an object.")
    return {str(name): _as_text(value) for name, value in options.items()}


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def find_ids(user: User, asked: Mapping[str, object]) -> list[UUID]:
    """Return those of `asked["ids"]`, or all finished ones that the filters in it let through.

    Raises ApiError where one isn't there, or a filter isn't one.
    """
    rows = Transcript.objects.filter(owner=user, status__in=READABLE_STATUSES)
    if "ids" in asked:
        return _check_ids(rows, asked["ids"])
    filters = {name: _as_text(value) for name, value in asked.items() if value is not None}
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
