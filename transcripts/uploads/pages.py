"""Pages of uploads: recording in the browser, and the form that is sent without a script."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from billing.admission import Caller
from stt_web.core.error_responses import allow_methods
from stt_web.core.uploads import Upload
from transcripts.jobs.submit import Submission, submit_recording
from transcripts.models import Source
from transcripts.options import TranscriptionOptions
from transcripts.pages.script_texts import COMMON, FILES, render_texts

TEXTS: dict[str, Any] = {
    "recording_named": _("Recording, {day}, {time}"),
    "recording": _("Recording"),
    "paused": _("Paused"),
    "pause": _("Pause"),
    "resume": _("Resume"),
    "finishing": _("Finishing…"),
    "saved_to": _("{size} saved on the server"),
    "line_lost": _("Connection lost. The recording goes on, and is sent when it is back."),
    "no_microphone": _(
        "The microphone can't be used. Allow it for this page in your browser, then try again."
    ),
    "no_sound": _("What you chose has no sound. Choose a tab, and select “Share tab audio”."),
    "no_recorder": _("This browser can't record. Use a current Firefox, Chrome, Edge or Safari."),
    "needs_tls": _("Browsers record on secure pages only: open this server by https or localhost."),
    "nothing": _("Nothing was recorded."),
}

QUEUE_TEXTS: dict[str, Any] = {
    **COMMON,
    **FILES,
    "waiting": _("Waiting"),
    "uploading": _("Uploading"),
    "sent": _("Queued"),
    "working": _("Transcribing"),
    "working_of": _("Transcribing: {done} of {total}"),
    "sending": _("Uploading: {sent} of {size}"),
    "done": _("Done"),
    "done_warned": _("Completed with warnings"),
    "failed": _("Failed"),
    "active": _("{count} in progress"),
    "done_count": _("{count} done"),
    "failed_count": _("{count} failed"),
    "cancel": _("Cancel"),
    "dismiss": _("Dismiss"),
    "retry": _("Try again"),
    "choose_file": _("Choose file"),
    "choose_again": _("The file is not here any more. Choose it again."),
    "get_minutes": _("Get more minutes"),
    "ready": _("Transcript ready"),
    "not_ready": _("Transcription failed"),
    "too_many": _("{count} more files were not added: 500 at a time."),
    "refused_no_minutes": _("You have no minutes left this month."),
}


def render_queue_texts() -> dict[str, Any]:
    return render_texts(QUEUE_TEXTS)


@never_cache
@login_required
@require_safe
def show_record(request: HttpRequest) -> HttpResponse:
    """GET /record/ — no query of its own."""
    return render(request, "uploads/record.html", {"texts": render_texts(TEXTS)})


# The upload layer has checked the page's origin (`billing.admission.identify_page_caller`).
@csrf_exempt
@allow_methods("POST")
async def upload_without_script(request: HttpRequest) -> HttpResponse:
    """POST /upload/ — the upload form of the front page as a browser sends it without a script:
    the answer leads to the transcript's page."""
    scope = cast("ASGIRequest", request).scope
    caller, upload = cast("Caller", scope["stt.caller"]), cast("Upload", scope["stt.upload"])
    fields = dict(upload.fields)
    if fields.get("speakers") == "off":
        fields |= {"speakers": "", "diarize": "false"}
    submitted = await submit_recording(
        Submission(
            user=caller.principal.user,
            address=caller.principal.address,
            limits=caller.limits,
            upload=upload,
            options=TranscriptionOptions.parse(fields),
            is_async=True,
            source=Source.UPLOAD,
        )
    )
    page = reverse("transcript_page", args=[submitted.transcript.pk])
    return HttpResponseRedirect(page, status=303)
