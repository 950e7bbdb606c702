"""`/v2/`: uploads, transcripts, and what is read of one. Always 200 where it isn't an error."""

from datetime import date
from typing import Any, cast
from uuid import UUID

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import AuthenticationError, MissingKeyError
from accounts.keys.throttle import KeyThrottledError
from accounts.permissions import MANAGE_AND_READ, KeyAuthentication, principal_of, user_of
from billing.admission import Caller
from billing.api.plain_views import takes_upload
from billing.ledger import NoCreditsError
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from stt_web.core.public_address import absolute_url
from stt_web.core.upload_errors import UPLOAD_ERRORS
from stt_web.core.uploads import Upload
from transcripts.access import TranscriptNotFoundError
from transcripts.dialects.assemblyai import answers
from transcripts.dialects.assemblyai.request import read_request
from transcripts.dialects.assemblyai.requests import (
    ListQuery,
    NotReadyError,
    delete_request,
    get_finished,
    get_request,
    list_requests,
    prepare_submission,
    record_request,
)
from transcripts.dialects.assemblyai.serializers import (
    AssemblyMatchesSerializer,
    AssemblyPageSerializer,
    AssemblyPartsSerializer,
    AssemblyRequestSerializer,
    AssemblyTranscriptSerializer,
    AssemblyUploadSerializer,
)
from transcripts.exports.options import ExportOptions
from transcripts.exports.profiles import Profile
from transcripts.exports.render import EXPORTS, export
from transcripts.exports.verification import RedactionFailedError
from transcripts.fetching.addresses import FETCH_ERRORS
from transcripts.inference.catalog import MODEL_ERRORS
from transcripts.jobs.submit import LimitError, QueueFullError, Submission, submit_recording
from transcripts.media.errors import MEDIA_ERRORS
from transcripts.models import Transcript
from transcripts.option_kinds import InvalidOptionError
from transcripts.options import OPTION_ERRORS
from transcripts.uploads.held import HeldRecordingError, hold
from transcripts.uploads.models import AssemblyTranscript

_MOST_LISTED, _LISTED = 200, 10
_MOST_PHRASE_WORDS = 5
_FEWEST_CHARACTERS, _MOST_CHARACTERS = 8, 100


@documented(
    "post",
    operation_id="assemblyai_upload",
    request={"application/octet-stream": OpenApiTypes.BINARY},
    responses=AssemblyUploadSerializer,
)
@csrf_exempt  # no cookie counts on /v2/
@allow_methods("POST")
@takes_upload("transcribe")
@raises(AuthenticationError, MissingKeyError, KeyThrottledError, *UPLOAD_ERRORS)
async def upload_recording(
    request: HttpRequest, upload: Upload, caller: Caller
) -> HttpResponseBase:
    """Store a recording for a day, for transcripts that name it."""
    user = caller.principal.user
    if user is None:
        raise MissingKeyError
    held = await sync_to_async(hold)(upload, user)
    return JsonResponse({"upload_url": absolute_url(request, f"/v2/upload/{held.pk}")})


class RequestListView(APIView):
    authentication_classes = [KeyAuthentication]
    scopes = {"GET": "read", "POST": "transcribe"}

    @raises(
        *OPTION_ERRORS,
        *MODEL_ERRORS,
        *MEDIA_ERRORS,
        *FETCH_ERRORS,
        HeldRecordingError,
        TranscriptNotFoundError,
        NoCreditsError,
        LimitError,
        QueueFullError,
    )
    @extend_schema(
        operation_id="assemblyai_transcribe",
        request=AssemblyRequestSerializer,
        responses={200: AssemblyTranscriptSerializer},
    )
    def post(self, request: Request) -> Response:
        """Queue a recording, as AssemblyAI's clients ask for it."""
        asked, user = read_request(request.data), user_of(request)
        submission = prepare_submission(asked, user, principal_of(request))
        transcript = async_to_sync(_submit)(submission)
        row = record_request(asked, user, transcript)
        return Response(answers.describe(get_request(user, row.pk)))

    @raises(TranscriptNotFoundError, InvalidOptionError)
    @extend_schema(
        operation_id="assemblyai_list",
        parameters=[
            OpenApiParameter("limit", int, description="At most 200; 10."),
            OpenApiParameter("status", str, enum=list(answers.STATUSES)),
            OpenApiParameter("created_on", date),
            OpenApiParameter("before_id", UUID),
            OpenApiParameter("after_id", UUID),
        ],
        responses=AssemblyPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return what was asked for here, newest first."""
        query = _read_query(request.query_params)
        rows = list_requests(user_of(request), query)
        http = request._request
        return Response(
            {
                "page_details": {
                    "limit": query.limit,
                    "result_count": len(rows),
                    "current_url": absolute_url(http, request.get_full_path()),
                    "prev_url": _url_of_page(http, "before_id", rows[-1]) if rows else None,
                    "next_url": _url_of_page(http, "after_id", rows[0]) if rows else None,
                },
                "transcripts": [_summarise(http, row) for row in rows],
            }
        )


class RequestView(APIView):
    authentication_classes = [KeyAuthentication]
    scopes = {"GET": "read", "DELETE": MANAGE_AND_READ}

    @raises(TranscriptNotFoundError, RedactionFailedError)
    @extend_schema(operation_id="assemblyai_read", responses=AssemblyTranscriptSerializer)
    def get(self, request: Request, request_id: UUID) -> Response:
        """Return the transcript as it stands; one query while it is worked on."""
        return Response(answers.describe(get_request(user_of(request), request_id)))

    @raises(TranscriptNotFoundError, RedactionFailedError)
    @extend_schema(operation_id="assemblyai_delete", responses={200: AssemblyTranscriptSerializer})
    def delete(self, request: Request, request_id: UUID) -> Response:
        """Delete the request, in any state, and return what it was.

        The recording and its text go with the last request for them.
        """
        row = get_request(user_of(request), request_id)
        described = answers.describe(row)
        delete_request(row)
        return Response(described)


class _TextView(APIView):
    """Of the text of a transcript that is finished."""

    authentication_classes = [KeyAuthentication]
    scopes = {"GET": "read"}

    def find(self, request: Request, request_id: UUID) -> AssemblyTranscript:
        return get_finished(user_of(request), request_id)


class SentencesView(_TextView):
    @raises(TranscriptNotFoundError, NotReadyError, RedactionFailedError)
    @extend_schema(operation_id="assemblyai_sentences", responses=AssemblyPartsSerializer)
    def get(self, request: Request, request_id: UUID) -> Response:
        """Return the text by sentences."""
        return Response(answers.describe_sentences(self.find(request, request_id)))


class ParagraphsView(_TextView):
    @raises(TranscriptNotFoundError, NotReadyError, RedactionFailedError)
    @extend_schema(operation_id="assemblyai_paragraphs", responses=AssemblyPartsSerializer)
    def get(self, request: Request, request_id: UUID) -> Response:
        """Return the text by paragraphs."""
        return Response(answers.describe_paragraphs(self.find(request, request_id)))


class WordSearchView(_TextView):
    @raises(TranscriptNotFoundError, NotReadyError, InvalidOptionError, RedactionFailedError)
    @extend_schema(
        operation_id="assemblyai_word_search",
        parameters=[OpenApiParameter("words", str, description="With commas between.")],
        responses=AssemblyMatchesSerializer,
    )
    def get(self, request: Request, request_id: UUID) -> Response:
        """Return where words, or phrases of up to five, are said."""
        words = [word.strip() for word in request.query_params.get("words", "").split(",")]
        wanted = [word for word in words if word]
        if not wanted:
            raise InvalidOptionError("words", "words lists what to look for, with commas between.")
        if any(len(phrase.split()) > _MOST_PHRASE_WORDS for phrase in wanted):
            raise InvalidOptionError(
                "words", f"words may list phrases of {_MOST_PHRASE_WORDS} words at most."
            )
        return Response(answers.search_words(self.find(request, request_id), wanted))


class SubtitlesView(_TextView):
    format_name = "srt"

    def get(self, request: Request, request_id: UUID) -> HttpResponse:
        row = self.find(request, request_id)
        options = ExportOptions(
            profile=_read_profile(request.query_params), speakers=False, notice=False
        )
        body = export(answers.load_document(row), self.format_name, options)
        return HttpResponse(body, content_type=EXPORTS[self.format_name].content_type)


_CHARACTERS = OpenApiParameter("chars_per_caption", int, description="8 to 100 a line.")


class SrtView(SubtitlesView):
    @raises(TranscriptNotFoundError, NotReadyError, InvalidOptionError, RedactionFailedError)
    @extend_schema(
        operation_id="assemblyai_srt",
        parameters=[_CHARACTERS],
        responses={(200, "application/x-subrip"): OpenApiTypes.STR},
    )
    def get(self, request: Request, request_id: UUID) -> HttpResponse:
        """Return subtitles."""
        return super().get(request, request_id)


class VttView(SubtitlesView):
    format_name = "vtt"

    @raises(TranscriptNotFoundError, NotReadyError, InvalidOptionError, RedactionFailedError)
    @extend_schema(
        operation_id="assemblyai_vtt",
        parameters=[_CHARACTERS],
        responses={(200, "text/vtt"): OpenApiTypes.STR},
    )
    def get(self, request: Request, request_id: UUID) -> HttpResponse:
        """Return captions."""
        return super().get(request, request_id)


async def _submit(submission: Submission) -> Transcript:
    try:
        return (await submit_recording(submission)).transcript
    finally:
        await sync_to_async(submission.upload.end)()


def _summarise(request: HttpRequest, row: AssemblyTranscript) -> dict[str, Any]:
    described = answers.describe_state(row)
    finished_at = row.transcript.finished_at
    # What was finished before it was asked for is complete at once.
    completed_at = max(finished_at, row.created_at) if finished_at else None
    return described | {
        "created": row.created_at.isoformat(),
        "completed": completed_at.isoformat() if completed_at else None,
        "resource_url": absolute_url(request, f"/v2/transcript/{row.pk}"),
    }


def _url_of_page(request: HttpRequest, name: str, row: AssemblyTranscript) -> str:
    query = request.GET.copy()
    for other in ("before_id", "after_id"):
        query.pop(other, None)
    query[name] = str(row.pk)
    return absolute_url(request, f"{request.path}?{query.urlencode()}")


def _read_query(query: QueryDict) -> ListQuery:
    status = query.get("status", "").strip()
    if status and status not in answers.STATUSES:
        raise InvalidOptionError("status", f"status may be {', '.join(answers.STATUSES)}.")
    limit = _read_number(query, "limit", default=_LISTED, least=1, most=_MOST_LISTED)
    return ListQuery(
        limit=limit,
        statuses=answers.STATUSES.get(status, ()),
        created_on=cast("date | None", _read(query, "created_on", date.fromisoformat)),
        before=cast("UUID | None", _read(query, "before_id", UUID)),
        after=cast("UUID | None", _read(query, "after_id", UUID)),
    )


def _read(query: QueryDict, name: str, parse: Any) -> object:
    sent = query.get(name, "").strip()
    try:
        return parse(sent) if sent else None
    except ValueError:
        raise InvalidOptionError(name, f"{name} can't be read.") from None


def _read_number(query: QueryDict, name: str, *, default: int, least: int, most: int) -> int:
    sent = query.get(name, "").strip() or str(default)
    if not (sent.isascii() and sent.isdigit() and len(sent) < 7 and least <= int(sent) <= most):
        raise InvalidOptionError(name, f"{name} must be a whole number from {least} to {most}.")
    return int(sent)


def _read_profile(query: QueryDict) -> Profile:
    characters = _read_number(
        query,
        "chars_per_caption",
        default=Profile().line_characters,
        least=_FEWEST_CHARACTERS,
        most=_MOST_CHARACTERS,
    )
    is_set = bool(query.get("chars_per_caption"))
    return Profile(line_characters=characters, lines=1) if is_set else Profile()
