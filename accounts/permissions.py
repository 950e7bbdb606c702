"""DRF's side of `accounts.principals`: who sent a request, and the scopes that its view names.

Every view of the API names them by method, in `scopes`: all of those named are needed. What changes
something needs `manage`; where the answer, or what is made, shows what `read` shows, it needs
`read` as well (MANAGE_AND_READ). What is open to everyone is PUBLIC.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.authentication import ScopeError
from accounts.client_address import request_address
from accounts.key_forms import challenge_at
from accounts.models import ApiKey, User
from accounts.principals import (
    OF_GUESTS_TOO,
    OF_PARTS,
    OF_THE_API,
    OF_UPLOADS,
    Principal,
    check_scopes,
    find_session_user,
    resolve_request,
)

if TYPE_CHECKING:  # DRF's views read the settings, which name this module
    from rest_framework.views import APIView

Scopes = Mapping[str, str | tuple[str, ...] | None]
MANAGE_AND_READ = ("manage", "read")
PUBLIC = None

V = TypeVar("V", bound=Callable[..., Any])


class ScopedView(Protocol):
    scopes: Scopes


class PrincipalAuthentication(SessionAuthentication):
    """`request.auth` is the Principal, `request.user` its user.

    A session needs the token against forgery, too. Without a credential DRF knows no one.
    """

    accepted = OF_THE_API

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, Principal] | None:
        principal = resolve_request(
            request._request,
            accepted=self.accepted,
            load_session=lambda _: self._check_session(request),
        )
        return (principal.user or AnonymousUser(), principal) if principal.is_known else None

    def authenticate_header(self, request: Request) -> str:
        return challenge_at(request.path)

    def _check_session(self, request: Request) -> User | None:
        user = find_session_user(request._request)
        if user is not None:
            self.enforce_csrf(request)
        return user


class KeyAuthentication(PrincipalAuthentication):
    """Keys only: no cookie counts on /v1/."""

    accepted = frozenset()


class PageAuthentication(PrincipalAuthentication):
    """Keys, and the tickets of our pages: for what they ask of /v1/."""

    accepted = OF_UPLOADS


class GuestAuthentication(PrincipalAuthentication):
    """For what a guest's token opens, too."""

    accepted = OF_GUESTS_TOO


class UploadAuthentication(PageAuthentication):
    """And the token that a guest's upload was begun with."""

    accepted = OF_PARTS


class HasScope(BasePermission):
    """A known principal, with the scopes that the view names for the method; for those in its
    `guest_methods` no one known, too."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        method = "GET" if request.method == "HEAD" else request.method or ""
        needed = _find_needed(cast("ScopedView", view).scopes, method)
        if needed is PUBLIC:
            return True
        principal = principal_of(request)
        if not principal.is_known:
            return method in getattr(view, "guest_methods", ())
        try:
            check_scopes(principal, *((needed,) if isinstance(needed, str) else needed))
        except ScopeError:
            # DRF counts requests after the permissions; a refused one counts too.
            view.check_throttles(request)
            raise
        return True


def _find_needed(scopes: Scopes, method: str) -> str | tuple[str, ...] | None:
    """Return what a method needs; of one that the view doesn't have, which DRF answers with 405,
    nothing but a principal, and not that where all of the view is public.
    """
    is_public = all(each is PUBLIC for each in scopes.values())
    return scopes.get(method, PUBLIC if is_public else ())


def open_to_everyone(view: V) -> V:
    """Let a plain view that reads name its scope: PUBLIC."""
    view.scopes = dict.fromkeys(("GET", "HEAD"), PUBLIC)  # type: ignore[attr-defined]
    return view


def principal_of(request: Request) -> Principal:
    if isinstance(request.auth, Principal):
        return request.auth
    return Principal(address=request_address(request._request))


def key_of(request: Request) -> ApiKey | None:
    """The key that the request came with; None for a session."""
    return principal_of(request).api_key


def user_of(request: Request) -> User:
    """The user of a request that `HasScope` let through, to a view that takes no guests."""
    return cast("User", request.user)
