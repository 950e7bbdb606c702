"""POST /asr, POST /detect-language."""

import hashlib
import uuid
from functools import partial
from pathlib import Path
from typing import cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from billing.admission import Caller
from billing.api.plain_views import takes_upload
from stt_web.core.asgi.http_protocol import stopping_of
from stt_web.core.documentation import documented, raises
from stt_web.core.error_responses import allow_methods
from stt_web.core.upload_reader import WAV_HEADER
from stt_web.core.uploads import Upload
from transcripts.dialects.whisper_asr.answers import (
    DetectionInterruptedError,
    NoSpeechError,
    answer_finished,
    answer_language,
)
from transcripts.dialects.whisper_asr.request import OUTPUTS, read_request
from transcripts.jobs.api.transcribe import (
    TRANSCRIBE_ERRORS,
    transcribe_and_delete,
    transcribe_and_wait,
)
from transcripts.media import read_excerpt
from transcripts.options import TASKS, TranscriptionOptions
from transcripts.responses import StillProcessingError

DETECTION_MS = 30_000  # of a recording whose language is asked for, as Whisper's window
_READ_WITHIN_S = 60.0
_FORM = {
    "multipart/form-data": inline_serializer("AsrForm", {"audio_file": serializers.FileField()})
}
_ENCODE = OpenApiParameter("encode", bool, description="false: headerless PCM, 16 kHz, mono.")


@documented(
    "post",
    operation_id="whisper_asr",
    parameters=[
        OpenApiParameter("output", str, enum=list(OUTPUTS)),
        OpenApiParameter("task", str, enum=list(TASKS)),
        OpenApiParameter("language", str),
        _ENCODE,
    ],
    request=_FORM,
    responses={(200, "text/plain"): OpenApiTypes.STR},
)
@csrf_exempt  # no cookie counts here
@allow_methods("POST")
@takes_upload("transcribe")
@raises(*TRANSCRIBE_ERRORS)
async def transcribe(request: HttpRequest, upload: Upload, caller: Caller) -> HttpResponseBase:
    """Transcribe a recording and wait for it, as whisper-asr-webservice does."""
    asked = read_request(request.GET.dict())
    return await transcribe_and_wait(
        upload,
        caller,
        asked.options,
        answer=partial(answer_finished, asked=asked),
        stopping=stopping_of(cast("ASGIRequest", request).scope),
        wait_s=settings.ASR_WAIT_S,
    )


@documented(
    "post",
    operation_id="whisper_asr_detect_language",
    parameters=[_ENCODE],
    request=_FORM,
    responses=inline_serializer(
        "DetectedLanguage",
        {
            "detected_language": serializers.CharField(help_text="An English name, lower case."),
            "language_code": serializers.CharField(),
            "confidence": serializers.FloatField(required=False),
        },
    ),
)
@csrf_exempt
@allow_methods("POST")
@takes_upload("transcribe")
@raises(*TRANSCRIBE_ERRORS, NoSpeechError, DetectionInterruptedError)
async def detect_language(request: HttpRequest, upload: Upload, caller: Caller) -> HttpResponseBase:
    """Answer the language of the first half minute: a minute's charge, and nothing is stored."""
    excerpt = await sync_to_async(_cut, thread_sensitive=False)(upload)
    try:
        return await transcribe_and_delete(
            excerpt,
            caller,
            TranscriptionOptions(diarize=False),
            answer=answer_language,
            stopping=stopping_of(cast("ASGIRequest", request).scope),
            wait_s=settings.ASR_WAIT_S,
        )
    except StillProcessingError as error:
        raise DetectionInterruptedError from error
    finally:
        await sync_to_async(excerpt.end, thread_sensitive=False)()


def _cut(upload: Upload) -> Upload:
    """Return the first `DETECTION_MS` as an upload of its own; of PCM no more was stored."""
    pcm = read_excerpt(upload.path, start_ms=0, length_ms=DETECTION_MS, patience_s=_READ_WITHIN_S)
    path = Path(settings.MEDIA_ROOT) / uuid.uuid4().hex / "recording"
    path.parent.mkdir(parents=True)
    content = WAV_HEADER + pcm
    path.write_bytes(content)
    return Upload(
        path=path,
        file_name=upload.file_name,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        fields={},
    )
