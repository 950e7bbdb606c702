"""`/live/`: live transcription. The page uses WS /v1/stream like any client."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from billing.ledger import read_balance
from billing.quotas import account_for
from transcripts.exports.render import EXPORTS
from transcripts.pages.script_texts import COMMON, EXPORT, render_texts
from transcripts.text.languages import LANGUAGE_NAMES

TEXTS: dict[str, Any] = {
    **COMMON,
    **EXPORT,
    "asking": _("Allow this page to use your microphone"),
    "connecting": _("Connecting… You can start speaking."),
    "listening": _("Listening"),
    "paused": _("Paused"),
    "reconnecting": _(
        "Connection lost. Keep speaking: your audio is saved and will be sent when the connection "
        "is back."
    ),
    "finishing": _("Finishing…"),
    "ended": _("Done"),
    "failed": _("Stopped"),
    "stop": _("Stop"),
    "pause": _("Pause"),
    "resume": _("Continue"),
    "again": _("Start again"),
    "silent": _("No sound detected. Check that the right microphone is selected and switched on."),
    "transcribed_with": _("Transcribed with {model}"),
    "cost": _("Minutes charged: {credits}"),
    "second_pass": _(
        "The recording is being transcribed a second time; the improved text will appear on its "
        "page."
    ),
    "refining": _("Improving the transcript… It will appear here, and on its page."),
    "refined": _("Improved: transcribed a second time, with speakers."),
    "not_refined": _("The second transcription brought nothing better, so this text stays."),
    "no_speech": _("No speech detected."),
    "gaps": _("{seconds} s of speech could not be recognised; the transcript shows where."),
    "copy": _("Copy"),
    "copied": _("Copied"),
    "not_copied": _("This browser doesn't allow copying here. Select the text and copy it."),
    "may_be_incomplete": _("Some words may be missing here. Open the transcript to see all of it."),
    "open": _("Open the transcript"),
    "part": _("Transcript, part {n}"),
    "live_title": _("Live, {day}, {time}"),
}
# The notices of a session under way, by their codes.
NOTICES = {
    "credits_low": _("Your minutes and credits will run out within a minute."),
    "updates_slowed": _("The server is busy: words appear with a short delay."),
    "catching_up": _("The server is catching up: words appear with a delay, and none are lost."),
    "words_not_aligned": _("From here on, the times of words may be less exact."),
}
# What went wrong, by its code, and what to do about it. Other codes: the server's own sentence.
PROBLEMS = {
    "permission_denied": _(
        "This page isn't allowed to use the microphone. Allow it with the icon next to the "
        "address (or in your browser's settings), then start again."
    ),
    "no_microphone": _("No microphone was found. Plug one in or switch it on, then start again."),
    "microphone_busy": _(
        "Can't open the microphone. Another program may be using it: close that program, then "
        "start again."
    ),
    "no_sound_device": _(
        "Your browser couldn't start its audio, which it needs even to listen. Connect a speaker "
        "or headphones, then start again."
    ),
    "insecure_origin": _(
        "Browsers allow the microphone only on pages opened over HTTPS or on this computer "
        "(localhost). Open this page at such an address."
    ),
    "server_away": _(
        "Can't reach the server. What it received is saved. Check your connection and that the "
        "server is running, then start again."
    ),
    "no_credits": _(
        "Your minutes and credits are used up. Everything until then is saved. You can buy "
        "credits on the billing page."
    ),
    "concurrency_limit": _(
        "You have reached your plan's limit of recordings at once. Wait for one to finish, then "
        "start again."
    ),
    "anonymous_limit": _(
        "You've used today's free transcriptions. Sign up to continue (free), or come back "
        "tomorrow."
    ),
    "time_is_up": _(
        "This is the time limit without an account. Your text is kept for an hour. Sign up (free) "
        "for longer sessions."
    ),
    "session_too_long": _(
        "This session has reached its maximum length. Everything is saved; start again to continue."
    ),
    "idle_timeout": _(
        "No sound arrived for a long time, so the session was closed. Everything is saved."
    ),
    "session_taken_over": _(
        "This session continues elsewhere, or its transcript was cancelled or deleted."
    ),
    "storage_full": _(
        "The server's storage is full. Everything until then is saved. Contact your administrator."
    ),
    "inference_unavailable": _(
        "Speech recognition is currently unavailable. Everything until then is saved and will be "
        "transcribed when it is back. Try again later."
    ),
    "inference_full": _("The server is busy. Try again in a minute."),
    "database_unavailable": _(
        "The server can't reach its database at the moment. Everything until then is saved and "
        "will be transcribed. Start again in a few seconds."
    ),
    "internal_error": _(
        "Something went wrong on the server. Everything until then is saved. Start again."
    ),
    "page_failed": _("Something went wrong on this page. Reload it, then start again."),
}


@never_cache
@require_safe
def show_live(request: HttpRequest) -> HttpResponse:
    """GET /live/ — no query for guests; a few for an account."""
    languages = sorted((name.capitalize(), code) for code, name in LANGUAGE_NAMES.items())
    user = request.user
    context = {
        "formats": list(EXPORTS),
        "languages": languages,
        "texts": render_texts(TEXTS | NOTICES | PROBLEMS),
        "balance": _read_balance(user) if isinstance(user, User) else None,
        "guest_minutes": settings.LIVE_ANONYMOUS_S // 60,
        "guest_s": settings.LIVE_ANONYMOUS_S,
    }
    return render(request, "live/live.html", context)


def _read_balance(user: User) -> object:
    return read_balance(account_for(user), now=timezone.now())
