"""How allauth, which does sign-up, log-in and second factors, meets the rest of the system."""

import hashlib
import time
import uuid
from typing import Any, cast
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from allauth.account import app_settings as account_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, override

from accounts.audit import USER_TYPE, record_own_action
from accounts.client_address import request_address
from accounts.mail.account_mails import write_account_mail
from accounts.mail.outbox import queue_mail, site_url
from accounts.models import User
from accounts.services.devices import is_known_device, note_login
from accounts.services.sessions import describe_browser
from accounts.this_machine import LINK_KEY, may_see_links
from stt_web.core.encryption import decrypt, encrypt

_DEVICE_COOKIE_S = 365 * 24 * 3600
_DEVICE_RATE = "5/300s/key"  # as many tries as allauth gives an address


class AccountAdapter(DefaultAccountAdapter):
    """Our mails, our idea of a client's address, and what happens at sign-up and log-in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.IS_SIGNUP_OPEN)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Behind a socket file there is none; all clients are one then, as for other limits."""
        return request_address(request) or "0.0.0.0"  # noqa: S104

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count tries at a password: a browser that logged in to the account before, by itself.

        Otherwise anyone who knows an address could lock its owner out. Such a browser's tries count
        by its cookie alone, not by its network address, which strangers may share.
        """
        email, device = (
            str(credentials.get("email", "")),
            request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""),
        )
        if not is_known_device(email, device):
            super().pre_authenticate(request, **credentials)
            return
        self._login_failed_rl_usage = ratelimit.consume(
            request,
            app="allauth.account",
            action="login_failed",
            config={"login_failed": _DEVICE_RATE},
            key=f"device:{email.lower()}:{hashlib.sha256(device.encode()).hexdigest()}",
        )
        if not self._login_failed_rl_usage:
            raise self.validation_error("too_many_login_attempts")

    def is_reauthentication_required(self, *, app: str, **details: Any) -> bool:
        """A log-in is as good a proof as asking again, and for as long.

        Of allauth's methods only what a person knows or has counts, not a link in a mail.
        """
        required = super().is_reauthentication_required(app=app, **details)
        return required and not _has_just_logged_in(self.request)

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> User:
        """The new account speaks the language of the page, and its time zone is the browser's."""
        time_zone = request.POST.get("time_zone", "")
        user.language = _our_language(get_language())
        user.time_zone = time_zone if time_zone in available_timezones() else user.time_zone
        return cast("User", super().save_user(request, user, form, commit=commit))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """The page that offers to end what the old password may have opened: sessions and keys."""
        return reverse("account_security")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue the mail: a mail server that is down must fail no sign-up."""
        links = {
            name: _at_public_address(value)
            for name, value in context.items()
            if name.endswith("_url")
        }
        self._show_here(context)
        user = context.get("user") or User.objects.filter(email=email.lower()).first()
        language = user.language if user is not None else get_language()
        with override(_our_language(language)):
            queue_mail(
                write_account_mail(template_prefix, {**context, **links}),
                kind=template_prefix.rpartition("/")[2],
                key=f"account:{uuid.uuid4()}",
                recipient=email,
                user=user,
            )

    def _show_here(self, context: dict[str, Any]) -> None:
        """Have the page of a person at this machine show the link that no mail brings."""
        request = self.request
        if request is None or not may_see_links(request):
            return
        names = ("activate_url", "password_reset_url", "signup_url")
        link = next((str(context[name]) for name in names if context.get(name)), "")
        request.session[LINK_KEY] = urlsplit(link).path

    def send_notification_mail(
        self, template_prefix: str, user: Any, *rest: Any, **more: Any
    ) -> None:
        """What deserves a mail to the person (a new password, a second factor, …) is logged."""
        super().send_notification_mail(template_prefix, user, *rest, **more)
        record_own_action(
            user.pk,
            action=template_prefix.rpartition("/")[2],
            object_type=USER_TYPE,
            object_ids=[str(user.pk)],
        )

    def post_login(self, request: HttpRequest, user: Any, **details: Any) -> HttpResponse:
        """After the last step, also the second factor: remember the browser, speak the language."""
        response = super().post_login(request, user, **details)
        record_own_action(
            user.pk,
            action="log_in",
            object_type=USER_TYPE,
            object_ids=[str(user.pk)],
            browser=describe_browser(request.headers.get("User-Agent", "")),
        )
        token = note_login(
            user,
            token=request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""),
            address=self.get_client_ip(request),
            browser=request.headers.get("User-Agent", ""),
        )
        response.set_cookie(
            settings.DEVICE_COOKIE_NAME,
            token,
            max_age=_DEVICE_COOKIE_S,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            user.language,
            samesite="Lax",
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
        return response


class MfaAdapter(DefaultMFAAdapter):
    """Stores the secrets of second factors encrypted: the database alone opens no account."""

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)


def _has_just_logged_in(request: HttpRequest) -> bool:
    """Whether this session's user gave a password or a code within allauth's time for a proof."""
    since = time.time() - account_settings.REAUTHENTICATION_TIMEOUT
    return any(
        record["method"] in ("password", "mfa") and record["at"] > since
        for record in get_authentication_records(request, cast("User", request.user))
    )


def _our_language(language: str | None) -> str:
    known = dict(settings.LANGUAGES)
    return language if language in known else settings.LANGUAGE_CODE


def _at_public_address(url: str) -> str:
    """The same page at STT_PUBLIC_URL, where that is set: the `Host` header is only a claim."""
    parts = urlsplit(url)
    return site_url(parts.path) if settings.PUBLIC_URL else url
