"""All errors of Django, DRF and our views, converted into the one shape of an error.

Browsers get the same sentence as a page; the APIs never answer with HTML. Never a
traceback: a fault of ours is logged with the request's id, and the client gets the id. An outage
(`stt_web.core.outages`) is a 503, and a line of the log.
"""

import math
import sys
from collections.abc import Awaitable, Callable, Coroutine
from functools import update_wrapper
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    JsonResponse,
)
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.decorators import async_only_middleware
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from stt_web.core.api_paths import API_PATHS
from stt_web.core.errors import (
    HOW_TO_SEND_A_KEY,
    ApiError,
    CsrfError,
    InternalError,
    InvalidValueError,
    MalformedBodyError,
    NotAcceptableError,
    UnreadableRequestError,
    UnsupportedBodyError,
)
from stt_web.core.metrics import count_error
from stt_web.core.outages import outage_behind
from stt_web.core.refusals import translate_refusal
from stt_web.core.request_id import request_id_var

P = ParamSpec("P")
AsyncView = Callable[Concatenate[HttpRequest, P], Coroutine[Any, Any, HttpResponseBase]]

_CODES = {
    400: "bad_request",
    401: "missing_key",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    429: "rate_limited",
}


# What a person can do about it, under the sentence of a page.
_ADVICE = {
    403: gettext_lazy("You may be logged in with another account."),
    404: gettext_lazy("Check the address. What was here may have been deleted."),
    413: gettext_lazy(
        "Go back and choose a smaller file. Pricing and limits has what each plan allows."
    ),
    429: gettext_lazy("Wait a minute, then reload the page."),
    500: gettext_lazy("It has been logged. Try again in a minute."),
    503: gettext_lazy("Try again in a minute."),
}


class NotFoundError(ApiError):
    """There is nothing at this address."""

    status = 404
    code = "not_found"


class MethodNotAllowedError(ApiError):
    """Another method is needed; `Allow` names those that there are."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, method: str, *, allowed: tuple[str, ...]) -> None:
        names = ", ".join(allowed)
        super().__init__(
            f"{method[:20]} is not allowed here. Use {names}.", headers={"Allow": names}
        )


def answer_error(error: ApiError, *, path: str = "") -> JsonResponse:
    """Return the error in the shape of its address: ours, or a dialect's (`ERROR_SHAPES`)."""
    body = _body_for(path, error)  # a dialect's may add a header
    return JsonResponse(body, status=error.status, headers=error.headers_at(path))


def _body_for(path: str, error: ApiError) -> dict[str, object]:
    count_error("request", error.code, status=error.status)
    for prefix, name in settings.ERROR_SHAPES.items():
        if path.startswith(prefix):
            shaped: dict[str, object] = import_string(name)(error)
            return shaped
    return error.as_body()


@async_only_middleware
def ApiErrorMiddleware(  # noqa: N802  # named in MIDDLEWARE like a class
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    """Lets plain views raise ApiError (`process_exception` is where Django asks), and gives a body
    to what Django's own decorators and views refuse without one.
    """

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return _answer_not_allowed(request, response)
        return response

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        refusal = error if isinstance(error, ApiError) else outage_behind(error)
        return answer_request(request, refusal) if refusal is not None else None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]  # Django's way
    return middleware


def allow_methods(*allowed: str) -> Callable[[AsyncView[P]], AsyncView[P]]:
    """For plain async views: other methods are 405, with `Allow`; OPTIONS is answered with it.

    Views that only read are exempt from the CSRF check, which would answer in place of the 405.
    """

    def decorate(view: AsyncView[P]) -> AsyncView[P]:
        async def checked(
            request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if request.method == "OPTIONS":
                return HttpResponse(status=204, headers={"Allow": ", ".join(allowed)})
            if request.method not in allowed:
                raise MethodNotAllowedError(request.method or "", allowed=allowed)
            return await view(request, *args, **kwargs)

        update_wrapper(checked, view)
        if set(allowed) <= {"GET", "HEAD"}:
            return csrf_exempt(checked)
        return checked

    return decorate


def handle_api_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None (a fault of ours) goes on to `answer_500`."""
    if isinstance(error, Http404):
        error = NotFoundError("There is nothing here.")
    elif isinstance(error, PermissionDenied):
        error = ApiError("You may not do this.", status=403, code="forbidden")
    elif isinstance(error, exceptions.APIException):
        error = _translate(error, context.get("view"))
    refusal = error if isinstance(error, ApiError) else outage_behind(error)
    if refusal is None:
        return None
    set_rollback()
    count_error("request", refusal.code, status=refusal.status)
    request = context.get("request")
    body = _body_for(request.path if request is not None else "", refusal)
    # Else DRF labels it as what was asked for: `Accept: text/event-stream` is no stream of errors.
    kind = JSONRenderer.media_type
    return Response(body, status=refusal.status, headers=refusal.headers, content_type=kind)


def answer_400(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = gettext_noop("The server can't make sense of this request.")
    return answer_request(request, UnreadableRequestError(message))


def answer_403(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = gettext_noop("You may not do this.")
    return answer_request(request, ApiError(message, status=403, code="forbidden"))


def answer_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = _("This form has expired. Reload the page and try again.")
    return answer_request(request, CsrfError(message))


def answer_404(request: HttpRequest, exception: Exception) -> HttpResponse:
    page, api = gettext_noop("Page not found"), "There is nothing at this address."
    return answer_request(request, NotFoundError(page if _wants_page(request) else api))


def answer_request(request: HttpRequest, error: ApiError) -> HttpResponse:
    """A page for browsers; the one shape of an error for all others.

    The page needs no query: Django answers errors outside of the request's thread.
    """
    language = getattr(request, "LANGUAGE_CODE", "") or translation.get_language_from_request(
        request
    )
    with translation.override(language):
        if not _wants_page(request):
            return answer_error(error, path=request.path)
        count_error("request", error.code, status=error.status)
        context = {
            "sentence": error.sentence,
            "advice": _ADVICE.get(error.status, ""),
            "request_id": error.extra.get("request_id", ""),
        }
        page = render_to_string("error.html", context)
    return HttpResponse(page, status=error.status, headers=error.headers)


def _wants_page(request: HttpRequest) -> bool:
    is_api = request.path.startswith(API_PATHS)
    return not is_api and "text/html" in request.headers.get("Accept", "")


def _answer_not_allowed(request: HttpRequest, refusal: HttpResponse) -> HttpResponse:
    allowed = tuple(name.strip() for name in refusal.headers["Allow"].split(","))
    error: ApiError = MethodNotAllowedError(request.method or "", allowed=allowed)
    if _wants_page(request):  # by the history, a bookmark or a reload: of methods they know nothing
        message = gettext_noop("This address belongs to a button on another page.")
        error = ApiError(message, status=405, code=error.code, headers=error.headers)
    return answer_request(request, error)


def answer_500(request: HttpRequest) -> HttpResponse:
    """What no view raised: middleware, and Django itself."""
    outage = outage_behind(sys.exc_info()[1])
    error = outage or internal_error()
    if outage is None and _wants_page(request):
        error.message = gettext_noop("Something went wrong.")
    return answer_request(request, error)


def internal_error() -> ApiError:
    """The answer to a fault of ours. The log has the details under the same id."""
    request_id = request_id_var.get()
    return InternalError(
        f"Something went wrong on our side. Quote this id if you report it: {request_id}",
        extra={"request_id": request_id},
    )


def _translate(error: exceptions.APIException, view: object) -> ApiError:
    """DRF's own sentences state the error, but not what to do."""
    if isinstance(error, exceptions.ValidationError):
        return InvalidValueError(_first_sentence(error.detail), extra={"fields": error.detail})
    wait_s = getattr(error, "wait", None)
    challenge = getattr(error, "auth_header", None)
    return _kind_of(error)(
        _sentence_for(error, view),
        code=_code_for(error),
        status=error.status_code,
        headers={"WWW-Authenticate": challenge} if challenge else {},
        retry_after_s=None if wait_s is None else math.ceil(wait_s),
    )


def _kind_of(error: exceptions.APIException) -> type[ApiError]:
    match error:
        case exceptions.PermissionDenied() if "CSRF" in str(error.detail):
            return CsrfError
        case exceptions.ParseError():
            return MalformedBodyError
        case exceptions.UnsupportedMediaType():
            return UnsupportedBodyError
        case exceptions.NotAcceptable():
            return NotAcceptableError
        case _:
            return ApiError


def _code_for(error: exceptions.APIException) -> str:
    kind = _kind_of(error)
    if kind is not ApiError:
        return kind.code
    if isinstance(error, exceptions.AuthenticationFailed):
        return "invalid_key"
    return _CODES.get(error.status_code, HTTPStatus(error.status_code).name.lower())


def _sentence_for(error: exceptions.APIException, view: object) -> str:
    detail = _first_sentence(error.detail)
    match error:
        case exceptions.NotAuthenticated():
            return HOW_TO_SEND_A_KEY
        case exceptions.PermissionDenied() if "CSRF" in detail:
            return (
                "A session needs its CSRF token in the header X-CSRFToken. Reload the page, or use"
                " an API key."
            )
        case exceptions.ParseError():
            reason = detail.removeprefix("JSON parse error - ")
            return (
                f"The body is not valid JSON: {reason.rstrip('.')}. Correct it and send it again."
            )
        case exceptions.MethodNotAllowed():
            allowed = ", ".join(getattr(view, "allowed_methods", ()))
            return f"This method is not allowed here. Use {allowed}."
        case exceptions.UnsupportedMediaType():
            return (
                f"Send the body as {_media_types(view, 'parser_classes')}, with that Content-Type."
            )
        case exceptions.NotAcceptable():
            types = _media_types(view, "renderer_classes")
            return f"The answer can only be {types}: send `Accept: {types}`, or none."
        case exceptions.Throttled():
            return "Too many requests. Wait as long as Retry-After says."
        case _:
            return detail


def _media_types(view: object, attribute: str) -> str:
    return " or ".join(each.media_type for each in getattr(view, attribute, ()))


def _first_sentence(detail: object, *, field: str = "") -> str:
    """Return the first complaint of DRF's nested details, with the field that it is about."""
    if isinstance(detail, dict):
        name, inner = next(iter(detail.items()))
        if isinstance(name, int):  # the place of an item in the list that `field` is
            return _first_sentence(inner, field=field)
        return _first_sentence(inner, field="" if name == "non_field_errors" else str(name))
    if isinstance(detail, list):
        return _first_sentence(detail[0] if detail else "This is not valid.", field=field)
    sentence = translate_refusal(str(detail))
    return f"{field}: {sentence}" if field else sentence
