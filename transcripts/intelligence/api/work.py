"""Views whose answer takes long: DRF checks who asks and what for, and a thread of the texts' own
makes the answer, so that none of the web server's is held meanwhile.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import answer_once
from accounts.models import User
from accounts.permissions import principal_of, user_of
from accounts.principals import Principal
from billing.quotas import limits_for
from billing.request_rates import count_text_request
from stt_web.core.documentation import documented_as
from transcripts.inference.language import CancelToken
from transcripts.intelligence.engines import WITHIN_S, TextEngines
from transcripts.intelligence.text_queue import run_text_work

_LASTS_S = WITHIN_S + 20


@dataclass(frozen=True)
class WorkOrder:
    """`work` makes a result in a thread, without queries; `finish` turns it into the answer's body,
    and may query; or into a NextWork, for what is done in a thread with what was found by then.
    `fingerprint`: for `Idempotency-Key`; empty where the view takes none.
    """

    work: Callable[..., Any]
    finish: Callable[[Any], "dict[str, Any] | NextWork"]
    characters: int
    engines: TextEngines
    principal: Principal
    user: User
    fingerprint: str


@dataclass(frozen=True)
class NextWork:
    """`work` and `finish` as those of a WorkOrder."""

    work: Callable[..., Any]
    finish: Callable[[Any], dict[str, Any]]


class WorkResponse(Response):
    """Stands for an answer that is still to be made: `answer_in_background` makes it."""

    order: ClassVar[Any] = None

    def __init__(self, order: WorkOrder) -> None:
        super().__init__()
        self.order = order  # type: ignore[misc]  # of this response


def order_work(
    request: Request,
    work: Callable[..., Any],
    *,
    finish: Callable[[Any], dict[str, Any] | NextWork],
    characters: int,
    is_interactive: bool = False,
    fingerprint: str = "",
) -> WorkResponse:
    """Have the request worked on."""
    user = user_of(request)
    engines = TextEngines(user, token=CancelToken(within_s=WITHIN_S), is_interactive=is_interactive)
    principal = principal_of(request)
    return WorkResponse(WorkOrder(work, finish, characters, engines, principal, user, fingerprint))


def answer_in_background(view: type[APIView]) -> Callable[..., Any]:
    """Return the URL's view for an APIView that may answer with a WorkResponse."""
    checked = view.as_view()

    @documented_as(view)
    @csrf_exempt  # DRF checks it, for those who come with a cookie
    @functools.wraps(checked)
    async def answer(request: HttpRequest, **path: Any) -> HttpResponseBase:
        response = await sync_to_async(checked)(request, **path)
        order = getattr(response, "order", None)
        if not isinstance(order, WorkOrder):
            return response
        if not order.fingerprint:
            return await answer_order(order)
        return await answer_once(
            request,
            owner=order.user,
            fingerprint=order.fingerprint,
            lasts_s=_LASTS_S,
            answer=lambda: answer_order(order),
        )

    return answer


async def answer_order(order: WorkOrder) -> HttpResponse:
    """Count the work as one on a text, and do it. Raises ApiError."""
    headers = await sync_to_async(count_order)(order)
    return JsonResponse(await complete_order(order), headers=headers)


async def complete_order(order: WorkOrder, *further: Any) -> dict[str, Any]:
    """Do the work, and what follows from it; return the answer's body. Raises ApiError.

    further: what each work is called with, behind the engines.
    """
    result = await run_order(order, lambda: order.work(order.engines, *further))
    body = await sync_to_async(order.finish)(result)
    if isinstance(body, NextWork):
        following = body
        result = await run_order(order, lambda: following.work(order.engines, *further))
        body = await sync_to_async(following.finish)(result)
    return body


def count_order(order: WorkOrder) -> dict[str, str]:
    """Raises RateLimitError."""
    return count_text_request(order.user, limits=limits_for(order.user), now=timezone.now())


async def run_order(order: WorkOrder, work: Callable[[], Any]) -> Any:
    return await run_text_work(
        work,
        token=order.engines.token,
        characters=order.characters,
        principal=order.principal,
    )
