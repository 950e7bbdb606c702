"""Leaving: take everything along, then have everything deleted. Both ask for the password again."""

from collections.abc import AsyncIterator, Iterator
from typing import cast

from allauth.account.decorators import reauthentication_required
from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.lasting import while_allowed
from accounts.models import User
from accounts.pages.forms import LeaveForm
from accounts.services.account_deletion import close_account, try_to_remove
from accounts.services.export import export_account
from accounts.services.sessions import load_session_user


@never_cache
@login_required
@reauthentication_required
@require_safe
def download_export(request: HttpRequest) -> HttpResponseBase:
    """GET /account/export/ — a zip, made while it is sent."""
    day = timezone.now().date().isoformat()
    return StreamingHttpResponse(
        while_allowed(
            _in_threads(export_account(cast("User", request.user))),
            lambda: load_session_user(request.session.session_key) is not None,
        ),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="open-stt-{day}.zip"'},
    )


@never_cache
@login_required
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """GET, POST /account/delete/"""
    user = cast("User", request.user)
    form = LeaveForm(request.POST or None, user=user)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/leave.html", {"form": form, "tab": "security"})
    leaving = User.objects.get(pk=user.pk)
    close_account(leaving)
    logout(request)
    if try_to_remove(leaving):
        messages.success(request, _("Your account and everything in it have been deleted."))
    else:
        messages.success(request, _("Your account is closed. What is in it is being deleted."))
    return redirect("home")


async def _in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces, each made in the request's thread: the event loop waits for no disk."""

    def take() -> bytes | None:
        return next(chunks, None)

    while (chunk := await sync_to_async(take)()) is not None:
        if chunk:
            yield chunk
