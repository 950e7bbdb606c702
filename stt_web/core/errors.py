"""The one shape of an error: `{"error": <a sentence a person can act on>, "code": <stable>}`.

    ApiError                    status, code, a sentence, headers
    ├── services raise it (or a subclass of their own) where the fault is known
    └── views, DRF and the ingest let it pass; here it becomes an answer

The sentence is safe to show; details belong in the log.
"""

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

    def as_body(self) -> dict[str, object]:
        return {"error": self.message, "code": self.code, **self.extra}
