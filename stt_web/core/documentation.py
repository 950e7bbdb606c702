"""What an endpoint of the API takes and answers, declared on it: `/openapi.json` is made of it.

    raises        the errors that a handler of DRF's, or a plain view, answers with
    documented    all the rest, of a plain view, which drf-spectacular doesn't know

Errors that follow from the kind of the endpoint (no key, no such method, a body that is no JSON)
are added by `stt_web.openapi`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.views import APIView

from stt_web.core.errors import ApiError

V = TypeVar("V", bound=Callable[..., Any])
# A class by its status, its code and the first paragraph of its docstring. An instance, by its
# sentence, where one class has several codes.
DeclaredError = type[ApiError] | ApiError


def raises(*errors: DeclaredError) -> Callable[[V], V]:
    def decorate(view: V) -> V:
        view.errors = errors  # type: ignore[attr-defined]
        return view

    return decorate


def documented(
    method: str = "get",
    *,
    authentication: tuple[type[BaseAuthentication], ...] = (),
    **schema: Any,
) -> Callable[[V], V]:
    """Describe a plain view, outermost: its docstring, its errors and scopes, and `extend_schema`'s
    arguments. `authentication`: as a view of DRF's would have it.
    """

    def decorate(view: V) -> V:
        def handle(self: APIView) -> None:
            """Never called."""

        handle.__doc__ = view.__doc__
        declared = {
            "is_plain": True,
            "authentication_classes": authentication,
            "scopes": getattr(view, "scopes", {}),
            method: raises(*errors_of(view))(extend_schema(**schema)(handle)),
        }
        return documented_as(type(view.__name__, (APIView,), declared))(view)

    return decorate


def documented_as(described: type[APIView]) -> Callable[[V], V]:
    """Describe a plain view by the view of DRF's that it leads to."""

    def decorate(view: V) -> V:
        view.cls = described  # type: ignore[attr-defined]  # what DRF's own views carry
        view.initkwargs = {}  # type: ignore[attr-defined]
        return view

    return decorate


def errors_of(view: Callable[..., Any]) -> tuple[DeclaredError, ...]:
    """Return what `raises` declares."""
    declared: tuple[DeclaredError, ...] = getattr(view, "errors", ())
    return declared


def describe_error(error: DeclaredError) -> str:
    """Return a sentence for the document."""
    text = error.message if isinstance(error, ApiError) else error.__doc__ or ""
    return " ".join(text.strip().partition("\n\n")[0].split())
