"""The operators' site at /admin/: who gets in.

Staff with a second factor, in a session that has used it. Staff without one are sent to set it
up; staff who logged in before they had one, to enter it.
"""

from typing import Any, cast

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.operator_admin import OperatorAdmin
from stt_web.core.errors import ApiError


class OperatorSite(AdminSite):
    site_header = _("Operators")
    site_title = _("Operators")
    index_title = _("Data")
    index_template = "admin/operator_index.html"
    site_url = "/"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take only what is audited: other packages' tables are not edited past their services."""
        if admin_class is not None and issubclass(admin_class, OperatorAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return is_operator(request.user) and has_used_second_factor(request)

    def password_change(  # type: ignore[override]  # narrower there than what views may return
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """There is one place for that, which ends the other sessions and sends a mail."""
        return redirect("account_change_password")

    def login(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Redirect those without access to where they can obtain it."""
        target = request.GET.get("next") or reverse("admin:index")
        if self.has_permission(request):
            return redirect("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(target, reverse("account_login"))
        if not is_operator(request.user):
            raise ApiError("This page is for operators.", status=403, code="forbidden")
        step = "mfa_reauthenticate" if is_mfa_enabled(request.user) else "mfa_activate_totp"
        return HttpResponseRedirect(f"{reverse(step)}?{urlencode({'next': target})}")


def is_operator(user: object) -> bool:
    return isinstance(user, User) and user.is_active and user.is_staff


def has_used_second_factor(request: HttpRequest) -> bool:
    """Whether this session proved a factor that the user still has. One query."""
    user = cast("User", request.user)
    records = get_authentication_records(request, user)
    return any(record["method"] == "mfa" for record in records) and is_mfa_enabled(user)
