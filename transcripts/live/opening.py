"""Opening a live session: who may, with which model, on which server."""

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

from stt_web.core.background import do_anyway, finish_anyway
from stt_web.core.errors import ApiError
from transcripts.inference.catalog import InferenceUnavailableError
from transcripts.inference.errors import (
    FullError,
    InferenceError,
    ModelNotInstalledError,
    UnsupportedRequestError,
)
from transcripts.inference.results import Model
from transcripts.inference.routing import inference_for
from transcripts.jobs.submit import check_engines_can, check_model_can
from transcripts.live import close_errors
from transcripts.live.admission import (
    SessionAdmission,
    admit_session,
    discard_session,
    resume_session,
)
from transcripts.live.close import pause, state_journalled
from transcripts.live.events import LiveRequest
from transcripts.live.executors import in_database, in_files, in_rpc, in_sync
from transcripts.live.journal import Journal, sync_epochs
from transcripts.live.session import SessionRunner
from transcripts.live.undelivered import clear_delivered, record_delivered

logger = logging.getLogger(__name__)


async def open_session(request: LiveRequest) -> SessionRunner:
    """Open a session, or go on with the one of `request.resume_token`.

    Raises ApiError: 400 an unknown model, 402 no credits, 404 and 410 for resume tokens, 429 a
    limit, 503 the model, the language or the aligner is not installed, or inference is down or
    full, or the storage is full.
    """
    return await (_resume(request) if request.resume_token else _begin(request))


async def _begin(request: LiveRequest) -> SessionRunner:
    inference = await in_database(inference_for, request.user)
    model = await in_rpc(inference.resolve_model, request.options.model)
    check_model_can(model, request.options)
    await in_rpc(check_engines_can, inference, request.options)
    admitted = await finish_anyway(in_database(admit_session, request), undo=_withdraw)
    async with _undone_by(lambda: _withdraw(admitted), name="live-withdraw"):
        session = await _prepare(admitted, model)
        with _discarded_on_failure(session):
            try:
                await session.open()
            except InferenceError as error:
                raise _refusal_of(error) from error
    session.start()
    logger.info("event=live_opened transcript_id=%s model=%s", session.transcript_id, model.id)
    return session


async def _resume(request: LiveRequest) -> SessionRunner:
    admitted = await finish_anyway(in_database(resume_session, request), undo=_pause_again)
    transcript = admitted.job.transcript
    async with _undone_by(lambda: _pause_again(admitted), name="live-pause"):
        inference = await in_database(inference_for, request.user)
        name = transcript.job.model_used or transcript.job.model_requested
        model = await in_rpc(inference.resolve_model, name)
        session = await _prepare(admitted, model)
        with _discarded_on_failure(session):
            await in_database(clear_delivered, admitted.job.lease)
            # Its client sends again what only the machine has that it left.
            await in_database(state_journalled, session.lease, session.ready.audio_ms)
    session.start()
    return session


@contextlib.asynccontextmanager
async def _undone_by(
    undo: Callable[[], Coroutine[Any, Any, None]], *, name: str
) -> AsyncIterator[None]:
    """Undo an admission that came to nothing, also where the client has disconnected since."""
    try:
        yield
    except BaseException:
        await do_anyway(undo(), name=name)
        raise


@contextlib.contextmanager
def _discarded_on_failure(session: SessionRunner) -> Iterator[None]:
    try:
        yield
    except BaseException:
        session.discard()
        raise


async def _withdraw(admitted: SessionAdmission) -> None:
    await in_database(discard_session, admitted.job)


async def _pause_again(admitted: SessionAdmission) -> None:
    await in_database(record_delivered, admitted.job.lease, admitted.delivered_ms)
    await in_database(pause, admitted.job, journalled_ms=admitted.job.row.journalled_ms)


async def _prepare(admitted: SessionAdmission, model: Model) -> SessionRunner:
    try:
        await in_sync(sync_epochs, admitted.folder)
        opening = in_files(
            Journal,
            admitted.folder,
            attempt=admitted.job.lease.attempt,
            start_samples=admitted.start_samples,
        )
        journal = await finish_anyway(opening, undo=_discard_journal)
    except OSError as error:
        logger.exception("event=live_no_journal transcript_id=%s", admitted.job.transcript.pk)
        raise close_errors.storage_full() from error
    return SessionRunner(admitted, journal, model)


async def _discard_journal(journal: Journal) -> None:
    await in_files(journal.discard)


def _refusal_of(error: InferenceError) -> ApiError:
    if isinstance(error, FullError):
        return ApiError(
            "Too many people are speaking at the moment. Try again shortly.",
            code="inference_full",
            status=503,
            retry_after_s=5,
        )
    if isinstance(error, ModelNotInstalledError | UnsupportedRequestError):
        return ApiError(error.message, code=error.code, status=503)
    return InferenceUnavailableError()
