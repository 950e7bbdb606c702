"""How `Authorization` may hold a key, by the request's address, and what a 401 asks for there.

Keys come as `Bearer K` everywhere; where another service's clients call, in its form as well.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

_REALM = 'realm="stt"'


class AuthorizationForm(Enum):
    """How `Authorization` may hold a key, beside `Bearer K`."""

    TOKEN = auto()  # `Token K`
    BARE = auto()  # `K`
    BASIC = auto()  # the password; of an address, https://x:K@host


# By the beginning of the path.
KEY_FORMS: Final[Mapping[str, AuthorizationForm]] = {
    "/v1/listen": AuthorizationForm.TOKEN,
    "/v1/auth/": AuthorizationForm.TOKEN,
    "/v1/models": AuthorizationForm.TOKEN,
    "/v2/": AuthorizationForm.BARE,
    "/asr": AuthorizationForm.BASIC,
    "/detect-language": AuthorizationForm.BASIC,
}


def form_at(path: str) -> AuthorizationForm | None:
    """Return the form that is read at `path` beside `Bearer K`."""
    return next((form for begin, form in KEY_FORMS.items() if path.startswith(begin)), None)


def challenge_at(path: str) -> str:
    """Return the `WWW-Authenticate` of a 401 (RFC 9110, 11.6.1).

    Basic comes first where it is read: Chrome takes the first challenge of a header only. The
    other forms have no registered scheme.
    """
    schemes = ("Basic", "Bearer") if form_at(path) is AuthorizationForm.BASIC else ("Bearer",)
    return ", ".join(f"{scheme} {_REALM}" for scheme in schemes)
