"""`/account/voices/`: voices to listen to, a text to try, and the account's consent.

The page's script uses POST /v1/tts (async) and `/api/v1/voice-jobs/` like any client.
"""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.this_machine import can_install
from billing.ledger import read_balance
from billing.quotas import account_for
from stt_web.core.errors import ApiError
from stt_web.core.refusals import translate_refusal
from transcripts.inference.errors import InferenceError
from transcripts.inference.routing import inference_for
from transcripts.inference.voice import Engine, Voices
from transcripts.models import Status
from transcripts.pages.script_texts import COMMON, Plural, render_texts
from transcripts.voices.choices import fetch_voices, is_usable
from transcripts.voices.consent import agree, find_consent, revoke
from transcripts.voices.models import VoiceJob
from transcripts.voices.order import CHARACTERS_A_SECOND
from transcripts.voices.shown import file_name_of

MAX_CHARACTERS = 20_000  # what POST /v1/tts takes
_RECENT = 10
_EXAMPLE = "Hello! This text was turned into speech on this server."  # the voices speak English
# Of the voices that are known here; another one's own description is shown as it is.
DESCRIPTIONS: dict[str, Any] = {
    "heart": gettext_lazy("A woman's voice, American, lively."),
    "jf_alpha": gettext_lazy("A woman's voice, clear and even."),
    "jf_gongitsune": gettext_lazy("A woman's voice, warm, for stories."),
    "jf_nezumi": gettext_lazy("A woman's voice, light and young."),
    "jf_tebukuro": gettext_lazy("A woman's voice, soft and calm."),
    "jm_kumo": gettext_lazy("A man's voice, low and quiet."),
}
TEXTS: dict[str, Any] = {
    **COMMON,
    "waiting": gettext_lazy("Waiting for its turn…"),
    "speaking": gettext_lazy("Speaking… {done} of {total} sentences"),
    "starting": gettext_lazy("Speaking…"),
    "done": gettext_lazy("Done: {seconds} s of speech."),
    "cancelled": gettext_lazy("Cancelled. Nothing was charged."),
    "no_text": gettext_lazy("Enter what is to be spoken."),
    "no_reference": gettext_lazy("Choose a recording of the voice."),
    "characters": Plural(ngettext_lazy("{count} character", "{count} characters")),
    "cost": Plural(
        ngettext_lazy(
            "Costs about {count} credit or free minute.",
            "Costs about {count} credits or free minutes.",
        )
    ),
    "charged": Plural(ngettext_lazy("{count} minute charged.", "{count} minutes charged.")),
}


@never_cache
@login_required
@require_safe
def show_voices(request: HttpRequest) -> HttpResponse:
    """GET /account/voices/ — asks the inference service for its voices."""
    user = cast("User", request.user)
    voices, problem = _find_voices(user)
    engines = voices.engines if voices else ()
    done = VoiceJob.objects.filter(owner=user, status=Status.COMPLETED).exclude(path="")
    recent = done.select_related("owner")[:_RECENT]
    context = {
        "tab": "voices",
        "voices": [
            {"id": voice.id, "name": voice.name, "description": _describe(voice.id, voice)}
            for engine in engines
            if is_usable(engine)
            for voice in engine.voices
        ],
        "samples": set(DESCRIPTIONS),
        "can_clone": any(engine.can_clone and is_usable(engine) for engine in engines),
        "hints": _hints(engines) if can_install(request) else [],
        "problem": problem,
        "watermark": voices.watermark if voices else "",
        "consent": find_consent(user),
        "balance": read_balance(account_for(user), now=timezone.now()),
        "recent": [{"job": job, "file_name": file_name_of(job)} for job in recent],
        "example": _EXAMPLE,
        "most_characters": MAX_CHARACTERS,
        "characters_a_second": CHARACTERS_A_SECOND,
        "texts": render_texts(TEXTS),
    }
    return render(request, "voices/voices.html", context)


@never_cache
@login_required
@require_POST
def change_consent(request: HttpRequest) -> HttpResponse:
    """POST /account/voices/consent/ — `agree` or `revoke`."""
    user = cast("User", request.user)
    if "agree" in request.POST:
        agree(user)
        messages.success(request, _("You agreed to the voice terms."))
    elif "revoke" in request.POST:
        revoke(user)
        messages.success(request, _("Your agreement is revoked."))
    return redirect("account_voices")


def _find_voices(user: User) -> tuple[Voices | None, str]:
    """The voices, or a sentence on why there are none."""
    try:
        return fetch_voices(inference_for(user).pick().server), ""
    except ApiError as error:
        return None, error.sentence
    except InferenceError as error:
        return None, translate_refusal(error.message)


def _describe(voice_id: str, voice: Any) -> str:
    return str(DESCRIPTIONS.get(voice_id, voice.description))


def _hints(engines: tuple[Engine, ...]) -> list[dict[str, str]]:
    """What the operator may install."""
    return [
        {"name": engine.name, "hint": engine.install_hint, "licence": engine.licence}
        for engine in engines
        if engine.install_hint
    ]
