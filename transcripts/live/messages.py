"""The server's messages on `WS /v1/stream`: events in, messages out. Pure; see `protocol`, too.

A message is numbered when it is sent (`MessageEncoder.encode`): only then is its place known.

Every message has `text` and `partial` (empty where there is none), `seq`, `audio_ms`,
`transcript_id`, `is_final` and `final`; stt_web/reference/asyncapi.yaml describes each kind. Times
are seconds.
"""

import json
from typing import Any

from django.utils import translation

from stt_web.core.errors import ApiError
from transcripts.live.events import Ended, Failed, Final, LiveEvent, Partial, Ready, SessionNotice
from transcripts.live.protocol import Dialect, FrameTooLargeError
from transcripts.services.shown_gaps import seconds_in
from transcripts.text.words import ATTENTION, Word, join_words
from transcripts.text.writing import join_texts

Message = dict[str, Any]

NORMAL_CLOSE = 1000


class ServerStoppingError(ApiError):
    """The session is paused; any other process of the server goes on with it."""

    status = 503
    code = "server_stopping"

    def __init__(self, *, resume_token: str) -> None:
        advice = "Connect again, with this resume_token, to go on." if resume_token else ""
        super().__init__(
            f"The server is being restarted. {advice or 'Connect again.'}",
            extra={"resume_token": resume_token} if resume_token else {},
        )


def close_code(error: ApiError) -> int:
    """Return the code with which the socket is closed after `error` was sent (docs/live.md).

    RFC 6455 and its registry where they have one, else 4000 + the HTTP status.
    """
    if error.code == ServerStoppingError.code:
        return 1012
    if error.code == FrameTooLargeError.code:
        return 1009
    if error.status == 500:
        return 1011
    return 4000 + error.status if error.status < 500 else 1013


class MessageEncoder:
    """Writes the messages of one connection, numbered from 1."""

    def __init__(self) -> None:
        self.seq = 0  # of the last one that was sent
        self._transcript_id: str | None = None
        self._model: str | None = None  # that runs
        self.dialect: Dialect | None = None
        self.audio_ms = 0
        self.language = "en"  # of the sentences in errors

    def encode(self, message: Message) -> str:
        """Return the message as it is sent, now."""
        self.seq += 1
        message["seq"] = self.seq
        return json.dumps(message, ensure_ascii=False, separators=(",", ":"))

    def ready(self) -> Message:
        return self._message(status="ready")

    def started(self, opened: Ready) -> Message:
        self._transcript_id = opened.transcript_id
        self._model = opened.model
        self.audio_ms = opened.audio_ms
        return self._message(
            status="started",
            model=opened.model,
            resume_token=opened.resume_token,
            transcript_token=opened.guest_token,
        )

    def listening(self) -> Message:
        return self._message(status="listening")

    def event(self, event: LiveEvent) -> Message:
        if isinstance(event, Partial):
            return self._partial(event)
        if isinstance(event, Final):
            return self._final(event)
        if isinstance(event, SessionNotice):
            return self._message(notice=event.code, message=event.message)
        if isinstance(event, Ended):
            return self._end(event)
        if isinstance(event, Failed):
            return self._failure(event)
        assert isinstance(event, Ready), "silence isn't sent here"  # noqa: S101
        return self.started(event)

    def error(self, error: ApiError) -> Message:
        with translation.override(self.language):
            body = error.as_body()
        if "Retry-After" in error.headers:
            body["retry_after"] = int(error.headers["Retry-After"])
        return self._message(**body)

    def _partial(self, hypothesis: Partial) -> Message:
        committed = join_words(hypothesis.committed)
        return self._message(
            partial=join_words((*hypothesis.committed, *hypothesis.pending)),
            committed=committed,
            start=hypothesis.start_ms / 1000,
            end=hypothesis.covered_ms / 1000,
            words=[
                *(_word(word, is_committed=True) for word in hypothesis.committed),
                *(_word(word, is_committed=False) for word in hypothesis.pending),
            ],
        )

    def _final(self, finalized: Final) -> Message:
        return self._message(
            text=join_texts(
                (segment.text for segment in finalized.segments), language=finalized.language
            ),
            language=finalized.language or None,
            start=finalized.segments[0].start_ms / 1000,
            end=finalized.end_ms / 1000,
            words=[
                _word(word, is_committed=True)
                for segment in finalized.segments
                for word in segment.words
            ],
        )

    def _end(self, ended: Ended) -> Message:
        return self._message(
            text=self._last_text(ended.text),
            transcript=ended.text,
            language=ended.language or None,
            model=self._model,
            duration=ended.audio_duration_ms / 1000,
            credits_charged=ended.credits_charged,
            gap_seconds=seconds_in(ended.warnings),
            warnings=list(ended.warnings),
            is_final=True,
            final=True,
        )

    def _failure(self, failed: Failed) -> Message:
        return self.error(failed.error) | {
            "text": self._last_text(failed.text),
            "transcript": failed.text,
            "is_final": True,
            "final": True,
        }

    def _last_text(self, whole: str) -> str:
        """In the documented dialect every final text was sent already."""
        return whole if self.dialect is Dialect.SDK else ""

    def _message(self, **own: object) -> Message:
        return {
            "text": "",
            "partial": "",
            "seq": 0,
            "audio_ms": self.audio_ms,
            "transcript_id": self._transcript_id,
            "is_final": False,
            "final": False,
            **own,
        }


def _word(word: Word, *, is_committed: bool) -> Message:
    return {
        "word": word.text,
        "start": word.start_ms / 1000,
        "end": word.end_ms / 1000,
        "confidence": round(word.confidence or 0.0, 3),
        "timing": word.timing or ATTENTION,
        "committed": is_committed,
    }
