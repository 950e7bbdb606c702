"""Refusals in Deepgram's shapes: the older one (`err_code`, `err_msg`) and the newer one
(`category`, `message`, `details`) in one body, for clients of every age."""

from stt_web.core.errors import ApiError
from stt_web.core.request_id import request_id_var

REQUEST_ID_HEADER = "dg-request-id"
_CATEGORIES = {
    401: "INVALID_AUTH",
    402: "ASR_PAYMENT_REQUIRED",
    403: "INSUFFICIENT_PERMISSIONS",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "TOO_MANY_REQUESTS",
}
_SERVER_ERROR, _BAD_REQUEST = "INTERNAL_SERVER_ERROR", "Bad Request"


def as_deepgram(error: ApiError) -> dict[str, object]:
    """Return the body. Any shape of ours may be beside it: `code`, `id` of a transcript."""
    other = _SERVER_ERROR if error.status >= 500 else _BAD_REQUEST
    category = _CATEGORIES.get(error.status, other)
    field = error.extra.get("field")
    request_id = request_id_var.get()
    error.headers.setdefault(REQUEST_ID_HEADER, request_id)
    return error.extra | {
        "err_code": category,
        "err_msg": error.message,
        "category": category,
        "message": error.message,
        "details": f"{error.code}: {field}" if field else error.code,
        "code": error.code,
        "request_id": request_id,
    }
