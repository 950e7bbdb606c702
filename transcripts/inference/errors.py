"""What can go wrong between the web tier and the inference service.

    InferenceError                 code, a sentence, retryable
    ├── UnavailableError           stopped, draining, unreachable or silent: retry elsewhere
    ├── FullError                  too many sessions at once: retry later
    ├── RefusedError               the shared token or the certificate is wrong
    ├── BrokenAnswerError          the answer breaks the proto, or the server failed inside
    ├── ModelNotInstalledError     no model answers to that name
    ├── UnsupportedRequestError    the model lacks the language or the task
    └── InvalidRequestError        we broke a rule of the proto: our own mistake

`retryable`: the same request may succeed later or at another replica.
"""

import grpc


class InferenceError(Exception):
    """A call of the inference service that did not do what was asked."""

    code = "inference_error"
    retryable = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnavailableError(InferenceError):
    code = "inference_unavailable"
    retryable = True


class FullError(InferenceError):
    code = "inference_full"
    retryable = True


class RefusedError(InferenceError):
    code = "inference_unavailable"
    retryable = True


class BrokenAnswerError(InferenceError):
    code = "inference_error"
    retryable = True


class ModelNotInstalledError(InferenceError):
    code = "not_installed"


class UnsupportedRequestError(InferenceError):
    code = "language_not_supported"


class InvalidRequestError(InferenceError):
    code = "inference_error"


_BY_STATUS: dict[grpc.StatusCode, type[InferenceError]] = {
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: UnavailableError,
    grpc.StatusCode.CANCELLED: UnavailableError,
    grpc.StatusCode.ABORTED: UnavailableError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: FullError,
    grpc.StatusCode.UNAUTHENTICATED: RefusedError,
    grpc.StatusCode.PERMISSION_DENIED: RefusedError,
    grpc.StatusCode.NOT_FOUND: ModelNotInstalledError,
    grpc.StatusCode.FAILED_PRECONDITION: UnsupportedRequestError,
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequestError,
    grpc.StatusCode.UNIMPLEMENTED: InvalidRequestError,
}
# Shown to users in place of the transport's message, which names addresses and file descriptors.
_SENTENCES: dict[type[InferenceError], str] = {
    UnavailableError: "The inference service can't be reached at the moment.",
    FullError: "The inference service is full at the moment.",
    RefusedError: "The inference service refuses this server's credentials.",
    BrokenAnswerError: "The inference service failed.",
    InvalidRequestError: "The inference service did not accept the request.",
}


def translate_rpc_error(error: grpc.RpcError) -> InferenceError:
    """Return our error for a failed call; the sentence of the server only where it is for users."""
    # What a blocking call raises is the call itself; an asynchronous one raises of its own kind.
    has_status = isinstance(error, grpc.Call | grpc.aio.AioRpcError)
    status = error.code() if has_status else grpc.StatusCode.UNKNOWN
    kind = _BY_STATUS.get(status, BrokenAnswerError)
    details = error.details() if has_status else ""
    translated = kind(_SENTENCES.get(kind) or details or "The inference service failed.")
    translated.__cause__ = error
    return translated
