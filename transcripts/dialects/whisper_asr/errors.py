"""Refusals in the shape of that service: a sentence, `detail`."""

from stt_web.core.errors import ApiError


def as_whisper_asr(error: ApiError) -> dict[str, object]:
    """Return the body. Any shape of ours may be beside it: `code`, `id` of a transcript."""
    return {"detail": error.message, "code": error.code, **error.extra}
