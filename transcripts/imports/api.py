"""POST transcripts/import/ — subtitles or our own JSON as a new transcript.

The ingest has authenticated the caller (a key) and stored the file; it deletes it again.
"""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.authentication import AuthenticationError
from accounts.principals import Principal
from billing.admission import Caller
from billing.api.plain_views import takes_upload
from stt_web.core.error_responses import allow_methods
from stt_web.core.uploads import Upload
from transcripts.imports.create import ImportOptions, import_transcript
from transcripts.job_errors import location_of
from transcripts.options import read_language
from transcripts.principals import source_of
from transcripts.responses import summarise


# No cookie counts here, so there is nothing to forge.
@csrf_exempt
@allow_methods("POST")
@takes_upload("transcribe")
async def import_file(request: HttpRequest, upload: Upload, caller: Caller) -> HttpResponse:
    return await sync_to_async(_import)(upload, caller.principal)


def _import(upload: Upload, principal: Principal) -> HttpResponse:
    if principal.user is None:
        raise AuthenticationError(
            "Send your API key as `Authorization: Bearer <key>`.", code="missing_key"
        )
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
