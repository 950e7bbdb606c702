"""DRF's permission for all of `/api/v1/`: a key needs the scope of what it does."""

from typing import Protocol, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.authentication import ScopeError, check_scope
from accounts.models import ApiKey, User


class ScopedView(Protocol):
    scopes: dict[str, str]  # by method


class HasScope(BasePermission):
    """The scope that the view's `scopes` names for the method; a session needs none.

    A method without an entry passes: DRF answers it with 405.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        scope = cast("ScopedView", view).scopes.get(request.method or "")
        if scope is not None:
            self._check(request, view, scope)
        return True

    def _check(self, request: Request, view: APIView, scope: str) -> None:
        try:
            check_scope(key_of(request), scope)
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
