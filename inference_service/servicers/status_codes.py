"""Which gRPC status a failure is reported with, and its sentence.

Expected failures carry a sentence that is safe to show; anything else is a fault of ours: its
details go to the log, with the request id, and the client learns only that it happened.
"""

import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import grpc

from inference_service.admission import DrainingError, TooManyError
from inference_service.catalog import CatalogError
from inference_service.engines.language.model import (
    ContextExceededError,
    LanguageModelError,
    ModelFullError,
    SchemaRefusedError,
)
from inference_service.engines.voice.engine import (
    EngineFailedError,
    EngineFullError,
    LanguageRefusedError,
    UnknownVoiceError,
    VoiceError,
)
from inference_service.pool import PoolError
from inference_service.servicers.requests import BadRequestError
from inference_service.session_queue import RecognitionError

logger = logging.getLogger(__name__)


class MissingCapabilityError(Exception):
    """The model lacks the language or the task that was asked for."""


class NotImplementedYetError(Exception):
    """The wire has a place for it, the server has nothing there yet."""


_STATUSES: dict[type[Exception], grpc.StatusCode] = {
    BadRequestError: grpc.StatusCode.INVALID_ARGUMENT,
    CatalogError: grpc.StatusCode.NOT_FOUND,
    MissingCapabilityError: grpc.StatusCode.FAILED_PRECONDITION,
    NotImplementedYetError: grpc.StatusCode.UNIMPLEMENTED,
    TooManyError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    DrainingError: grpc.StatusCode.UNAVAILABLE,
    ContextExceededError: grpc.StatusCode.OUT_OF_RANGE,
    SchemaRefusedError: grpc.StatusCode.INVALID_ARGUMENT,
    ModelFullError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    LanguageModelError: grpc.StatusCode.UNAVAILABLE,
    UnknownVoiceError: grpc.StatusCode.OUT_OF_RANGE,
    LanguageRefusedError: grpc.StatusCode.FAILED_PRECONDITION,
    EngineFullError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    EngineFailedError: grpc.StatusCode.UNAVAILABLE,
    VoiceError: grpc.StatusCode.INVALID_ARGUMENT,
}


@contextlib.asynccontextmanager
async def reporting_failures(context: "grpc.aio.ServicerContext[Any, Any]") -> AsyncIterator[None]:
    """End the call with a status for whatever its body raises: the outermost guard of a call."""
    try:
        yield
    except Exception as error:
        await context.abort(*describe_failure(error))
        raise AssertionError("abort raises") from error


def describe_failure(error: Exception) -> tuple[grpc.StatusCode, str]:
    """Return the status and the sentence for the client; log what is our own fault."""
    for kind, status in _STATUSES.items():
        if isinstance(error, kind):
            return status, str(error)
    if isinstance(error, PoolError) and error.is_retryable:
        return grpc.StatusCode.RESOURCE_EXHAUSTED, str(error)
    logger.error("event=call_failed error=%s", type(error).__name__, exc_info=error)
    if isinstance(error, (PoolError, RecognitionError)):
        return grpc.StatusCode.INTERNAL, str(error)
    return grpc.StatusCode.INTERNAL, "Something went wrong in the inference service."
