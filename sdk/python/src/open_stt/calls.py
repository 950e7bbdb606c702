"""One call to the API: what is sent, when it is sent again, and what came back. No network here."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from open_stt.errors import ConnectionFailedError, DeadlineError, StatusError, STTError, error_for
from open_stt.policy import may_retry, retry_after_of, wait_before_retry
from open_stt.recordings import Form

_REPEATABLE = ("GET", "HEAD", "PUT", "PATCH", "DELETE")
_PHASES: dict[type[httpx2.TimeoutException], str] = {
    httpx2.ConnectTimeout: "connecting",
    httpx2.PoolTimeout: "waiting for a free connection",
    httpx2.WriteTimeout: "sending",
    httpx2.ReadTimeout: "waiting for the answer",
}


@dataclass(frozen=True)
class Call:
    """`is_idempotent`: a POST that the server answers once for an Idempotency-Key."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    form: Form | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_idempotent: bool = False
    token: str = ""
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def is_repeatable(self) -> bool:
        return self.can_send_again and (self.is_idempotent or self.method in _REPEATABLE)

    @property
    def can_send_again(self) -> bool:
        """Return whether what is sent is still there after a try."""
        recording = None if self.form is None else self.form.recording
        return recording is None or recording.is_repeatable

    def all_headers(self, api_key: str) -> dict[str, str]:
        headers = {"X-Request-Id": self.request_id, "Accept": "application/json", **self.headers}
        if self.token or api_key:
            headers["Authorization"] = f"Bearer {self.token or api_key}"
        if self.form is not None:
            headers.update(self.form.headers)
        return headers


@dataclass(frozen=True)
class Reply:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """Return what the body holds. Raises STTError where it isn't JSON."""
        try:
            return json.loads(self.content) if self.content else None
        except ValueError:
            kind = self.headers.get("content-type", "no kind")
            raise STTError(
                f"The answer is no JSON ({kind}): is this the address of a speech-to-text server?",
                status_code=self.status,
                request_id=self.headers.get("x-request-id", ""),
            ) from None

    def error(self, call: Call) -> StatusError:
        """Return the refusal that this is."""
        body: object = read_object(self.content)
        if not body and self.headers.get("content-type", "").startswith("text/plain"):
            body = self.content.decode(errors="replace")
        if 300 <= self.status < 400:
            body = f"The address redirects to {self.headers.get('location', 'nowhere')}: use that."
        return error_for(
            self.status,
            body,
            request_id=self.headers.get("x-request-id", call.request_id),
            retry_after=retry_after_of(self.headers),
        )


class Attempts:
    """The tries of one call. Each method returns the seconds to wait, or raises what is final."""

    def __init__(self, call: Call, *, retries: int) -> None:
        self._call = call
        self._left = retries
        self._made = 0
        self._is_outcome_unknown = False

    def after_failure(self, error: httpx2.TransportError) -> float:
        """Raises ConnectionFailedError where it can't be, or was often enough, sent again."""
        never_arrived = isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout))
        self._is_outcome_unknown |= not never_arrived
        failed = connection_error(error, self._call)
        if isinstance(error, (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)):
            raise failed from error
        return self._next(failed, is_retried=never_arrived or self._call.is_repeatable)

    def after_refusal(self, reply: Reply) -> float:
        """Raises StatusError where it is final."""
        error = reply.error(self._call)
        is_retried = may_retry(
            reply.status, code=error.code, is_repeatable=self._call.is_repeatable
        )
        return self._next(error, is_retried=is_retried and self._call.can_send_again)

    def is_done_after_all(self, reply: Reply) -> bool:
        """Return whether it was deleted by an earlier try, whose answer was lost."""
        return reply.status == 404 and self._call.method == "DELETE" and self._is_outcome_unknown

    def _next(self, error: STTError, *, is_retried: bool) -> float:
        self._made += 1
        if not is_retried or self._left <= 0:
            raise error
        wait = wait_before_retry(self._made, requested_s=error.retry_after)
        if wait is None:
            raise error
        self._left -= 1
        return wait


def connection_error(error: httpx2.TransportError, call: Call) -> ConnectionFailedError:
    """Return a failed connection as an exception of ours."""
    for kind, phase in _PHASES.items():
        if isinstance(error, kind):
            return DeadlineError(f"Took too long: {phase}.", request_id=call.request_id)
    reason = str(error) or type(error).__name__
    return ConnectionFailedError(
        f"{_server_of(error)} can't be reached: {reason}", request_id=call.request_id
    )


def _server_of(error: httpx2.TransportError) -> str:
    """Return its address without what a key or a password may stand in."""
    try:
        url = error.request.url
    except RuntimeError:  # it has none
        return "The server"
    return f"{url.scheme}://{url.netloc.decode()}" if url.scheme else "The server"


def error_of_event(data: Mapping[str, Any], call: Call) -> STTError:
    """Return a stream's `error` event, which ends it, as an exception."""
    return STTError(
        str(data.get("error") or "The server ended the stream with an error."),
        code=str(data.get("code") or ""),
        request_id=str(data.get("request_id") or call.request_id),
        body=data,
    )


def read_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object that a body holds; empty where it is anything else.

    Of a refusal the Content-Type isn't asked: a stream's may be sent under the stream's own.
    """
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def with_idempotency_key(call: Call, *, has_key: bool) -> Call:
    """Return the call with a key of its own, the same in all its tries. Guests have none."""
    if not has_key:
        return replace(call, is_idempotent=False)
    if not call.is_idempotent or "Idempotency-Key" in call.headers:
        return call
    return replace(call, headers={**call.headers, "Idempotency-Key": uuid.uuid4().hex})


def query_of_next(address: object) -> dict[str, str] | None:
    """Return the query of a list's `next`; None at the end. Its host and path are not followed."""
    return dict(parse_qsl(urlsplit(str(address)).query)) if address else None


def without_none(**values: Any) -> dict[str, Any]:
    """Return what was given."""
    return {name: value for name, value in values.items() if value is not None}


def query(**values: Any) -> dict[str, str]:
    """Return what was given, as a query string or a form has it."""
    return {name: as_text(value) for name, value in values.items() if value is not None}


def as_text(value: Any) -> str:
    """Return an option as a form has it: `true`, `a,b`, `2`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ",".join(map(as_text, value))
    return str(value)
