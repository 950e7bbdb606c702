"""Refusals in OpenAI's shape: an object `error` that always has all of its four fields."""

from stt_web.core.errors import ApiError

_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
}
# The codes that its clients' users look for.
_CODES = {
    "invalid_key": "invalid_api_key",
    "missing_key": "invalid_api_key",
    "unknown_model": "model_not_found",
    "rate_limited": "rate_limit_exceeded",
}


# What a refusal is about, where it was made without a field.
_PARAMS = {
    "unknown_model": "model",
    "not_installed": "model",
    **dict.fromkeys(
        ("missing_file", "empty_file", "not_audio", "unsupported_format", "no_audio_track",
         "corrupt_media", "too_long", "too_complex", "file_too_large"),
        "file",
    ),
}  # fmt: skip


def as_openai(error: ApiError) -> dict[str, object]:
    """Return the body. Any shape of ours may be beside it: `request_id`, `id` of a transcript."""
    kind = _TYPES.get(
        error.status, "server_error" if error.status >= 500 else "invalid_request_error"
    )
    beside = {name: value for name, value in error.extra.items() if name != "field"}
    return {
        "error": {
            "message": error.message,
            "type": kind,
            "param": error.extra.get("field", _PARAMS.get(error.code)),
            "code": _CODES.get(error.code, error.code),
            **beside,
        }
    }
