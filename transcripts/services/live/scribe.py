"""What is heard in a session is stored, then told: so what was told is kept."""

from transcripts.inference.live_results import Hypothesis, Pace, StreamEvent
from transcripts.inference.results import Accepted, LanguageDetected, WindowResult
from transcripts.services import store
from transcripts.services.live.events import Final, Notice, Partial
from transcripts.services.live.hearing import Interrupted
from transcripts.services.live.outbox import Outbox
from transcripts.services.live.silence import SilenceKeeper
from transcripts.services.live.threads import in_database
from transcripts.services.recognise import take_language
from transcripts.services.store import Job


class Scribe:
    """`heard_ms`: how much was heard in all, once the service said so."""

    def __init__(self, job: Job, outbox: Outbox) -> None:
        self.heard_ms: int | None = None
        self._job = job
        self._outbox = outbox
        self._silence = SilenceKeeper()
        self._language = job.transcript.language_requested or job.transcript.language
        self._pace = Pace(is_catching_up=False, update_interval_ms=0, backlog_ms=0)

    async def take(self, event: StreamEvent | Interrupted) -> None:
        """Raises `LeaseLostError`, `BrokenAnswerError`."""
        if isinstance(event, Hypothesis):
            await self._outbox.put(
                Partial(
                    start_ms=event.start_ms,
                    covered_ms=event.covered_ms,
                    committed=event.committed,
                    pending=event.pending,
                )
            )
        elif isinstance(event, WindowResult):
            await self._take_utterance(event)
        elif isinstance(event, LanguageDetected):
            await self._take_language(event)
        elif isinstance(event, Pace):
            await self._take_pace(event)
        elif isinstance(event, Accepted):
            await in_database(store.store_accepted, self._job, event)
        elif isinstance(event, Interrupted):
            await self._tell("reconnecting", "The speech recognition service is being changed.")
        else:
            self.heard_ms = event.heard_ms

    async def store_rest(self) -> None:
        """Store the silence at the end, which nothing followed."""
        window = self._silence.take()
        if window is not None:
            await in_database(store.store_window, self._job, window)

    async def _take_utterance(self, heard: WindowResult) -> None:
        window = self._silence.join(heard)
        if window is not None:
            await in_database(store.store_window, self._job, window)
        if heard.segments:
            await self._outbox.put(Final(segments=heard.segments, language=self._language))

    async def _take_language(self, heard: LanguageDetected) -> None:
        is_new = heard.language != self._language
        self._language = heard.language
        await in_database(take_language, self._job, heard)
        if is_new and heard.detected:
            await self._tell("language_detected", heard.language)

    async def _take_pace(self, pace: Pace) -> None:
        before, self._pace = self._pace, pace
        if pace.is_catching_up and not before.is_catching_up:
            await self._tell("catching_up", "Audio came faster than it can be shown live.")
        elif before.is_catching_up and not pace.is_catching_up:
            await self._tell("live_again", "The backlog is gone.")
        elif 0 < before.update_interval_ms < pace.update_interval_ms:
            await self._tell("slowed", "The server is busy: updates come less often.")

    async def _tell(self, code: str, message: str) -> None:
        await self._outbox.put(Notice(code=code, message=message))
