"""DRF's permission for all of `/api/v1/`: a key needs the scopes of what it does.

What changes something needs `manage`; where the answer, or what is made, shows what `read` shows,
it needs `read` as well (MANAGE_AND_READ).
"""

from collections.abc import Mapping
from typing import Protocol, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.authentication import ScopeError, check_scope
from accounts.models import ApiKey, User

MANAGE_AND_READ = ("manage", "read")


class ScopedView(Protocol):
    scopes: Mapping[str, str | tuple[str, ...]]  # by method; all of them are needed


class HasScope(BasePermission):
    """The scopes that the view's `scopes` names for the method; a session needs none.

    A method without an entry passes: DRF answers it with 405.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        needed = cast("ScopedView", view).scopes.get(request.method or "", ())
        self._check(request, view, (needed,) if isinstance(needed, str) else needed)
        return True

    def _check(self, request: Request, view: APIView, needed: tuple[str, ...]) -> None:
        try:
            check_scope(key_of(request), *needed)
        except ScopeError:
            # DRF counts requests after the permissions; a refused one counts too.
            view.check_throttles(request)
            raise


def key_of(request: Request) -> ApiKey | None:
    """The key that the request came with; None for a session."""
    return request.auth if isinstance(request.auth, ApiKey) else None


def user_of(request: Request) -> User:
    """The user of a request that `IsAuthenticated` let through."""
    return cast("User", request.user)
