"""`/s/:token/`: one transcript for the holder of its link. Text and player, nothing else.

The page is no part of the site: no navigation, no session, no cookie but the pass of a password.
Its form carries no CSRF token, because without a referrer browsers send `Origin: null`, which
Django refuses; there is no account here in whose name a request could be forged.
"""

import functools
import json
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from accounts.client_address import request_address
from stt_web.core.error_responses import allow_methods
from stt_web.core.errors import ApiError
from transcripts.exports.document import load_gaps, spoken_language
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import EXPORTS, export, load_for
from transcripts.exports.worker_exports import is_large
from transcripts.models import Origin, Transcript
from transcripts.pages.line_markup import render_blocks
from transcripts.pages.parts import load_part, read_first
from transcripts.pages.remarks import has_code
from transcripts.pages.script_texts import COMMON, render_texts
from transcripts.pages.shortcuts import SHORTCUTS
from transcripts.pages.transcript_texts import PLAYER
from transcripts.served_peaks import answer_peaks
from transcripts.served_recordings import (
    NoRecordingError,
    ServedRecording,
    answer_recording,
    find_recording,
    has_recording,
    is_video,
)
from transcripts.services.sources import list_pauses
from transcripts.sharing.links import (
    OPENED_FOR_S,
    ShareNotFoundError,
    TooManyPasswordsError,
    WrongPasswordError,
    find_share,
    is_open,
    open_share,
)
from transcripts.sharing.models import ShareLink
from transcripts.warnings import NO_SPEECH

WORDS_SEGMENTS = 100  # whose words one answer has; shared.js asks by it
HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive, nosnippet",
}


@csrf_exempt
@sensitive_variables("token")
@allow_methods("GET", "HEAD", "POST")
async def show_shared(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET, POST /s/:token/ — a POST brings the password."""
    return await sync_to_async(_show)(request, token)


@sensitive_variables("token")
@allow_methods("GET", "HEAD")
async def show_shared_audio(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET /s/:token/audio/ — under the same check, with ranges."""
    try:
        recording = await sync_to_async(_find_recording)(request, token)
        response = answer_recording(
            request, recording, is_allowed=functools.partial(_is_still_shared, request, token)
        )
    except (ShareNotFoundError, NoRecordingError):
        response = HttpResponse(status=404)
    except WrongPasswordError:
        response = HttpResponse(status=403)
    except ApiError as error:
        response = HttpResponse(status=error.status, headers=error.headers)
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


@sensitive_variables("token")
@allow_methods("GET", "HEAD")
async def show_shared_peaks(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET /s/:token/peaks/ — the waveform of the recording, under the same check."""
    return await sync_to_async(_answer_peaks)(request, token)


@sensitive_variables("token")
@allow_methods("GET", "HEAD")
async def show_shared_subtitles(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET /s/:token/subtitles/ — WebVTT for a video's picture, under the same check."""
    return await sync_to_async(_answer_subtitles)(request, token)


@sensitive_variables("token")
@allow_methods("GET", "HEAD")
async def show_shared_words(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET /s/:token/words/?line=200 — of a hundred segments the words with their times, for the
    player to light them; under the same check."""
    return await sync_to_async(_answer_words)(request, token)


@sensitive_variables("token")
def _answer_peaks(request: HttpRequest, token: str) -> HttpResponseBase:
    return _answer_opened(request, token, functools.partial(answer_peaks, request))


@sensitive_variables("token")
def _answer_subtitles(request: HttpRequest, token: str) -> HttpResponseBase:
    return _answer_opened(request, token, _render_subtitles)


def _render_subtitles(transcript: Transcript) -> HttpResponse:
    """Raises NoRecordingError where the page shows none. 70 ms an hour of speech."""
    if not _has_subtitles(transcript):
        raise NoRecordingError
    options = ExportOptions()
    content = export(load_for("vtt", transcript, options), "vtt", options)
    return HttpResponse(content, content_type=EXPORTS["vtt"].content_type)


def _has_subtitles(transcript: Transcript) -> bool:
    """What a worker would have to make is for the owner, who is waited for."""
    return is_video(transcript) and not is_large(transcript)


@sensitive_variables("token")
def _answer_words(request: HttpRequest, token: str) -> HttpResponseBase:
    def answer(transcript: Transcript) -> HttpResponseBase:
        first = read_first(request, transcript)
        rows = transcript.segments.order_by("position").values_list("key", "words")
        shown = rows[first : first + WORDS_SEGMENTS]
        results = [{"id": key, "words": list(map(_show_word, words))} for key, words in shown]
        return JsonResponse({"results": results})

    return _answer_opened(request, token, answer)


def _show_word(word: dict[str, Any]) -> dict[str, Any]:
    """As the API shows it, without what only an editor needs."""
    start_s, end_s = word["start_ms"] / 1000, word["end_ms"] / 1000
    return {"word": word["word"], "start": start_s, "end": end_s}


@sensitive_variables("token")
def _answer_opened(
    request: HttpRequest, token: str, answer: Callable[[Transcript], HttpResponseBase]
) -> HttpResponseBase:
    try:
        response = answer(_find_transcript(request, token))
    except (ShareNotFoundError, NoRecordingError):
        response = HttpResponse(status=404)
    except WrongPasswordError:
        response = HttpResponse(status=403)
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


@sensitive_variables("token")
def _show(request: HttpRequest, token: str) -> HttpResponse:
    try:
        link = find_share(token)
    except ShareNotFoundError:
        return _answer(request, "sharing/shared_gone.html", {}, status=404)
    if request.method == "POST" and link.password:
        return _try_password(request, link, token)
    if not is_open(link, shown_pass=request.COOKIES.get(settings.SHARE_COOKIE_NAME, "")):
        return _ask(request)
    return _answer(request, "sharing/shared.html", _describe(request, link.transcript, token))


@sensitive_variables("token")
def _try_password(request: HttpRequest, link: ShareLink, token: str) -> HttpResponse:
    try:
        shown_pass = open_share(
            link, password=request.POST.get("password", ""), address=request_address(request)
        )
    except WrongPasswordError:
        return _ask(request, problem=_("Wrong password."), status=403)
    except TooManyPasswordsError as error:
        problem = _("Too many attempts. Wait a while, then try again.")
        response = _ask(request, problem=problem, status=429)
        response.headers["Retry-After"] = error.headers["Retry-After"]
        return response
    path = reverse("shared", args=[token])
    response = HttpResponse(status=303, headers={**HEADERS, "Location": path})
    response.set_cookie(
        settings.SHARE_COOKIE_NAME,
        shown_pass,
        max_age=OPENED_FOR_S,
        path=path,
        secure=settings.SESSION_COOKIE_SECURE or request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


def _ask(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    return _answer(request, "sharing/shared_password.html", {"problem": problem}, status=status)


@sensitive_variables("token")
def _find_recording(request: HttpRequest, token: str) -> ServedRecording:
    return find_recording(_find_transcript(request, token))


@sensitive_variables("token")
def _find_transcript(request: HttpRequest, token: str) -> Transcript:
    link = find_share(token)
    if not is_open(link, shown_pass=request.COOKIES.get(settings.SHARE_COOKIE_NAME, "")):
        raise WrongPasswordError("This link asks for a password.")
    return link.transcript


@sensitive_variables("token")
def _is_still_shared(request: HttpRequest, token: str) -> bool:
    try:
        return has_recording(_find_transcript(request, token))
    except (ShareNotFoundError, WrongPasswordError):
        return False


def _describe(request: HttpRequest, transcript: Transcript, token: str) -> dict[str, object]:
    part = load_part(transcript, load_gaps(transcript), first=read_first(request, transcript))
    audio = reverse("shared_audio", args=[token]) if has_recording(transcript) else ""
    return {
        "title": transcript.title,
        "language": spoken_language(transcript),
        "is_machine_made": transcript.origin == Origin.MACHINE,
        "is_corrected": transcript.is_corrected,
        "audio": audio,
        "peaks": reverse("shared_peaks", args=[token]) if audio else "",
        "words": reverse("shared_words", args=[token]) if audio else "",
        "is_video": is_video(transcript),
        "subtitles": reverse("shared_subtitles", args=[token])
        if audio and _has_subtitles(transcript)
        else "",
        "blocks": render_blocks(
            part.lines,
            language=spoken_language(transcript),
            is_playable=bool(audio),
            is_editable=False,
        ),
        "shortcuts": SHORTCUTS[:4] if audio else (),
        "texts": render_texts({**COMMON, **PLAYER}),
        "pauses": json.dumps(list_pauses(transcript) if audio else []),
        "part": part,
        "is_silent": has_code(transcript, NO_SPEECH),
    }


def _answer(
    request: HttpRequest, template: str, context: dict[str, object], *, status: int = 200
) -> HttpResponse:
    response = render(request, template, context, status=status)
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response
