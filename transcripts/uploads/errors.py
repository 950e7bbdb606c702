"""What is refused of a resumable upload.

UploadNotFoundError     404   another account's, ended, or never there
UploadExpiredError      410
└── UploadBytesLostError
OffsetError             409   the part begins elsewhere; HEAD has where
UploadLockedError       423   another request is sending it
UploadTakenOverError    423   another request goes on with it
ChecksumError           460   (tus)
TusError                400, 412, 415
TooManyUploadsError     429
"""

from stt_web.core.errors import ApiError


class UploadNotFoundError(ApiError):
    """There is no such upload, or it is another account's."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such upload.")


class UploadExpiredError(ApiError):
    """Nothing more of the upload came for too long, or stored bytes are lost: it can't go on."""

    status = 410
    code = "upload_expired"

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message or "Nothing more of this upload came for too long: it was deleted."
        )


class UploadBytesLostError(UploadExpiredError):
    """The server lost bytes that it had acknowledged."""

    def __init__(self) -> None:
        super().__init__(
            "The server lost stored bytes of this upload: it can't go on. Upload the file again."
        )


class OffsetError(ApiError):
    """The part does not begin where the upload stands; ask with HEAD."""

    status = 409
    code = "wrong_offset"

    def __init__(self, offset: int) -> None:
        super().__init__(
            f"This upload stands at byte {offset}: go on from there.",
            headers={"Upload-Offset": str(offset)},
        )


class UploadLockedError(ApiError):
    """Another request is sending this upload."""

    status = 423
    code = "upload_locked"

    def __init__(self) -> None:
        super().__init__("Another request is sending this upload.", retry_after_s=1)


class UploadTakenOverError(UploadLockedError):
    """Another request went on with this upload, or ended it."""


class ChecksumError(ApiError):
    """The part's checksum is another: nothing of it counts."""

    status = 460
    code = "checksum_mismatch"

    def __init__(self) -> None:
        super().__init__("The part's checksum is another: nothing of it was stored. Send it again.")


class TusError(ApiError):
    """A header of the protocol (tus 1.0) is missing, or makes no sense."""

    status = 400
    code = "invalid_upload"


class TooManyUploadsError(ApiError):
    """The account has too many unfinished uploads; with Retry-After."""

    status = 429
    code = "too_many_uploads"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"You have {most} unfinished uploads. Finish or cancel one first.", retry_after_s=60
        )


TUS_ERRORS: tuple[type[ApiError] | ApiError, ...] = (
    TusError,
    TusError("`Tus-Resumable` is missing, or another.", status=412, code="tus_version"),
    TusError("Not application/offset+octet-stream.", status=415, code="unsupported_media_type"),
)
