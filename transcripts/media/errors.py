"""What can go wrong with a recording.

ApiError (stt_web)
├── MediaError          400  the recording itself: final, another try gives the same
└── DecoderDiedError    503  the decoder, through no proven fault of the recording: try again

The codes of `MediaError`: empty_file, not_audio, unsupported_format, no_audio_track,
corrupt_media, too_long, too_complex (time or memory), unknown_track, unknown_channel; and
recording_missing and decoder_fault, which are our own faults and so 500.
"""

from typing import ClassVar

from stt_web.core.errors import ApiError


class MediaError(ApiError):
    """The recording can't be transcribed; `code` is for programs, the message for people."""

    status = 400
    code = "corrupt_media"
    retryable: ClassVar[bool] = False

    def __init__(self, code: str, message: str, *, status: int | None = None) -> None:
        super().__init__(message, code=code, status=status)


class DecoderDiedError(ApiError):
    """The process that decodes was killed, crashed or made no progress."""

    status = 503
    code = "decoder_died"
    retryable: ClassVar[bool] = True

    def __init__(self, message: str = "Decoding was interrupted. Please try again.") -> None:
        super().__init__(message, retry_after_s=5)
