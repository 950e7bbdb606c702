"""What becomes of a session's transcript once no more audio is taken, and its client's last event.

On the session's event loop; what is written, and how it is fenced, is `live.close`'s.
"""

import psycopg
from django.db import Error as DatabaseFailure

from stt_web.core.errors import ApiError
from transcripts.jobs.lease import LeaseLostError
from transcripts.jobs.results import JobRun
from transcripts.live import close, close_errors
from transcripts.live.admission import discard_session
from transcripts.live.audio_buffer import AudioBuffer
from transcripts.live.close_errors import CloseMode, CloseReason
from transcripts.live.events import Ended, Failed, LiveEvent
from transcripts.live.executors import in_database
from transcripts.live.journal import SAMPLES_A_MS
from transcripts.live.result_writer import ResultWriter


class SessionConclusion:
    """Of one session. To be used once all of its audio is written to the journal."""

    def __init__(self, job: JobRun, feed: AudioBuffer, writer: ResultWriter) -> None:
        self._job = job
        self._feed = feed
        self._writer = writer

    @property
    def _journalled_ms(self) -> int:
        return self._feed.journalled // SAMPLES_A_MS

    async def conclude(self, ending: CloseReason) -> LiveEvent | None:
        """Finish it, pause it (None: the client is away), or hand it over, as its mode asks.

        Raises `LeaseLostError`.
        """
        await self._writer.flush()
        if ending.mode is CloseMode.PAUSE:
            await self._pause()
            return None
        audio_duration_ms = self._writer.audio_duration_ms
        if ending.mode is CloseMode.HAND_OVER or audio_duration_ms is None:
            return await self._hand_over(ending.error or close_errors.inference_lost())
        return await self._finish(ending.error, audio_duration_ms=audio_duration_ms)

    async def give_up(self, outage: ApiError | None) -> Failed:
        """After an outage, or (None) something unforeseen. Where even this fails, the lease runs
        out."""
        error = close_errors.broken() if outage is None else close_errors.interrupted(outage)
        try:
            return await self._hand_over(error)
        except (DatabaseFailure, psycopg.Error, LeaseLostError):
            return Failed(error=error, text="")

    async def _finish(self, error: ApiError | None, *, audio_duration_ms: int) -> LiveEvent:
        outcome = await in_database(
            close.finish, self._job, self._feed.journal, audio_duration_ms=audio_duration_ms
        )
        self._feed.synced = self._feed.journalled  # as the recording (`close.finish`)
        if error is not None:
            return Failed(error=error, text=outcome.text)
        return Ended(
            text=outcome.text,
            language=outcome.language,
            audio_duration_ms=outcome.audio_duration_ms,
            credits_charged=outcome.credits_charged,
            warnings=outcome.warnings,
        )

    async def _pause(self) -> None:
        await self._feed.sync()
        await self._writer.store_rest()
        if self._feed.journalled == 0:
            await in_database(discard_session, self._job)
        else:
            await in_database(close.pause, self._job, journalled_ms=self._journalled_ms)

    async def _hand_over(self, error: ApiError) -> Failed:
        await self._feed.sync()
        await self._writer.store_rest()
        text = await in_database(close.read_transcript_text, self._job.transcript)
        journalled_ms = self._journalled_ms
        if not await in_database(close.hand_over, self._job, journalled_ms=journalled_ms):
            raise LeaseLostError
        return Failed(error=error, text=text)
