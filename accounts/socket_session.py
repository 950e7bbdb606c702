"""The session cookie on a live socket: whose it is, and whether the page may use it.

A browser sends cookies with a socket that any page opens, and no CSRF token guards it. So the
cookie counts for pages of ours only: their `Origin` is what Django's CSRF check would accept.
"""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.http import is_same_domain

from accounts.models import User
from accounts.services.sessions import load_session_user
from stt_web.core.errors import ApiError
from stt_web.core.strict_json import find_unstorable


class OriginError(ApiError):
    """The log-in of our pages, used by another site's page."""

    status = 403
    code = "wrong_origin"


def load_page_user(cookie: str, *, headers: Mapping[str, str], is_tls: bool) -> User | None:
    """Return whose session the cookie names, or None. Two queries with a cookie, none without.

    `headers` has names in lower case. Raises OriginError for a cookie that another site's page
    sends.
    """
    if not cookie or find_unstorable(cookie):
        return None
    own = f"{'https' if is_tls else 'http'}://{headers.get('host', '')}"
    if not is_trusted_origin(headers.get("origin", ""), own=own):
        raise OriginError(
            "This page may not use your log-in: it is another site's. Use an API key."
        )
    return load_session_user(cookie)


def read_cookies(header: str) -> dict[str, str]:
    """Return the cookies of a `Cookie` header by their names; none of one that can't be read."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def is_trusted_origin(origin: str, *, own: str) -> bool:
    """Whether a page of this origin is ours, or one that STT_CSRF_TRUSTED_ORIGINS lists."""
    if origin == own or origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    patterns = (urlsplit(each) for each in settings.CSRF_TRUSTED_ORIGINS if "*" in each)
    return any(
        parts.scheme == pattern.scheme and is_same_domain(parts.netloc, pattern.netloc.lstrip("*"))
        for pattern in patterns
    )
