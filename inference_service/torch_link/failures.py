"""What goes wrong on the way to the process of the torch engines.

TorchError
├── TorchMissingError   it was never installed; the sentence has what to do
├── TorchAwayError      it does not answer, or ended in mid-call: try again, or fall back
└── TorchRefusedError   it refused the call, with a status and a sentence of its own
"""

import asyncio

import grpc

from inference_service.torch_link.link import (
    DOWN_HINT,
    INSTALL_HINT,
    NOT_INSTALLED,
    TorchLink,
)

_AWAY = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNKNOWN,
}


class TorchError(Exception):
    pass


class TorchMissingError(TorchError):
    pass


class TorchAwayError(TorchError):
    pass


class TorchRefusedError(TorchError):
    def __init__(self, status: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.status = status


def check_up(link: TorchLink | None) -> TorchLink:
    """Return the link of a process that answers. Raises TorchMissingError, TorchAwayError."""
    if link is None or link.state.state == NOT_INSTALLED:
        raise TorchMissingError(INSTALL_HINT)
    if not link.is_up:
        raise TorchAwayError(DOWN_HINT)
    return link


def translate_failure(error: BaseException, link: TorchLink) -> BaseException:
    """Return our error for a call that failed; a cancellation of our own caller as it is."""
    if isinstance(error, asyncio.CancelledError):
        # The link cancels calls of a process that is away; else our own client has left.
        return error if link.is_up else TorchAwayError(DOWN_HINT)
    if not isinstance(error, grpc.aio.AioRpcError):
        return error
    if error.code() in _AWAY:
        return TorchAwayError(DOWN_HINT)
    return TorchRefusedError(error.code(), error.details() or "The torch engines failed.")
