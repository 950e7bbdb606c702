"""What an edit can be refused for, besides an `EditError` of what was asked itself."""

from stt_web.core.errors import ApiError


class RevisionChangedError(ApiError):
    """What is to be changed was changed since it was read."""

    status = 412
    code = "revision_changed"

    def __init__(self, revision: int) -> None:
        super().__init__(
            "This transcript was changed since you read it. Read it again, then repeat your"
            " change.",
            extra={"revision": revision},
            headers={"ETag": f'"{revision}"'},
        )


class StillWorkedOnError(ApiError):
    """It is still being worked on; with Retry-After."""

    status = 409
    code = "not_finished"

    def __init__(self) -> None:
        super().__init__(
            "This transcript is still being worked on. It can be edited when it is finished.",
            retry_after_s=5,
        )


class SegmentNotFoundError(ApiError):
    """There is no such segment."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such segment in this transcript.")


class SpeakerNotFoundError(ApiError):
    """There is no such speaker."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such speaker in this transcript.")


class GapNotFoundError(ApiError):
    """There is no such gap."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such gap in this transcript.")


class GapResolvedError(ApiError):
    """The gap is filled already; of two at once, the second meets this."""

    status = 409
    code = "gap_resolved"

    def __init__(self) -> None:
        super().__init__("This gap was filled while you worked on it. Read the transcript again.")
