"""`/v1/uploads`: resumable uploads by tus 1.0, for our pages and for programs.

    POST    /v1/uploads        begins one; options of the transcription are its metadata
    HEAD    /v1/uploads/:id    how much of it is here
    PATCH   /v1/uploads/:id    the next part; with the last one the transcript begins
    DELETE  /v1/uploads/:id    ends it
    GET     of both            the same as JSON, which tus doesn't have

The bytes of a PATCH were taken by `stt_web.core.asgi.resumable_layer` before it comes here.
"""

from typing import Any, cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import (
    PageAuthentication,
    UploadAuthentication,
    principal_of,
    user_of,
)
from accounts.principals import (
    OF_PARTS,
    check_known,
    check_scopes,
    check_still_good,
    resolve_request,
)
from billing.admission import Caller
from billing.anonymous import AnonymousLimitError
from billing.ledger import NoCreditsError
from billing.quotas import limits_for
from stt_web.core.documentation import documented_as, raises
from stt_web.core.errors import ApiError
from stt_web.core.refusals import translate_refusal
from stt_web.core.upload_errors import StalledError, StorageFullError, UploadTooLargeError
from transcripts.inference.catalog import MODEL_ERRORS
from transcripts.jobs.submit import LimitError, QueueFullError
from transcripts.media.errors import MEDIA_ERRORS
from transcripts.options import OPTION_ERRORS
from transcripts.principals import source_of
from transcripts.services.note_templates import UnknownTemplateError
from transcripts.uploads.create import create_upload, end_upload
from transcripts.uploads.errors import (
    TUS_ERRORS,
    ChecksumError,
    OffsetError,
    TooManyUploadsError,
    UploadExpiredError,
    UploadLockedError,
    UploadNotFoundError,
)
from transcripts.uploads.headers import (
    CHECKSUMS,
    EXTENSIONS,
    VERSION,
    check_version,
    describe_in_headers,
)
from transcripts.uploads.models import ResumableUpload
from transcripts.uploads.receive import get_upload
from transcripts.uploads.submit import submit_upload

_TUS = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
_SCOPE = "transcribe"
_MOST_LISTED = 100


def _header(
    name: str, description: str, *, required: bool = False, example: str | int = ""
) -> OpenApiParameter:
    schema = {"type": "integer" if isinstance(example, int) else "string"}
    return OpenApiParameter(
        name,
        schema if example == "" else {**schema, "example": example},
        OpenApiParameter.HEADER,
        description=description,
        required=required,
    )


_VERSION = _header("Tus-Resumable", "The protocol's version.", required=True, example=VERSION)


class UploadErrorSerializer(serializers.Serializer[object]):
    code = serializers.CharField()
    message = serializers.CharField()


class UploadSerializer(serializers.Serializer[object]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=("receiving", "received", "submitted", "refused"))
    file_name = serializers.CharField(allow_blank=True)
    offset = serializers.IntegerField(help_text="Bytes that are here.")
    length = serializers.IntegerField(allow_null=True)
    transcript_id = serializers.UUIDField(allow_null=True)
    error = UploadErrorSerializer(allow_null=True)
    token = serializers.CharField(
        required=False, help_text="Of a guest's, in the answer that begins it: what opens it."
    )
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class TusView(APIView):
    """Answers and refusals carry the protocol's version. No cookie counts on /v1/."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method != "OPTIONS":  # which is open to everyone
            super().initial(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in _TUS.items():
            response.headers.setdefault(name, value)
        return response

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return Response(
            status=204,
            headers={
                **_TUS,
                "Allow": ", ".join(self.allowed_methods),
                "Tus-Version": VERSION,
                "Tus-Extension": EXTENSIONS,
                "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
            },
        )


class UploadListView(TusView):
    authentication_classes = (PageAuthentication,)
    guest_methods = ("POST",)
    scopes = {"GET": _SCOPE, "POST": _SCOPE}

    @raises()
    @extend_schema(operation_id="list_uploads", responses=UploadSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return your uploads that are not transcripts yet, the newest first."""
        own = ResumableUpload.objects.filter(owner=user_of(request), transcript_id=None)
        return Response([describe(each) for each in own.order_by("-created_at")[:_MOST_LISTED]])

    @raises(
        *TUS_ERRORS[:2],
        *OPTION_ERRORS,
        UnknownTemplateError,
        NoCreditsError,
        AnonymousLimitError,
        UploadTooLargeError,
        TooManyUploadsError,
        StorageFullError,
    )
    @extend_schema(
        operation_id="create_upload",
        parameters=[
            _VERSION,
            _header("Upload-Length", "Bytes of the whole recording."),
            _header("Upload-Defer-Length", "1: the length comes with a later part."),
            _header(
                "Upload-Metadata",
                "Pairs of a name and its value in base64, separated by commas: `filename`, and the"
                " options of POST /v1/transcribe by their names.",
            ),
        ],
        request=None,
        responses={(201, "application/json"): UploadSerializer},
    )
    def post(self, request: Request) -> Response:
        """Begin a resumable upload (tus 1.0); with its last byte, a transcript begins.

        Without a key it is a guest's: it counts as one of the day's recordings, and
        `X-Transcript-Token` is what opens it, and then the transcript.
        """
        headers = {name.lower(): value for name, value in request.headers.items()}
        check_version(headers)
        principal = principal_of(request)
        created = create_upload(
            principal.user,
            headers,
            limits=limits_for(principal.user),
            source=source_of(principal),
            address=principal.address,
        )
        upload, token = created.upload, created.guest_token
        where = {"Location": f"/v1/uploads/{upload.pk}", **describe_in_headers(upload)}
        if not token:
            return Response(describe(upload), status=201, headers=where)
        where["X-Transcript-Token"] = token
        return Response({**describe(upload), "token": token}, status=201, headers=where)


class UploadView(TusView):
    authentication_classes = (UploadAuthentication,)
    scopes = {"GET": _SCOPE, "PATCH": _SCOPE, "DELETE": _SCOPE}

    @raises(UploadNotFoundError, UploadExpiredError)
    @extend_schema(operation_id="get_upload", responses=UploadSerializer)
    def get(self, request: Request, upload_id: UUID) -> Response:
        """Return how much of an upload is here, and what became of it; HEAD, tus's own, has it in
        its headers."""
        upload = get_upload(principal_of(request), upload_id)
        return Response(describe(upload), headers=describe_in_headers(upload))

    @raises(
        UploadNotFoundError,
        UploadExpiredError,
        *TUS_ERRORS,
        OffsetError,
        UploadLockedError,
        ChecksumError,
        UploadTooLargeError,
        StorageFullError,
        StalledError,
        *OPTION_ERRORS,
        *MODEL_ERRORS,
        *MEDIA_ERRORS,
        NoCreditsError,
        UnknownTemplateError,
        LimitError,
        QueueFullError,
    )
    @extend_schema(
        operation_id="continue_upload",
        parameters=[
            _VERSION,
            _header("Upload-Offset", "Where the part begins.", required=True, example=0),
            _header("Upload-Length", "The whole length, where it was deferred."),
            _header("Upload-Checksum", "`sha1` or `sha256`, and the part's digest in base64."),
        ],
        request={"application/offset+octet-stream": OpenApiTypes.BINARY},
        responses={204: OpenApiResponse(description="`Upload-Offset` says how much is here now.")},
    )
    def patch(self, request: Request, upload_id: UUID) -> Response:
        """Send the next part. The answer to the last one has the transcript's `X-Transcript-Id`.

        Where the transcript can't be made at this moment (no credits, no model), the recording
        stays: send an empty part at its end to ask again.
        """
        raise AssertionError("`take_part` answers; this describes it.")

    @raises(UploadNotFoundError, UploadLockedError)
    @extend_schema(operation_id="end_upload", responses={204: None})
    def delete(self, request: Request, upload_id: UUID) -> Response:
        """End an upload, and delete what of it is here."""
        end_upload(principal_of(request), upload_id)
        return Response(status=204)


@documented_as(UploadView)
@csrf_exempt  # no cookie counts here
async def show_upload(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    if request.method == "PATCH":
        return await take_part(request, upload_id)
    return await sync_to_async(UploadView.as_view())(request, upload_id=upload_id)


async def take_part(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """PATCH /v1/uploads/:id — its bytes are stored already; the last ones make a transcript."""
    try:
        caller = await sync_to_async(_find_caller)(request)
        upload = await sync_to_async(get_upload)(caller.principal, upload_id)
        if upload.is_complete and not upload.is_over:
            await sync_to_async(check_still_good)(caller.principal)
            upload = await submit_upload(upload, address=caller.principal.address)
        if upload.is_refused:
            raise ApiError(upload.error_message, code=upload.error_code)
    except ApiError as error:
        error.headers |= _TUS
        raise
    return HttpResponse(status=204, headers=describe_in_headers(upload))


def _find_caller(request: HttpRequest) -> Caller:
    """Return whom the layer let in; without it (another server), as it would."""
    scope = request.scope if isinstance(request, ASGIRequest) else {}
    if "stt.caller" in scope:
        return cast("Caller", scope["stt.caller"])
    principal = resolve_request(request, accepted=OF_PARTS)
    check_known(principal)
    check_scopes(principal, _SCOPE)
    return Caller(principal=principal, limits=limits_for(principal.user))


def describe(upload: ResumableUpload) -> dict[str, Any]:
    error = {"code": upload.error_code, "message": translate_refusal(upload.error_message)}
    return {
        "id": str(upload.pk),
        "status": _status_of(upload),
        "file_name": upload.file_name,
        "offset": upload.offset_bytes,
        "length": upload.length_bytes,
        "transcript_id": str(upload.transcript_id) if upload.transcript_id else None,
        "error": error if upload.error_code else None,
        "created_at": upload.created_at.isoformat(),
        "expires_at": upload.expires_at.isoformat(),
    }


def _status_of(upload: ResumableUpload) -> str:
    if upload.transcript_id is not None:
        return "submitted"
    if upload.is_refused:
        return "refused"
    return "received" if upload.is_complete else "receiving"
