"""The account's pages about the person: profile, keys, security. They translate and call services.

Plan, credits and usage are pages of `billing`.
"""

from typing import cast

from allauth.mfa.totp.views import activate_totp
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language

from accounts.access import KeyNotFoundError, get_api_key, list_api_keys
from accounts.keys.issue import (
    KeyRefusedError,
    issue_requested_key,
    list_created_keys,
    revoke_all_keys,
    revoke_api_key,
    revoke_key_and_created,
)
from accounts.models import User
from accounts.pages.forms import SCOPE_LABELS, KeyForm, ProfileForm
from accounts.profile import update_profile
from accounts.services.security_notices import change_profile
from accounts.services.sessions import (
    describe_browser,
    end_all_sessions,
    end_session,
    has_second_factor,
    list_sessions,
)
from accounts.tickets import LIFETIME_S, issue_ticket


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_profile(request: HttpRequest) -> HttpResponse:
    """GET, POST /account/profile/"""
    form = ProfileForm(request.POST) if request.method == "POST" else ProfileForm.of(_user(request))
    if not form.is_valid():
        return render(request, "accounts/profile.html", {"form": form, "tab": "profile"})
    user = change_profile(_user(request), **form.cleaned_data)
    with override(user.language):
        messages.success(request, _("Saved."))
    response = redirect("account_profile")
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        user.language,
        samesite="Lax",
        secure=settings.LANGUAGE_COOKIE_SECURE,
    )
    return response


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("raw")
def show_keys(request: HttpRequest) -> HttpResponse:
    """GET, POST /account/keys/ — the answer to a POST shows the new key, this once."""
    raw = ""
    form = KeyForm.of(_user(request))
    if request.method == "POST":
        form = KeyForm(request.POST, time_zone=_user(request).time_zone)
        if form.is_valid():
            try:
                _key, raw = issue_requested_key(
                    _user(request), asked_with=None, **form.cleaned_data
                )
                form = KeyForm.of(_user(request))
            except KeyRefusedError as error:
                form.add_error(None, error.sentence)
    keys = [
        {
            "key": key,
            "scopes": [SCOPE_LABELS[scope] for scope in key.scopes],
            "created": len(list_created_keys(key)),
        }
        for key in list_api_keys(_user(request)).select_related("created_by_key")
    ]
    return render(
        request, "accounts/keys.html", {"form": form, "keys": keys, "raw": raw, "tab": "keys"}
    )


@login_required
@require_POST
def revoke_key(request: HttpRequest, key_id: str) -> HttpResponse:
    """POST /account/keys/:id/revoke/ — `with_created`: also the keys that it made."""
    try:
        api_key = get_api_key(_user(request), key_id)
    except KeyNotFoundError:
        raise Http404 from None
    if "with_created" in request.POST:
        revoke_key_and_created(api_key)
        messages.success(request, _("Key revoked, with the keys it created."))
    else:
        revoke_api_key(api_key)
        messages.success(request, _("Key revoked."))
    return redirect("account_keys")


@login_required
@require_POST
def revoke_every_key(request: HttpRequest) -> HttpResponse:
    """POST /account/keys/revoke-all/"""
    revoke_all_keys(_user(request))
    messages.success(request, _("All your API keys have been revoked."))
    return redirect("account_keys")


@never_cache
@login_required
@require_safe
def show_security(request: HttpRequest) -> HttpResponse:
    """GET /account/security/"""
    user = _user(request)
    context = {
        "sessions": [
            (session, describe_browser(session.user_agent)) for session in list_sessions(user)
        ],
        "current_session": request.session.session_key,
        "has_second_factor": has_second_factor(user),
        "keys": list_api_keys(user).count(),
        "tab": "security",
    }
    return render(request, "accounts/security.html", context)


@login_required
def turn_on_second_factor(request: HttpRequest) -> HttpResponseBase:
    """/account/2fa/totp/activate/ — allauth's page, for who has a password: the link of `make run`
    opens no account with a second factor, so without one it would be closed at the next log-in."""
    if _user(request).has_usable_password():
        return activate_totp(request)
    messages.info(request, _("Set a password first: two-step log-in asks for it and for a code."))
    return redirect("account_set_password")


@login_required
@require_POST
def log_session_out(request: HttpRequest, session_id: int) -> HttpResponse:
    """POST /account/security/sessions/:id/end/"""
    if not end_session(_user(request), session_id):
        raise Http404
    messages.success(request, _("Device logged out."))
    return redirect("account_security")


@login_required
@require_POST
def log_out_everywhere(request: HttpRequest) -> HttpResponse:
    """POST /account/security/log-out-everywhere/"""
    end_all_sessions(_user(request))
    logout(request)
    messages.success(request, _("You are logged out everywhere."))
    return redirect("account_login")


@require_POST
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """POST /i18n/setlang/ — Django's own; a user's mails are in that language from now on."""
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in dict(settings.LANGUAGES):
        update_profile(request.user, language=language)
    return set_language(request)


@require_POST
def make_ticket(request: HttpRequest) -> JsonResponse:
    """POST /account/ticket/ — the ticket that a page of ours sends to /v1/ for the user."""
    if not isinstance(request.user, User):
        body = {"error": "You are not logged in.", "code": "missing_key"}
        return JsonResponse(body, status=401)
    answer = JsonResponse({"ticket": issue_ticket(request.user), "expires_in": LIFETIME_S})
    answer["Cache-Control"] = "no-store"
    return answer


def _user(request: HttpRequest) -> User:
    """Whom `login_required` let through."""
    return cast("User", request.user)
