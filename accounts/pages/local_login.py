"""The page behind the link that `make run` prints."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET

from accounts.services.local_login import LinkRefusedError, redeem_login_token
from accounts.services.sessions import record_session
from accounts.this_machine import is_made_here


@never_cache
@require_GET  # HEAD would use the link up
@sensitive_variables("token")
def log_in_locally(request: HttpRequest, token: str) -> HttpResponse:
    """GET /account/local/:token/ — 404 from anywhere but this machine."""
    if not is_made_here(request):
        raise Http404
    try:
        user = redeem_login_token(token)
    except LinkRefusedError:
        messages.error(
            request,
            _(
                "This link has been used or is older than 15 minutes. Run `make run` again for a "
                "new one."
            ),
        )
        return redirect("account_login")
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    record_session(request)
    return redirect("transcripts")
