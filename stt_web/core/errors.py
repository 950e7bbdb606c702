"""The one shape of an error: `{"error": <a sentence a person can act on>, "code": <stable>}`.

    ApiError                    status, code, a sentence, headers
    ├── services raise it (or a subclass of their own) where the fault is known
    └── views, DRF and the ingest let it pass; here it becomes an answer

The sentence is safe to show; details belong in the log. It is English where it is raised, and in
the reader's language where it is answered (`refusals`).
"""

from stt_web.core.refusals import translate_refusal

HOW_TO_SEND_A_KEY = (
    "Send your API key as `Authorization: Bearer <key>`. You get one on your account's page."
)


class ApiError(Exception):
    """A refusal that the client should understand.

    `extra` is merged into the JSON body beside `error` and `code`; `retry_after_s` becomes the
    header, in whole seconds.
    """

    status = 400
    code = "bad_request"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        retry_after_s: int | None = None,
        headers: dict[str, str] | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status
        self.extra = extra or {}
        self.headers = dict(headers or {})
        if retry_after_s is not None:
            self.headers["Retry-After"] = str(retry_after_s)

    def headers_at(self, path: str) -> dict[str, str]:
        """Return the headers of the answer at this address."""
        return self.headers

    @property
    def sentence(self) -> str:
        """The message in the language now active: what a page shows."""
        return translate_refusal(self.message)

    def as_body(self) -> dict[str, object]:
        return {"error": self.sentence, "code": self.code, **self.extra}


class UnreadableRequestError(ApiError):
    """The head of the request, such as its Host, makes no sense."""


class InvalidValueError(ApiError):
    """A value in the address, the query or the body that can't be used; `fields` names a body's."""

    code = "invalid_value"


class MalformedBodyError(ApiError):
    """The body is not valid JSON."""

    code = "malformed_body"


class UnsupportedBodyError(ApiError):
    """The body has another Content-Type than the one that is taken."""

    status = 415
    code = "unsupported_media_type"


class NotAcceptableError(ApiError):
    """`Accept` names only what the answer can't be."""

    status = 406
    code = "not_acceptable"


class CsrfError(ApiError):
    """A session came without its token against forgery."""

    status = 403
    code = "csrf_failed"


class InternalError(ApiError):
    """A fault of ours; quote the request's id."""

    status = 500
    code = "internal_error"
