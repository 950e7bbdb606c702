"""`/transcripts/:id/`: one transcript, to be read along with its recording, and corrected.

The page is whole without a script; with one it is an editor, which uses the public API as any
program would: `If-Match` with the revision that is shown, and every change a revision.
"""

import json
from typing import cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.this_machine import can_install
from stt_web.core.errors import ApiError
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.diarization.voices import can_find_voices
from transcripts.exports.document import load_gaps, spoken_language
from transcripts.exports.profiles import PROFILES
from transcripts.exports.redaction import KINDS
from transcripts.exports.render import EXPORTS
from transcripts.exports.translations import list_translations
from transcripts.intelligence.pages.panels import list_choices
from transcripts.jobs.cancel import delete_transcript
from transcripts.jobs.second_pass import has_open_pass, request_second_pass
from transcripts.models import OPEN_STATUSES, Source, Status, Transcript
from transcripts.options import ALIGNERS, DIARIZERS
from transcripts.pages.home import list_languages
from transcripts.pages.line_markup import render_blocks
from transcripts.pages.parts import load_part, read_first
from transcripts.pages.remarks import has_code, list_remarks
from transcripts.pages.script_texts import render_texts
from transcripts.pages.shortcuts import SHORTCUTS
from transcripts.pages.talk import list_talk
from transcripts.pages.transcript_texts import MASKED_NAMES, PROFILE_NAMES, TEXTS
from transcripts.served_recordings import is_video
from transcripts.services.embeddings import has_embeddings
from transcripts.services.sources import list_pauses
from transcripts.text.clock import format_clock
from transcripts.text.languages import LANGUAGE_NAMES
from transcripts.warnings import NO_SPEECH


class SecondPassForm(forms.Form):
    """What is left empty stays as it was."""

    model = forms.CharField(required=False, max_length=100)
    language = forms.ChoiceField(required=False, choices=lambda: [*LANGUAGE_NAMES.items()])
    speakers = forms.IntegerField(required=False, min_value=1, max_value=50)
    diarizer = forms.ChoiceField(required=False, choices=[(name, name) for name in DIARIZERS])
    aligner = forms.ChoiceField(required=False, choices=[(name, name) for name in ALIGNERS])


STATUS_NAMES = {
    Status.QUEUED: gettext_lazy("Queued"),
    Status.PROCESSING: gettext_lazy("Transcribing"),
    Status.COMPLETED: gettext_lazy("Done"),
    Status.COMPLETED_WITH_WARNINGS: gettext_lazy("Completed with warnings"),
    Status.FAILED: gettext_lazy("Failed"),
    Status.CANCELLED: gettext_lazy("Cancelled"),
}
SOURCE_NAMES = {
    Source.UPLOAD: gettext_lazy("Uploaded"),
    Source.API: gettext_lazy("API"),
    Source.LIVE: gettext_lazy("Live"),
}


@never_cache
@login_required
@require_safe
def show_transcript(request: HttpRequest, transcript_id: UUID) -> HttpResponse:
    """GET /transcripts/:id/ — eight queries, nine where it has gaps, however long it is; the words
    come by the API."""
    transcript = _find(request, transcript_id)
    is_open = transcript.status in OPEN_STATUSES
    part = load_part(transcript, load_gaps(transcript), first=read_first(request, transcript))
    can_edit = bool(part.lines) and not is_open
    talk = list_talk(transcript)
    context = {
        "transcript": transcript,
        "title": transcript.title or transcript.recording.file_name or _("Transcript"),
        "tags": [tag.name for tag in transcript.tags.all()],
        "blocks": render_blocks(
            part.lines,
            language=spoken_language(transcript),
            is_playable=bool(transcript.recording.path),
            is_editable=can_edit,
        ),
        "part": part,
        "talk": talk,
        "diarized_by": talk and (transcript.job.diarizer_used or transcript.job.embedder),
        "is_video": is_video(transcript),
        "shortcuts": SHORTCUTS,
        "remarks": list_remarks(transcript),
        "is_incomplete": transcript.status == Status.COMPLETED_WITH_WARNINGS,
        "is_silent": has_code(transcript, NO_SPEECH),
        "status": STATUS_NAMES[Status(transcript.status)],
        "source": SOURCE_NAMES[Source(transcript.source)],
        "is_open": is_open,
        "has_open_pass": has_open_pass(transcript),
        "pauses": json.dumps(list_pauses(transcript)),
        "can_edit": can_edit,
        "can_transcribe_again": bool(transcript.recording.path)
        and not (is_open or transcript.is_corrected),
        "can_recount": has_embeddings(transcript) or can_find_voices(transcript),
        "voices": transcript.job.voices,
        "length": format_clock(transcript.job.audio_duration_ms or transcript.recording.probed_ms),
        "language": spoken_language(transcript),
        "formats": list(EXPORTS),
        "languages": list_languages(),
        "profiles": [(name, PROFILE_NAMES.get(name, name)) for name in PROFILES],
        "can_install": can_install(request),
        "masked": [(kind, MASKED_NAMES.get(kind, kind)) for kind in KINDS],
        "makeable": list_choices(cast("User", request.user)),
        "translations": list_translations(transcript),
        "texts": render_texts(TEXTS),
        "speakers": [
            {"number": each.number, "label": each.label, "name": each.name} for each in talk
        ],
    }
    return render(request, "pages/transcript.html", context)


@login_required
@require_POST
def transcribe_again(request: HttpRequest, transcript_id: UUID) -> HttpResponse:
    """POST /transcripts/:id/again/: a second pass, by another model or in another language."""
    transcript = _find(request, transcript_id)
    form = SecondPassForm(request.POST)
    try:
        if form.is_valid():
            request_second_pass(transcript, **form.cleaned_data)
            messages.success(request, _("The recording is being transcribed a second time."))
        else:
            messages.error(request, _("Check what you entered."))
    except ApiError as refusal:
        messages.error(request, refusal.sentence)
    return redirect("transcript_page", transcript_id)


@login_required
@require_POST
def delete(request: HttpRequest, transcript_id: UUID) -> HttpResponse:
    """POST /transcripts/:id/delete/"""
    delete_transcript(_find(request, transcript_id))
    messages.success(request, _("The transcript and its recording are deleted."))
    return redirect("transcripts")


def _find(request: HttpRequest, transcript_id: UUID) -> Transcript:
    try:
        return get_transcript(cast("User", request.user), transcript_id)
    except TranscriptNotFoundError:
        raise Http404 from None
