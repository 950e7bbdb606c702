"""Views whose answer takes long: DRF checks who asks and what for, and a thread of the texts' own
makes the answer, so that none of the web server's is held in that time.

A long text, and what is asked for with `async`, is a job that a worker does (`text_jobs`); without
`async` the request waits for it.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import StoreResponse, answer_once
from accounts.lasting import wait_while_good
from accounts.models import User
from accounts.permissions import principal_of, user_of
from accounts.principals import Principal, check_still_good
from accounts.services.idempotency import store_response
from billing.quotas import limits_for
from billing.request_rates import count_text_request
from stt_web.core.documentation import documented_as
from stt_web.core.errors import ApiError
from transcripts.inference.language import CancelToken
from transcripts.intelligence.engines import WITHIN_S, TextEngines
from transcripts.intelligence.models import TextJob
from transcripts.intelligence.text_jobs.order import get_text_job, order_text_job
from transcripts.intelligence.text_jobs.watch import get_text_watcher
from transcripts.intelligence.text_queue import run_text_work
from transcripts.intelligence.text_tasks import TextTask
from transcripts.models import Status, Transcript
from transcripts.option_kinds import prefers_async
from transcripts.services.shown_text_jobs import describe_text_job
from transcripts.services.stored_responses import store_with_transcript

_LASTS_S = WITHIN_S + 20
_RETRY_S = 5


class TextStillWorkedOnError(ApiError):
    """The wait ran out; the job goes on, and the same request waits for it again."""

    status = 503
    code = "still_processing"

    def __init__(self, job: TextJob) -> None:
        super().__init__(
            "This text takes longer than one request may last, and is still being worked on. Send"
            " the same request again to go on waiting, or ask for the job by its id.",
            retry_after_s=_RETRY_S,
            headers={"Location": location_of(job)},
            extra={"id": str(job.pk)},
        )


@dataclass(frozen=True)
class JobOrder:
    """How a worker does it. `is_async`: the answer is 202 with the job's address."""

    task: TextTask
    transcript: Transcript | None
    is_async: bool


@dataclass(frozen=True)
class WorkOrder:
    """`work` makes a result in a thread, without queries; `finish` turns it into the answer's body,
    and may query; or into a NextWork, for what is done in a thread with what was found by then.
    `fingerprint`: for `Idempotency-Key`; empty where the view takes none. `job`: for a worker,
    where it is long or not waited for; None: it never is.
    """

    work: Callable[..., Any]
    finish: Callable[[Any], "dict[str, Any] | NextWork"]
    characters: int
    engines: TextEngines
    principal: Principal
    user: User
    fingerprint: str
    job: JobOrder | None = None


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
    job: JobOrder | None = None,
) -> WorkResponse:
    """Have the request worked on."""
    user = user_of(request)
    engines = TextEngines(user, token=CancelToken(within_s=WITHIN_S), is_interactive=is_interactive)
    principal = principal_of(request)
    return WorkResponse(
        WorkOrder(work, finish, characters, engines, principal, user, fingerprint, job)
    )


def is_sent_async(request: Request, flag: bool | None) -> bool:
    """Whether the client doesn't wait: by `async`, else by `Prefer: respond-async` (RFC 7240)."""
    if flag is not None:
        return flag
    return prefers_async(request.headers.get("Prefer", ""))


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
            store_response=_store_response_of(order),
        )

    return answer


async def answer_order(order: WorkOrder) -> HttpResponse:
    """Count the work as one on a text, and do it. Raises ApiError."""
    headers = await sync_to_async(count_order)(order)
    if order.job is not None and order.job.transcript is not None:
        headers["X-Transcript-Id"] = str(order.job.transcript.pk)
    if order.job is not None and _is_for_worker(order, order.job):
        return await _answer_by_job(order, order.job, headers)
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


def location_of(job: TextJob) -> str:
    return f"/api/v1/text-jobs/{job.pk}/"


def _is_for_worker(order: WorkOrder, job: JobOrder) -> bool:
    return job.is_async or order.characters > settings.TEXT_JOB_CHARACTERS


async def _answer_by_job(
    order: WorkOrder, asked: JobOrder, headers: dict[str, str]
) -> HttpResponse:
    job = await sync_to_async(order_text_job)(
        order.user, asked.task, transcript=asked.transcript, is_async=asked.is_async
    )
    if asked.is_async:
        headers |= {"Location": location_of(job), "Preference-Applied": "respond-async"}
        return JsonResponse(describe_text_job(job), status=202, headers=headers)
    await _wait_for(job, order.principal)
    body = await sync_to_async(_read_answer)(order.user, job)
    return JsonResponse(body, headers=headers)


async def _wait_for(job: TextJob, principal: Principal) -> None:
    """Return once the job has ended or the wait is over. Raises AuthenticationError."""
    # Where the client goes away, the job goes on.
    work = get_text_watcher().wait_until_closed(job.pk, timeout_s=settings.SYNC_WAIT_S)
    await wait_while_good(work, functools.partial(check_still_good, principal))


def _read_answer(user: User, ordered: TextJob) -> dict[str, Any]:
    """Return the body that the job's request gets. Raises ApiError as the work would have."""
    job = get_text_job(user, ordered.pk)
    if job.status == Status.FAILED:
        raise ApiError(job.error_message, code=job.error_code, status=job.error_status or 503)
    if job.status == Status.CANCELLED:
        raise ApiError("This was cancelled.", code="cancelled", status=409)
    if job.status != Status.COMPLETED:
        raise TextStillWorkedOnError(job)
    if job.transcript_id is None:
        return dict(job.answer)
    if job.result is None:
        raise ApiError("This result was deleted.", code="deleted", status=409)
    return {**job.result.body, "result_id": str(job.result_id), "revision": job.revision}


def _store_response_of(order: WorkOrder) -> StoreResponse:
    """An answer that holds a transcript's text is deleted with the transcript."""
    is_of_transcript = order.job is not None and order.job.transcript is not None
    return store_with_transcript if is_of_transcript else store_response


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
