"""Views whose answer takes long: DRF checks who asks and what for, and a thread of the texts' own
makes the answer, so that none of the web server's is held meanwhile.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiKey, User
from accounts.permissions import key_of, user_of
from billing.quotas import limits_for
from billing.request_rates import count_text_request
from stt_web.openapi import documented_as
from transcripts.inference.language import CancelToken
from transcripts.intelligence.background import run_text_work
from transcripts.intelligence.engines import WITHIN_S, TextEngines


@dataclass(frozen=True)
class WorkOrder:
    """`work` makes a result in a thread, without queries; `finish` turns it into the answer's body,
    and may query.
    """

    work: Callable[..., Any]
    finish: Callable[[Any], dict[str, Any]]
    characters: int
    engines: TextEngines
    user: User
    api_key: ApiKey | None
    headers: dict[str, str]
    status: int = 200


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
    finish: Callable[[Any], dict[str, Any]],
    characters: int,
    is_interactive: bool = False,
    status: int = 200,
) -> WorkResponse:
    """Count the request as one on a text, and have it worked on. Raises RateLimitError."""
    user = user_of(request)
    headers = count_text_request(user, limits=limits_for(user), now=timezone.now())
    token = CancelToken(within_s=WITHIN_S)
    engines = TextEngines(user, token=token, is_interactive=is_interactive)
    return WorkResponse(
        WorkOrder(work, finish, characters, engines, user, key_of(request), headers, status)
    )


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
        result = await run_text_work(
            lambda: order.work(order.engines),
            token=order.engines.token,
            characters=order.characters,
            user=order.user,
            api_key=order.api_key,
        )
        body = await sync_to_async(order.finish)(result)
        return JsonResponse(body, status=order.status, headers=order.headers)

    return answer
