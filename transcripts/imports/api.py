"""POST transcripts/import/ — subtitles or our own JSON as a new transcript.

The ingest has authenticated the caller (a key) and stored the file; it deletes it again.
"""

from typing import cast

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.authentication import AuthenticationError
from billing.admission import Caller
from billing.api.throttling import set_rate_limit_headers
from stt_web.core.error_responses import allow_methods
from stt_web.core.uploads import Upload
from transcripts.imports.create import ImportOptions, import_transcript
from transcripts.job_errors import location_of
from transcripts.option_languages import read_language
from transcripts.principals import source_of
from transcripts.responses import summarise


# No cookie counts here, so there is nothing to forge.
@csrf_exempt
@allow_methods("POST")
async def import_file(request: HttpRequest) -> HttpResponse:
    scope = cast("ASGIRequest", request).scope
    caller = cast("Caller", scope["stt.caller"])
    set_rate_limit_headers(request, caller.rate_limit_headers)
    return await sync_to_async(_import)(cast("Upload", scope["stt.upload"]), caller)


def _import(upload: Upload, caller: Caller) -> HttpResponse:
    if caller.user is None:
        raise AuthenticationError(
            "Send your API key as `Authorization: Bearer <key>`.", code="missing_key"
        )
    options = ImportOptions(
        file_name=upload.file_name,
        title=upload.fields.get("title", "").strip(),
        language=read_language(upload.fields),
        encoding=upload.fields.get("encoding", "").strip(),
        source=source_of(caller),
    )
    transcript = import_transcript(caller.user, upload.path, options)
    response = JsonResponse(summarise(transcript), status=201)
    response.headers["Location"] = location_of(transcript)
    return response
