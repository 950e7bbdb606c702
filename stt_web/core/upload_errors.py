"""What is refused while an upload's form is read (`stt_web.core.uploads`, `asgi.upload_layer`)."""

from stt_web.core.errors import ApiError


class UploadError(ApiError):
    """The body is not well-formed multipart/form-data, or is cut off."""

    status = 400
    code = "malformed_upload"


class UploadTooLargeError(UploadError):
    """Over the account's file size; answered before the body is read, where its length is known."""

    status = 413
    code = "file_too_large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"This file is too large: your limit is {_readable(limit_bytes)} a file.",
            extra={"limit_bytes": limit_bytes},
        )


class StorageFullError(UploadError):
    """The server has no room for the recording; with Retry-After."""

    status = 503
    code = "storage_full"

    def __init__(self) -> None:
        super().__init__(
            "The server has no room for this recording at the moment. Try again later.",
            retry_after_s=300,
        )


class UploadLostError(UploadError):
    """The request ended, and its file with it, before a thread of it could store the file."""

    code = "upload_gone"

    def __init__(self) -> None:
        super().__init__("The request was broken off before its recording was accepted.")


class StalledError(ApiError):
    """The body took too long, or nothing more of it arrived for a minute."""

    status = 408
    code = "upload_stalled"


class BodyTooLargeError(ApiError):
    """The body is too large."""

    status = 413
    code = "body_too_large"


# For `stt_web.core.documentation.raises`, of what takes an upload.
UPLOAD_ERRORS: tuple[type[ApiError] | ApiError, ...] = (
    UploadError,
    UploadError("No file was sent in the form's file field “file”.", code="missing_file"),
    UploadError("More than one file was sent.", code="too_many_files"),
    UploadError("A field was sent twice.", code="repeated_field"),
    UploadError("There are too many fields, or they are too long.", code="too_many_fields"),
    UploadError("Not multipart/form-data.", status=415, code="unsupported_media_type"),
    UploadTooLargeError,
    StorageFullError,
    UploadLostError,
    StalledError,
)


def _readable(size_bytes: int) -> str:
    """Return a size as people write limits: decimal units."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.3g} {unit}"
    return f"{size_bytes} bytes"
