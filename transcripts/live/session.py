"""A live session: audio in, events out, and a transcript at the end, in every case.

    session = await open_session(request)      # raises ApiError
    await session.push(pcm)                    # waits while the session is behind
    async for event in session.events(): ...   # Partial, Final, Notice …; Ended or Failed last
    await session.stop()                       # no more audio; the rest follows, then Ended
    await session.abandon()                    # the socket is lost

It is a transcript in `processing` whose lease this process holds, and which it writes like a worker
(`jobs/results`). So each way in which it can end leaves the transcript finished, paused or
queued; a process that dies leaves a lease that runs out. How it can end: `close_errors`.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

from django.conf import settings

from stt_web.core.background import spawn
from stt_web.core.errors import ApiError
from stt_web.core.outages import outage_behind
from stt_web.core.tracing import note_current
from transcripts.inference.errors import InferenceError, UnavailableError
from transcripts.inference.live import is_being_cancelled
from transcripts.inference.results import Model
from transcripts.inference.servers import Server
from transcripts.jobs.lease import Lease, LeaseLostError
from transcripts.live import close, close_errors
from transcripts.live.admission import SessionAdmission
from transcripts.live.audio_buffer import AudioBuffer
from transcripts.live.billing_meter import BillingMeter
from transcripts.live.close_errors import CloseMode, CloseReason
from transcripts.live.conclusion import SessionConclusion
from transcripts.live.events import Failed, LiveEvent, Ready, SessionNotice
from transcripts.live.executors import in_database
from transcripts.live.journal import SAMPLES_A_MS, Journal
from transcripts.live.registry import registry
from transcripts.live.result_writer import ResultWriter
from transcripts.live.send_queue import SendQueue
from transcripts.live.undelivered import record_delivered
from transcripts.live.upstream import UpstreamStream

logger = logging.getLogger(__name__)

# A lost client waits for nothing: what isn't recognised by then is in the journal.
ABANDON_DRAIN_S = 3.0
ABANDON_CLOSE_S = 5.0
# At the end of a session the service may think for so long between two signs of life.
DRAIN_SILENCE_S = 60.0


class SessionRunner:
    """Made by `open_session`. Of one event loop; all its methods may be called at any time."""

    def __init__(self, admitted: SessionAdmission, journal: Journal, model: Model) -> None:
        transcript = admitted.job.transcript
        start_ms = admitted.start_samples // SAMPLES_A_MS
        self.feed = AudioBuffer(journal)
        self.upstream = UpstreamStream(
            self.feed,
            owner=transcript.owner,
            model=transcript.job.model_used or transcript.job.model_requested,
            language=transcript.job.language_requested,
            asked=transcript.job.options,
            finalized_ms=transcript.job.resume_ms,
        )
        self.ready = Ready(
            transcript_id=str(transcript.pk),
            model=model.id,
            resume_token=admitted.resume_token,
            guest_token=admitted.guest_token,
            audio_ms=start_ms,
        )
        self._model = model
        self._job = admitted.job
        self._meter = BillingMeter(
            self.lease, admitted.job.row, position_ms=start_ms, on_refused=self._warn_of_credits
        )
        self._longest_ms = close_errors.longest_ms(transcript)
        self._backlog = settings.LIVE_BACKLOG_S * 1000 * SAMPLES_A_MS
        self._hub = registry()
        self._queue = SendQueue(
            delivered_ms=admitted.delivered_ms, undelivered=admitted.undelivered
        )
        self._writer = ResultWriter(
            self._job,
            self._queue,
            on_failure=self._break_off,
            accepted_ms=lambda: self.feed.accepted // SAMPLES_A_MS,
        )
        self._conclusion = SessionConclusion(self._job, self.feed, self._writer)
        self._ending: CloseReason | None = None
        self._active_at = time.monotonic()
        self._changed = asyncio.Event()
        self._is_left = False  # what isn't transcribed yet is left to others
        self._listening: asyncio.Task[None] | None = None
        self._running: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None

    @property
    def transcript_id(self) -> str:
        return self.ready.transcript_id

    @property
    def resume_token(self) -> str:
        return self.ready.resume_token

    @property
    def audio_ms(self) -> int:
        """How much audio is safe, also from a power cut: the client may discard it."""
        return self.feed.synced // SAMPLES_A_MS

    @property
    def accepted_ms(self) -> int:
        """How much audio was taken."""
        return self.feed.accepted // SAMPLES_A_MS

    @property
    def recognised_ms(self) -> int:
        """How much of the audio the inference service has processed."""
        return self.upstream.acknowledged_ms

    @property
    def lease(self) -> Lease:
        return self._job.lease

    @property
    def server(self) -> Server | None:
        return self.upstream.server

    async def open(self) -> None:
        """Have it accepted by an inference server. Raises `InferenceError`."""
        await self._writer.take(await self.upstream.open())

    def discard(self) -> None:
        """Let go of it before it was started."""
        self.upstream.cancel_call()
        self.feed.journal.close()

    def start(self) -> None:
        """Start. Once."""
        self._hub.add(self)
        self._running = spawn(self._run(), name="live-session")

    async def push(self, pcm: bytes) -> None:
        """Take int16 little-endian mono 16 kHz audio, any number of bytes.

        Waits while the session is behind. After the end, and where the end has been reached by
        what `events` yields, it is ignored.
        """
        self.keep_alive()
        left = pcm
        while left and self._ending is None:
            if self._is_behind():
                await self._wait()
                self.keep_alive()  # it is we who are slow
                continue
            accepted, left = self._take(left)
            if accepted:
                self._hub.write_soon(self)
                self._meter.check_ahead(self.feed.accepted // SAMPLES_A_MS)
            elif left:
                await self._reach_limit()
        self.keep_alive()

    async def configure(self, *, language: str) -> None:
        """Expect another language from the next utterance on; empty: detect it.

        Raises ApiError 503 `not_installed` where the model lacks it.
        """
        self.keep_alive()
        close_errors.check_language(self._model, language)
        if self._ending is None:
            self.upstream.configure(language)

    async def finalize(self) -> int:
        """Finalize the pending text now.

        Returns up to where: once that is final, it is in a `Final` or a `Silence`.
        """
        self.keep_alive()
        if self._ending is None:
            self.upstream.flush()
        return self.accepted_ms

    def keep_alive(self) -> None:
        """The client is there, though it may be silent."""
        self._active_at = time.monotonic()

    async def stop(self) -> None:
        """No more audio comes. The rest, and `Ended`, follow in `events`."""
        self._end(CloseMode.FINISH)

    def events(self) -> AsyncIterator[LiveEvent]:
        """Yield what happens. Consumed once; the last is Ended or Failed."""
        return self._queue.read()

    async def record_delivered(self) -> None:
        """Store the delivery position: the client disconnects, or has. Never raises."""
        await in_database(record_delivered, self.lease, self._queue.delivered_ms)

    async def read_text(self) -> str:
        """Return the whole of the final text. Two queries."""
        return await in_database(close.read_transcript_text, self._job.transcript)

    async def abandon(self, *, is_resumable: bool = True) -> None:
        """The client has disconnected: recognise for a moment what is there, and let it return.

        Never raises; takes a few seconds at most. Where it was ending anyway, it does so; and so
        does one to which no client can return (not `is_resumable`).
        """
        self._queue.detach()
        self._end(CloseMode.PAUSE if is_resumable else CloseMode.FINISH)
        await self.record_delivered()
        if self._running is None:
            return
        is_pausing = self._ending is not None and self._ending.mode is CloseMode.PAUSE
        await asyncio.wait([self._running], timeout=ABANDON_DRAIN_S)
        if is_pausing:
            self._stop_listening()
        await asyncio.wait([self._running], timeout=ABANDON_CLOSE_S)

    # What the registry calls.

    def silent_s(self) -> float:
        return self.upstream.silent_s()

    def note_written(self, data: bytes, error: OSError | None) -> None:
        if error is None:
            self.feed.note_written(data)
        else:
            logger.error("event=live_not_journalled transcript_id=%s %s", self.transcript_id, error)
            self.feed.drop_unwritten()
            self._end(CloseMode.FINISH, close_errors.storage_full())
        if not self.feed.is_written:
            self._hub.write_soon(self)
        self._wake()

    def note_lost(self) -> None:
        self._lose()

    def note_key_revoked(self, *, code: str) -> None:
        self._end(CloseMode.FINISH, close_errors.key_revoked(code))

    def note_frozen(self) -> None:
        self.upstream.cancel_call()

    def tick(self) -> None:
        now = time.monotonic()
        if self._ending is None and now - self._active_at > settings.LIVE_IDLE_S:
            self._end(CloseMode.FINISH, close_errors.idle())
        if self._ending is not None and self.silent_s() > DRAIN_SILENCE_S:
            self._stop_listening()
        if self.server is not None and self.server.instance_id and self._checking is None:
            self._checking = spawn(self._check_route(), name="live-route")

    # How it runs.

    async def _run(self) -> None:
        last: LiveEvent | None = None
        try:
            await self._listen()
            last = await self._conclude()
        except LeaseLostError:
            last = Failed(error=close_errors.lost(), text="")
        except Exception as error:
            outage = outage_behind(error)
            if outage is None:
                logger.exception("event=live_session_broke transcript_id=%s", self.transcript_id)
            last = await self._conclusion.give_up(outage)
        finally:
            note_current(stt__audio__duration=self.audio_ms / 1000)
            self._hub.discard(self)
            self.upstream.cancel_call()
            self._writer.close()
            self._meter.close()
            self.feed.journal.close()
            if last is not None:
                self._queue.put_nowait(last)
            self._queue.close()
            self._wake()

    async def _listen(self) -> None:
        """Receive results until all audio is transcribed, or until that is left to others."""
        if self._is_left:
            return  # it was lost before it began
        self._listening = asyncio.create_task(self._take_events(), name="live-listen")
        try:
            await self._listening
        except InferenceError as error:
            logger.warning(
                "event=live_inference_lost transcript_id=%s code=%s", self.transcript_id, error.code
            )
            self._end(CloseMode.HAND_OVER, close_errors.inference_lost())
        except asyncio.CancelledError:
            if is_being_cancelled():
                raise
            if not self._is_left:
                await self._writer.flush()  # raises why it was broken off

    async def _take_events(self) -> None:
        async with aclosing(self.upstream.listen()) as events:
            async for event in events:
                await self._writer.take(event)
                self._wake()

    def _warn_of_credits(self) -> None:
        self._queue.put_nowait(
            SessionNotice(code="credits_low", message="Your credits end within a minute.")
        )

    # How it ends.

    def _end(self, way: CloseMode, error: ApiError | None = None) -> None:
        """Accept no more audio. The first caller decides; only a failure is graver."""
        if self._ending is None:
            self._ending = CloseReason(way, error)
            self.upstream.finish()
        elif way is CloseMode.HAND_OVER and self._ending.mode is CloseMode.FINISH:
            self._ending = CloseReason(way, error)
        self._wake()

    def _lose(self) -> None:
        self._ending = CloseReason(CloseMode.LOST, close_errors.lost())
        self._stop_listening()
        self._wake()

    def _stop_listening(self) -> None:
        self._is_left = True
        self._break_off()

    def _break_off(self) -> None:
        if self._listening is not None:
            self._listening.cancel()

    async def _conclude(self) -> LiveEvent | None:
        """Let go of the transcript. Raises `LeaseLostError`."""
        ending = self._ending or CloseReason(CloseMode.HAND_OVER, close_errors.inference_lost())
        if ending.mode is CloseMode.LOST:
            raise LeaseLostError
        await self._until_written()
        return await self._conclusion.conclude(ending)

    # Waiting.

    def _is_behind(self) -> bool:
        ahead = self.feed.accepted - self.upstream.acknowledged_ms * SAMPLES_A_MS
        return ahead > self._backlog

    def _take(self, pcm: bytes) -> tuple[int, bytes]:
        """Accept what may be; returns how many samples, and the bytes that may not."""
        limit_ms = min(self._meter.covered_ms, self._longest_ms)
        return self.feed.take(pcm, limit=limit_ms * SAMPLES_A_MS)

    async def _reach_limit(self) -> None:
        """The audio is at the end of what is paid for, or of what a session may last."""
        if self.feed.accepted >= self._longest_ms * SAMPLES_A_MS:
            self._end(CloseMode.FINISH, close_errors.too_long(self._job.transcript))
        elif not await self._meter.wait_for_more():
            self._end(CloseMode.FINISH, close_errors.no_credits())

    async def _until_written(self) -> None:
        while not self.feed.is_written:
            await self._wait()

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self.upstream.wake()

    async def _check_route(self) -> None:
        try:
            await in_database(self.upstream.check_route)
        except UnavailableError:
            self.upstream.cancel_call()
        finally:
            self._checking = None
