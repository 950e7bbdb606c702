"""What can go wrong, as exceptions.

STTError
├── ConnectionFailedError      no answer: unreachable, or cut off in the middle
│   └── DeadlineError          a phase, or all of it, took longer than its deadline
├── StatusError                the server's refusal: status_code, code, request_id, body
│   ├── BadRequestError        400, 405, 406, 415: what was sent can't be used
│   ├── AuthError              401, 403: the key
│   ├── CreditError            402: no minutes or credits left
│   ├── NotFoundError          404, 410: no such thing, or another account's
│   ├── ConflictError          409, 422, 423: in the way of something; an idempotency key used twice
│   │   └── RevisionChangedError   412: someone else changed what you change
│   ├── TooLargeError          413: larger than the plan allows
│   ├── RateLimitError         429: retry_after
│   └── ServerError            500 and above; 503 with retry_after where waiting helps
│       └── NotInstalledError  503 `not_installed`: a model or engine that the server lacks
├── TranscriptionError         what was accepted failed, or was stopped
├── LiveError                  the live session ended with an error: code, close_code
└── SignatureError             a webhook message that is not the server's, or too old
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class STTError(Exception):
    """Any failure. `code` is stable; the message is a sentence for a person."""

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        code: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
        self.body: Mapping[str, Any] = body or {}

    def __str__(self) -> str:
        notes = [self.code, f"request {self.request_id}" if self.request_id else ""]
        noted = ", ".join(filter(None, notes))
        return f"{self.message} ({noted})" if noted else self.message


class ConnectionFailedError(STTError):
    """No answer: the server can't be reached, or the connection broke."""


class DeadlineError(ConnectionFailedError):
    """A phase, or all of it, took longer than its deadline."""


class StatusError(STTError):
    """The server refused."""


class BadRequestError(StatusError):
    """What was sent can't be used: the file, an option, the kind of body."""


class AuthError(StatusError):
    """The key is missing, wrong, expired or revoked, or may not do this."""


class CreditError(StatusError):
    """No minutes or credits are left."""


class NotFoundError(StatusError):
    """There is no such thing, or it belongs to another account."""


class ConflictError(StatusError):
    """It is in the way of something that runs, or was sent before with other content."""


class RevisionChangedError(ConflictError):
    """What you change was changed since you read it."""


class TooLargeError(StatusError):
    """The file is larger than the plan allows."""


class RateLimitError(StatusError):
    """Too many requests, or too many at once; `retry_after` in seconds."""


class ServerError(StatusError):
    """A fault of the server's, or it is busy; `retry_after` where waiting helps."""


class NotInstalledError(ServerError):
    """The server lacks the model or the engine; the message says how to install it."""


class TranscriptionError(STTError):
    """The transcription failed or was stopped. Nothing was charged for a failure."""

    def __init__(self, message: str, *, code: str, transcript_id: str) -> None:
        super().__init__(message, code=code)
        self.transcript_id = transcript_id


class LiveError(STTError):
    """The live session ended with an error. `transcript` is the text so far."""

    def __init__(
        self, message: str, *, code: str, close_code: int | None = None, transcript: str = ""
    ) -> None:
        super().__init__(message, code=code)
        self.close_code = close_code
        self.transcript = transcript


class SignatureError(STTError):
    """The message isn't signed with this secret, or is older than the tolerance."""


_BY_STATUS: dict[int, type[StatusError]] = {
    401: AuthError,
    402: CreditError,
    403: AuthError,
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    412: RevisionChangedError,
    413: TooLargeError,
    422: ConflictError,
    423: ConflictError,
    429: RateLimitError,
}


def error_for(
    status: int, body: object, *, request_id: str = "", retry_after: float | None = None
) -> StatusError:
    """Return the exception for a refusal. `body` is what its JSON holds, or its text."""
    fields: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    text = body if isinstance(body, str) else ""
    code = str(fields.get("code") or "")
    message = str(fields.get("error") or text.strip()[:500] or f"The server answered {status}.")
    default = ServerError if status >= 500 else BadRequestError
    kind = NotInstalledError if code == "not_installed" else _BY_STATUS.get(status, default)
    return kind(
        message,
        status_code=status,
        code=code,
        request_id=request_id,
        retry_after=retry_after,
        body=fields,
    )
