"""The peaks of a recording as they are answered, to its owner and to the holder of a link."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from transcripts.models import Transcript
from transcripts.served_recordings import find_recording
from transcripts.services.peaks import order_peaks, read_peaks

_RETRY_AFTER_S = 1


def answer_peaks(request: HttpRequest, transcript: Transcript) -> HttpResponseBase:
    """Return 200, 202 or 304. Raises NoRecordingError."""
    etag = find_recording(transcript).etag
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if etag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=headers)
    body = read_peaks(transcript)
    if body is None:
        order_peaks(transcript)
        waiting = {"Retry-After": str(_RETRY_AFTER_S), "Cache-Control": "no-store"}
        return JsonResponse({"status": "preparing"}, status=202, headers=waiting)
    return HttpResponse(body, content_type="application/json", headers=headers)
