"""`/live/`: live transcription from the microphone. The page uses WS /v1/stream like any client."""

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
from transcripts.text.languages import LANGUAGE_NAMES

# The texts of the page's script; translated here, handed over as JSON.
TEXTS = {
    "idle": _("Ready when you are"),
    "asking": _("Your browser asks whether this page may use the microphone"),
    "connecting": _("Connecting. You can speak already."),
    "listening": _("Listening"),
    "paused": _("Paused"),
    "reconnecting": _("The connection was lost. Speak on: what you say is kept and sent again."),
    "finishing": _("Writing down the last words"),
    "ended": _("Done"),
    "failed": _("Stopped"),
    "start": _("Start"),
    "stop": _("Stop"),
    "pause": _("Pause"),
    "resume": _("Go on"),
    "again": _("Again"),
    "silent": _("Nothing is to be heard. Is the right microphone chosen, and switched on?"),
    "heard_by": _("Heard by {model}"),
    "cost": _("Minutes charged: {credits}"),
    "second_pass": _(
        "It is being transcribed a second time now; the better text will be on its page."
    ),
    "no_speech": _("No speech was heard."),
    "gaps": _("{seconds} s of what was said could not be recognised; its transcript shows where."),
    "copy": _("Copy"),
    "copied": _("Copied"),
    "open": _("Open the transcript"),
    "no_connection": _("The server can't be reached. Check that it is running and try again."),
    "part": _("Transcript, part {n}"),
    "leave": _("What you said is still being written down."),
}
# Notices, by their code.
NOTICES = {
    "credits_low": _("Your minutes and credits end within a minute."),
    "updates_slowed": _("The server is busy: the words come a little later."),
    "catching_up": _("The server is catching up: the words come later, and none is lost."),
}
# Errors, by their code, and what to do about them. Other codes: the server's message.
PROBLEMS = {
    "permission_denied": _(
        "This page may not use the microphone. Allow it with the symbol beside the address"
        " (or in your browser's settings), then start again."
    ),
    "no_microphone": _("No microphone was found. Plug one in or switch it on, then start again."),
    "microphone_busy": _(
        "The microphone can't be opened. Perhaps another program is using it: close that, then"
        " start again."
    ),
    "insecure_origin": _(
        "Browsers give the microphone only to pages that were opened over https, or on this very"
        " computer (localhost). Open this page at such an address."
    ),
    "server_away": _(
        "The server can't be reached. What arrived there is kept. Check your connection and that"
        " the server is running, then start again."
    ),
    "logged_out": _("You are not logged in any more. Reload the page."),
    "no_credits": _(
        "Your minutes and credits are used up. What was said until then is kept. You can buy"
        " credits on the billing page."
    ),
    "concurrency_limit": _(
        "As many recordings as your plan allows are running already. Wait for one to finish, then"
        " start again."
    ),
    "anonymous_limit": _(
        "Without an account, that was all for today. Sign up, which is free, or come back tomorrow."
    ),
    "time_is_up": _(
        "Without an account, a live session ends here. What was said is kept for an hour. Sign up,"
        " which is free, to speak for longer."
    ),
    "session_too_long": _(
        "A live session can't be longer. What was said is kept; start again to go on."
    ),
    "idle_timeout": _(
        "No sound came for a long time, so the session was closed. What was said is kept."
    ),
    "session_taken_over": _(
        "This session goes on elsewhere, or its transcript was cancelled or deleted."
    ),
    "storage_full": _(
        "The server's storage is full. What was said until then is kept. Tell whoever runs it."
    ),
    "inference_unavailable": _(
        "Speech recognition can't be reached just now. What was said until then is kept and will"
        " be written down when it is back. Try again in a while."
    ),
    "inference_full": _("The server is busy just now. Try again in a minute."),
    "internal_error": _(
        "Something went wrong in the server. What was said until then is kept. Start again."
    ),
    "lost_page": _("Something went wrong on this page. Reload it and start again."),
}


@never_cache
@require_safe
def show_live(request: HttpRequest) -> HttpResponse:
    """GET /live/ — no query for guests; a few for users."""
    languages = sorted((name.capitalize(), code) for code, name in LANGUAGE_NAMES.items())
    user = request.user
    context = {
        "languages": languages,
        "texts": {name: str(text) for name, text in (TEXTS | NOTICES | PROBLEMS).items()},
        "balance": _read_balance(user) if isinstance(user, User) else None,
        "visitor_minutes": settings.LIVE_ANONYMOUS_S // 60,
        "visitor_s": settings.LIVE_ANONYMOUS_S,
    }
    return render(request, "transcripts/live.html", context)


def _read_balance(user: User) -> object:
    return read_balance(account_for(user), now=timezone.now())
