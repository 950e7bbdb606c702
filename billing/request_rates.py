"""Requests a minute: what the plan allows, counted over all web processes.

The headers are those of draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy` names the limits,
`RateLimit` states what is left of the one in time and when it is reset.
"""

from datetime import datetime

from accounts.client_address import digest_address
from accounts.models import User
from accounts.principals import Principal
from accounts.rate_windows import count_in_window
from billing.quotas import Limits
from stt_web.core.errors import ApiError

_WINDOW_S = 60


class RateLimitError(ApiError):
    """Over the plan's requests a minute; with Retry-After and RateLimit headers."""

    status = 429
    code = "rate_limited"


def count_request(principal: Principal, *, limits: Limits, now: datetime) -> dict[str, str]:
    """Count a request of a user, or of the address of one without an account; return headers for
    its answer.

    One statement; none where the plan has no such limit. Raises RateLimitError, with the headers.
    """
    quota = limits.requests_per_minute
    if quota == 0:
        return list_policies(limits)
    window = count_in_window(_subject_of(principal), window_s=_WINDOW_S, now=now)
    left = max(0, quota - window.count)
    headers = {**list_policies(limits), "RateLimit": f'"default";r={left};t={window.resets_in_s}'}
    if window.count > quota:
        raise RateLimitError(
            f"You may send {quota} requests a minute. Wait for {window.resets_in_s} s.",
            retry_after_s=window.resets_in_s,
            headers=headers,
        )
    return headers


def count_text_request(user: User, *, limits: Limits, now: datetime) -> dict[str, str]:
    """Count work on a text, a class of its own beside all requests; return its headers.

    One statement; none where the plan has no such limit. Raises RateLimitError, with the headers.
    """
    quota = limits.text_requests_per_minute
    if quota == 0:
        return {}
    window = count_in_window(f"text:{user.pk}", window_s=_WINDOW_S, now=now)
    left = max(0, quota - window.count)
    policies = [*list_policies(limits).values(), f'"text";q={quota};w={_WINDOW_S}']
    headers = {
        "RateLimit-Policy": ", ".join(policies),
        "RateLimit": f'"text";r={left};t={window.resets_in_s}',
    }
    if window.count > quota:
        raise RateLimitError(
            f"You may send {quota} texts a minute to be worked on. Wait for {window.resets_in_s}"
            " s.",
            retry_after_s=window.resets_in_s,
            headers=headers,
        )
    return headers


def _subject_of(principal: Principal) -> str:
    if principal.user is not None:
        return f"user:{principal.user.pk}"
    return f"guest:{digest_address(principal.address)}"


def refuse_more_at_once(limits: Limits) -> dict[str, str]:
    """Return headers for a refusal by the plan's concurrency: nothing is left of that.

    When a slot will be free is unknown, so `RateLimit` gives no time for it.
    """
    return {**list_policies(limits), "RateLimit": '"live";r=0'}


def list_policies(limits: Limits) -> dict[str, str]:
    policies = []
    if limits.requests_per_minute:
        policies.append(f'"default";q={limits.requests_per_minute};w={_WINDOW_S}')
    if limits.concurrency:
        policies.append(f'"live";q={limits.concurrency};qu="concurrent-requests"')
    return {"RateLimit-Policy": ", ".join(policies)} if policies else {}
