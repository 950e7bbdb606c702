"""What can become of a voice job, as its request or a later one hears of it."""

from stt_web.core.errors import ApiError


class VoiceJobNotFoundError(ApiError):
    """There is none with this id, or it is another account's."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such voice job.")


class SpeechNotReadyError(ApiError):
    """The speech isn't made yet; with Retry-After."""

    status = 409
    code = "not_ready"

    def __init__(self) -> None:
        super().__init__("This speech isn't made yet. Ask again shortly.", retry_after_s=2)


class SpeechDeletedError(ApiError):
    """The speech is deleted: it is stored for a day."""

    status = 404
    code = "deleted"

    def __init__(self) -> None:
        super().__init__("This speech is deleted: it is stored for a day.")


class SpeechCancelledError(ApiError):
    """The speech was cancelled before it was made; nothing was charged."""

    status = 409
    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("This speech was cancelled. Nothing was charged.")


class NoCreditsForMoreError(ApiError):
    """The credits ran out while the speech was made; nothing was charged."""

    status = 402
    code = "no_credits"

    def __init__(self) -> None:
        super().__init__(
            "The speech became longer than your credits reach. Nothing was charged; send a "
            "shorter text."
        )


class SpeechLimitError(ApiError):
    """As many texts of the account as may are being spoken or waiting; with Retry-After."""

    status = 429
    code = "concurrency_limit"


EXHAUSTED = ApiError(
    "This was tried several times without an end. Nothing was charged; try again later.",
    code="too_many_tries",
    status=503,
)
# What a job may have failed with, for `stt_web.core.documentation.raises`.
SPEECH_ERRORS: tuple[type[ApiError] | ApiError, ...] = (
    SpeechCancelledError,
    SpeechDeletedError,
    NoCreditsForMoreError,
    EXHAUSTED,
    ApiError("The text has nothing that the voice can speak.", code="unspeakable_text"),
    ApiError("The engine stopped; nothing was charged.", code="inference_error", status=503),
    ApiError("The inference service was full.", code="inference_full", status=503),
    ApiError("The wait ran out; the work goes on.", code="still_processing", status=503),
)
