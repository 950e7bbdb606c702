"""A session's conversation with the inference service, over as many calls as it takes.

A call that breaks off is followed by another, perhaps of another replica, from the last final
point on; the audio is still in the feed. That is tried for `LIVE_RECONNECT_S`.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass

from django.conf import settings

from accounts.models import User
from transcripts.inference.errors import InferenceError, UnavailableError
from transcripts.inference.live import LiveCall, start_stream
from transcripts.inference.live_results import Hypothesis, StreamEvent, StreamOptions
from transcripts.inference.results import Accepted, Finished, WindowResult
from transcripts.inference.routing import Route, inference_for
from transcripts.inference.servers import Server
from transcripts.jobs.stages.recognise import retry_delay_s
from transcripts.live.audio_buffer import AudioBuffer
from transcripts.live.executors import in_database, in_rpc
from transcripts.live.journal import SAMPLES_A_MS
from transcripts.options import TranscriptionOptions
from transcripts.text.words import Word

logger = logging.getLogger(__name__)

ACCEPT_WITHIN_S = 10.0
_MOST_RESTS = 3


@dataclass(frozen=True)
class Interrupted:
    """The call broke off; another one is being made."""


@dataclass(frozen=True)
class _Command:
    """`language` None: flush. To be sent once the audio up to `at_sample` is."""

    at_sample: int
    language: str | None


class UpstreamStream:
    """`acknowledged_ms`: up to where the service has processed the audio."""

    def __init__(
        self,
        feed: AudioBuffer,
        *,
        owner: User | None,
        model: str,
        language: str,
        asked: TranscriptionOptions,
        finalized_ms: int,
    ) -> None:
        self.feed = feed
        self.finalized_ms = self.acknowledged_ms = finalized_ms
        self._owner = owner
        self._model = model
        self._language = language
        self._asked = asked
        self._committed: tuple[Word, ...] = ()
        self._commands: deque[_Command] = deque()
        self._unanswered: deque[_Command] = deque()  # flushes: sent, and nothing final from there
        self._changed = asyncio.Event()
        self._is_over = False
        self._call: LiveCall | None = None
        self._route: Route | None = None
        self._opened: tuple[LiveCall, AsyncIterator[StreamEvent]] | None = None
        self._received_at = time.monotonic()

    @property
    def server(self) -> Server | None:
        return self._call.server if self._call is not None else None

    def silent_s(self) -> float:
        """Return for how long it has processed nothing, though there was audio."""
        owes = self.feed.sent > self.acknowledged_ms * SAMPLES_A_MS or self._is_over
        return time.monotonic() - self._received_at if owes and self._call is not None else 0.0

    async def open(self) -> Accepted:
        """Make the first call, and wait for its acceptance. Raises `InferenceError`."""
        try:
            async with asyncio.timeout(ACCEPT_WITHIN_S):
                call = await self._connect(is_begun=False)
                events = aiter(call)
                accepted = await anext(events, None)
        except TimeoutError:
            self.cancel_call()
            raise UnavailableError("The inference service did not answer.") from None
        if not isinstance(accepted, Accepted):
            self.cancel_call()
            raise UnavailableError("The inference service ended a stream at once.")
        self._model = accepted.model
        self._opened = (call, events)
        return accepted

    def configure(self, language: str) -> None:
        self._language = language
        self._commands.append(_Command(self.feed.accepted, language))
        self.wake()

    def flush(self) -> None:
        self._commands.append(_Command(self.feed.accepted, None))
        self.wake()

    def wake(self) -> None:
        """Something is there to be sent."""
        self._changed.set()

    def finish(self) -> None:
        """No more audio will be accepted."""
        self._is_over = True
        self._received_at = time.monotonic()
        self.wake()

    def cancel_call(self) -> None:
        """Break the present call off: another one follows, if there is a reader."""
        if self._call is not None:
            self._call.cancel()

    def check_route(self) -> None:
        """Raises UnavailableError where the server may not be used any more. Blocks: a query."""
        if self._route is not None:
            self._route.check()

    async def listen(self) -> AsyncGenerator[StreamEvent | Interrupted]:
        """Yield results; `Finished` is the last. Raises `InferenceError`."""
        failures, down_since, furthest_ms = 0, time.monotonic(), self.acknowledged_ms
        rests = 0  # calls that lasted, without progress
        while True:
            began = time.monotonic()
            try:
                async with contextlib.aclosing(self._one_call()) as events:
                    async for event in events:
                        # Not by any answer: audio that breaks each service is answered up to there.
                        if self.acknowledged_ms > furthest_ms:
                            failures, rests, furthest_ms = 0, 0, self.acknowledged_ms
                        yield event
                        if isinstance(event, Finished):
                            return
            except InferenceError as error:
                if not error.retryable:
                    raise
                if time.monotonic() - began > settings.LIVE_RECONNECT_S and rests < _MOST_RESTS:
                    failures, rests = 0, rests + 1  # it was up, with nothing to do
                if not failures:
                    down_since = time.monotonic()
                    yield Interrupted()
                failures += 1
                if time.monotonic() - down_since > settings.LIVE_RECONNECT_S:
                    raise
                logger.warning("event=live_interrupted code=%s", error.code)
                await asyncio.sleep(retry_delay_s(failures))

    async def _one_call(self) -> AsyncGenerator[StreamEvent]:
        opened, self._opened = self._opened, None
        if opened is None:
            self.feed.rewind(self.finalized_ms * SAMPLES_A_MS)
            # A call that broke off took its flushes with it: their client waits for the answer.
            self._commands.extendleft(reversed(self._unanswered))
            self._unanswered.clear()
            call = await self._connect(is_begun=True)
            opened = (call, aiter(call))
        call, events = opened
        sender = asyncio.create_task(self._send(call), name="live-send")
        # Without this, a feed that broke would leave its reader waiting for events for ever.
        sender.add_done_callback(_cancel_if_broken(call))
        try:
            async for event in events:
                self._note(event)
                yield event
            raise UnavailableError("The inference service ended a stream before its end.")
        except InferenceError:
            if sender.done() and not sender.cancelled() and sender.exception() is not None:
                await sender
            raise
        finally:
            call.cancel()
            sender.cancel()
            await asyncio.wait([sender])
            with contextlib.suppress(asyncio.CancelledError, InferenceError):
                sender.exception()
            self._call = None

    async def _connect(self, *, is_begun: bool) -> LiveCall:
        inference = await in_database(inference_for, self._owner)
        self._route = await in_rpc(inference.pick, model=self._model, is_begun=is_begun)
        options = StreamOptions(
            asked=self._asked,
            model=self._model,
            language=self._language,
            offset_ms=self.finalized_ms,
            committed=self._committed,
        )
        self._received_at = time.monotonic()
        self._call = await start_stream(options, server=self._route.server)
        return self._call

    async def _send(self, call: LiveCall) -> None:
        """Send what is there, in order, until nothing will follow."""
        while True:
            self._changed.clear()
            command = self._commands[0] if self._commands else None
            if command is not None and command.at_sample <= self.feed.sent:
                self._commands.popleft()
                if command.language is None:
                    self._unanswered.append(command)
                    await call.flush()
                else:
                    await call.configure(language=command.language)
                continue
            until = self.feed.journalled if command is None else command.at_sample
            if chunk := await self.feed.next_chunk(until=until):
                await call.send_audio(chunk)
            elif self._is_over and self.feed.is_written:
                await call.finish()
                return
            else:
                await self._changed.wait()

    def _note(self, event: StreamEvent) -> None:
        self._received_at = time.monotonic()
        if isinstance(event, Hypothesis):
            self._committed = event.committed
            self.acknowledged_ms = max(self.acknowledged_ms, event.covered_ms)
        elif isinstance(event, WindowResult):
            # In long speech without a pause, an utterance is the first of what is committed.
            self._committed = tuple(w for w in self._committed if w.start_ms >= event.resume_ms)
            self.finalized_ms = event.resume_ms
            self.acknowledged_ms = max(self.acknowledged_ms, event.resume_ms)
            self._drop_answered(event.resume_ms)

    def _drop_answered(self, final_ms: int) -> None:
        while self._unanswered and self._unanswered[0].at_sample // SAMPLES_A_MS <= final_ms:
            self._unanswered.popleft()


def _cancel_if_broken(call: LiveCall) -> Callable[[asyncio.Task[None]], None]:
    def check_sender(sender: asyncio.Task[None]) -> None:
        if not sender.cancelled() and sender.exception() is not None:
            call.cancel()

    return check_sender
