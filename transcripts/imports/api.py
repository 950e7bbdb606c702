"""POST transcripts/import/ — subtitles or our own JSON as a new transcript.

The ingest has authenticated the caller (a key) and stored the file; it deletes it again.
"""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from accounts.authentication import MissingKeyError
from accounts.permissions import PrincipalAuthentication
from accounts.principals import Principal
from billing.admission import Caller
from billing.api.plain_views import takes_upload
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from stt_web.core.upload_errors import UPLOAD_ERRORS
from stt_web.core.uploads import Upload
from transcripts.imports.child import IMPORT_ERRORS
from transcripts.imports.create import ImportOptions, import_transcript
from transcripts.job_errors import location_of
from transcripts.option_kinds import InvalidOptionError
from transcripts.option_languages import UnknownLanguageError, read_language
from transcripts.principals import source_of
from transcripts.responses import summarise
from transcripts.serializers import TranscriptSummarySerializer


@documented(
    "post",
    operation_id="import_transcript",
    authentication=(PrincipalAuthentication,),
    request={
        "multipart/form-data": inline_serializer(
            "ImportRequest",
            {
                "file": serializers.FileField(
                    help_text="srt, vtt, ass, ssa, sbv, or our own json."
                ),
                "title": serializers.CharField(required=False),
                "language": serializers.CharField(required=False),
                "encoding": serializers.CharField(
                    required=False,
                    help_text="Of a file that is not in UTF-8, such as cp1250; else guessed.",
                ),
            },
        )
    },
    responses={201: TranscriptSummarySerializer},
)
# No cookie counts here, so there is nothing to forge.
@csrf_exempt
@allow_methods("POST")
@takes_upload("transcribe")
@raises(*UPLOAD_ERRORS, *IMPORT_ERRORS, InvalidOptionError, UnknownLanguageError)
async def import_file(request: HttpRequest, upload: Upload, caller: Caller) -> HttpResponse:
    """Make a transcript of subtitles, or of our own JSON. It costs nothing."""
    return await sync_to_async(_import)(upload, caller.principal)


def _import(upload: Upload, principal: Principal) -> HttpResponse:
    if principal.user is None:
        raise MissingKeyError
    options = ImportOptions(
        file_name=upload.file_name,
        title=upload.fields.get("title", "").strip(),
        language=read_language(upload.fields),
        encoding=upload.fields.get("encoding", "").strip(),
        source=source_of(principal),
    )
    transcript = import_transcript(principal.user, upload.path, options)
    response = JsonResponse(summarise(transcript), status=201)
    response.headers["Location"] = location_of(transcript)
    return response
