"""Plain asynchronous views of the API: who sends the request is known before they run.

    needs           reads: the view gets the Principal
    takes_upload    has a recording behind it, that `stt_web.core.asgi.upload_layer` has stored

Both name the scopes that the view needs, as `scopes` does for a view of DRF's.
"""

from collections.abc import Callable, Coroutine
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve

from accounts.permissions import Scopes
from accounts.principals import OF_GUESTS_TOO, Principal, check_known, resolve_request
from billing.admission import Caller, admit
from billing.api.throttling import set_rate_limit_headers
from stt_web.core.error_responses import AsyncView
from stt_web.core.uploads import Upload

P = ParamSpec("P")
V = TypeVar("V", bound=Callable[..., Any])
Answer = Coroutine[Any, Any, HttpResponseBase]
ReadingView = Callable[Concatenate[HttpRequest, Principal, P], Answer]
UploadView = Callable[[HttpRequest, Upload, Caller], Answer]


def needs(*scopes: str) -> Callable[[ReadingView[P]], AsyncView[P]]:
    """Let users and guests with `scopes` ask a view that only reads; others get the ApiError."""

    def decorate(view: ReadingView[P]) -> AsyncView[P]:
        async def admitted(
            request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            principal = await sync_to_async(_admit)(request, scopes)
            return await view(request, principal, *args, **kwargs)

        return _scoped(admitted, view, dict.fromkeys(("GET", "HEAD"), scopes))

    return decorate


def takes_upload(scope: str) -> Callable[[UploadView], AsyncView[[]]]:
    """Give a view what the upload layer, behind which alone it is served, put into the scope."""

    def decorate(view: UploadView) -> AsyncView[[]]:
        async def taking(request: HttpRequest, /) -> HttpResponseBase:
            stored = cast("ASGIRequest", request).scope
            caller = cast("Caller", stored["stt.caller"])
            set_rate_limit_headers(request, caller.rate_limit_headers)
            return await view(request, cast("Upload", stored["stt.upload"]), caller)

        return _scoped(taking, view, {"POST": scope})

    return decorate


def scope_of_upload(path: str) -> str:
    """Return what the view at `path` needs, as its `takes_upload` names it."""
    return cast("str", cast("Any", resolve(path).func).scopes["POST"])


def _admit(request: HttpRequest, scopes: tuple[str, ...]) -> Principal:
    principal = resolve_request(request, accepted=OF_GUESTS_TOO)
    check_known(principal)
    set_rate_limit_headers(request, admit(principal, *scopes).rate_limit_headers)
    return principal


def _scoped(wrapper: V, view: Callable[..., Any], scopes: Scopes) -> V:
    update_wrapper(wrapper, view)
    wrapper.scopes = scopes  # type: ignore[attr-defined]
    return wrapper
