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


# What probing a recording finds, for `stt_web.core.documentation.raises`.
MEDIA_ERRORS: tuple[type[ApiError] | ApiError, ...] = (
    MediaError("empty_file", "The file is empty, or holds no audio."),
    MediaError("not_audio", "The file isn't audio or video."),
    MediaError("unsupported_format", "The audio is in a format that can't be read, or protected."),
    MediaError("no_audio_track", "The file has no audio track."),
    MediaError("corrupt_media", "The file is damaged: its audio can't be read."),
    MediaError("too_long", "The recording is longer than 24 hours."),
    MediaError("too_complex", "Decoding the file takes too much time or memory."),
    MediaError("unknown_track", "The file has no such track."),
    MediaError("unknown_channel", "The file has no such channel."),
    MediaError("decoder_fault", "The fault is ours, and is in the log.", status=500),
    MediaError("recording_missing", "The recording can't be read any more.", status=500),
    DecoderDiedError,
)
