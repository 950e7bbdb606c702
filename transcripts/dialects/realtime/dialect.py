"""A Realtime connection: its client's events → commands, the session's events → its events. Pure.

An item is what was spoken between two commits: the client's, or, with turn detection, the pauses
that end an utterance. The session is opened by the first audio. A commit finalizes what was sent:
its item is complete once the session reports that all up to there is final (`Final.finalized_ms`,
`Silence`).
"""

import base64
import binascii
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, Final

from stt_web.core.errors import ApiError
from transcripts.dialects.openai.errors import as_openai
from transcripts.dialects.realtime.config import SessionConfig, translate_earlier
from transcripts.dialects.realtime.items import Item, ItemIds, Message
from transcripts.dialects.vendor_socket import Handshake, Reply, read_object
from transcripts.live.events import Ended, Failed, LiveEvent, Partial, Silence
from transcripts.live.events import Final as FinalText
from transcripts.live.messages import ServerStoppingError
from transcripts.live.protocol import (
    MAX_AUDIO_BYTES,
    Audio,
    ClientAction,
    Configure,
    FrameTooLargeError,
    Open,
    ProtocolError,
)
from transcripts.option_kinds import InvalidOptionError

# As long as a session of the original lasts: after that, silence ends one here as everywhere.
PATIENCE_S: Final = 3600.0
_COMMIT_EMPTY: Final = "input_audio_buffer_commit_empty"


class RealtimeDialect:
    def __init__(self, handshake: Handshake) -> None:
        """Raises InvalidOptionError."""
        self._session_id = f"sess_{secrets.token_hex(12)}"
        self._config = _read_handshake(handshake)
        self._item_ids = ItemIds(self._session_id)
        self._event_numbers = count(1)
        self._until = time.monotonic() + PATIENCE_S
        self._is_open = False
        self._received_ms = self._uncommitted_ms = 0.0  # of audio, as it was sent
        self._ms_committed = 0
        self._finalized_ms = 0
        self._last_committed: str | None = None
        self._growing: Item | None = None
        self._committed: deque[Item] = deque()  # finalized next
        self._asked: deque[Item] = deque()  # of those, whose place isn't known yet

    @property
    def is_patient(self) -> bool:
        """A client that holds its button rarely may be silent for long."""
        return time.monotonic() < self._until

    def opening(self) -> None:
        return None

    def greet(self) -> list[Message]:
        return self._number([{"type": "session.created", "session": self._shown}])

    def note_opened(self, transcript_id: str, model: str) -> list[Message]:
        return []

    def tick(self, accepted_ms: int) -> list[Message]:
        return []

    @property
    def _shown(self) -> Message:
        return self._config.as_json(self._session_id)

    # From the client.

    def read(self, text: str | None, data: bytes) -> Iterable[Any]:
        """Raises FrameTooLargeError; all else is an event `error`."""
        if len(text or data) > MAX_AUDIO_BYTES:
            raise FrameTooLargeError
        event: dict[str, Any] = {}
        try:
            event = _parse(text)
            obey = self._obeyed.get(event.get("type", ""))
            if obey is None:
                raise ProtocolError(
                    f"Unknown event type {str(event.get('type'))[:60]!r}. Known are"
                    f" {', '.join(self._obeyed)}.",
                    code="invalid_value",
                    extra={"field": "type"},
                )
            return obey(event)
        except (ProtocolError, InvalidOptionError) as error:
            sent_id = event.get("event_id")
            return self._replies([_write_error(error, event_id=sent_id)])

    @property
    def _obeyed(self) -> dict[str, Callable[[dict[str, Any]], list[Any]]]:
        return {
            "session.update": self._update,
            "transcription_session.update": self._update_earlier,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
        }

    def _update(self, event: dict[str, Any], answer: str = "session.updated") -> list[Any]:
        known = self._config
        self._config = known.update(event.get("session"), is_open=self._is_open)
        replies = self._replies([{"type": answer, "session": self._shown}])
        language = self._config.options.language
        if self._is_open and language != known.options.language:
            return [Configure(language), *replies]
        return replies

    def _update_earlier(self, event: dict[str, Any]) -> list[Any]:
        session = translate_earlier(event.get("session"))
        return self._update({"session": session}, "transcription_session.updated")

    def _append(self, event: dict[str, Any]) -> list[Any]:
        sent = event.get("audio")
        try:
            if not isinstance(sent, str):
                raise binascii.Error
            data = base64.b64decode(sent, validate=True)
        except (binascii.Error, ValueError):
            raise ProtocolError(
                "audio must be bytes in base64.", code="invalid_value", extra={"field": "audio"}
            ) from None
        if not data:
            return []
        length_ms = self._config.format.length_ms(data)
        self._received_ms += length_ms
        self._uncommitted_ms += length_ms
        audio = Audio(data, self._config.format)
        if self._is_open:
            return [audio]
        self._is_open = True
        return [Open(options=self._config.options), audio]

    def _commit(self, event: dict[str, Any]) -> list[Any]:
        if not self._uncommitted_ms:
            raise ProtocolError(
                "There is no audio to commit: none was sent since the last commit.",
                code=_COMMIT_EMPTY,
            )
        item = self._take_growing()
        self._asked.append(item)
        return [*self._replies([self._announce_commit(item)]), ClientAction.FINALIZE]

    def _clear(self, event: dict[str, Any]) -> list[Any]:
        """What was sent is recognised by now, or will be; the client gets none of it."""
        replies = self._replies([{"type": "input_audio_buffer.cleared"}])
        if not self._uncommitted_ms:
            return replies
        item = self._take_growing()
        item.is_cleared = True
        self._asked.append(item)
        return [*replies, ClientAction.FINALIZE]

    def note_finalize(self, position_ms: int) -> list[Message]:
        item = self._asked.popleft()
        item.end_ms = self._ms_committed = position_ms
        self._committed.append(item)
        return self._complete() if position_ms <= self._finalized_ms else []

    def _take_growing(self) -> Item:
        self._uncommitted_ms = 0.0
        item = self._growing or self._make_item(self._ms_committed)
        self._growing = None
        return item

    # To the client.

    def write(self, event: LiveEvent) -> list[Message]:
        if isinstance(event, Partial):
            return self._number(self._note_partial(event))
        if isinstance(event, FinalText):
            return self._number([*self._note_final(event), *self._advance(event.finalized_ms)])
        if isinstance(event, Silence):
            return self._number([*self._note_silence(event), *self._advance(event.finalized_ms)])
        if isinstance(event, Failed):
            return self.write_error(event.error)
        assert not isinstance(event, Ended) or not self._committed  # noqa: S101  # all are final
        return []

    def write_error(self, error: ApiError) -> list[Message]:
        """A server that stops shows it by its close: clients take an `error` for the last word."""
        if isinstance(error, ServerStoppingError):
            return []
        body = as_openai(error)["error"]
        open_items = [item for item in (*self._committed, *self._asked) if not item.is_cleared]
        failed = [item.write_failed(body) for item in open_items]
        return self._number([*failed, _write_error(error)])

    def _note_partial(self, event: Partial) -> list[Message]:
        if event.is_ahead or not (event.committed or event.pending):
            return []
        item, news = self._item_at(event.start_ms)
        if item.is_cleared:
            return []
        delta = item.take_delta(item.with_partial(event))
        return [*news, item.write_delta(delta)] if delta else news

    def _note_final(self, event: FinalText) -> list[Message]:
        item, news = self._item_at(event.segments[0].start_ms)
        item.add(event)
        if item.is_cleared:
            return []
        delta = item.take_delta(item.text)
        news = [*news, item.write_delta(delta)] if delta else news
        if self._has_turns and item is self._growing and not event.is_cut:
            return [*news, *self._end_turn(item)]
        return news

    def _note_silence(self, event: Silence) -> list[Message]:
        """Speech that was none after all."""
        item = self._growing
        if item is None or not item.is_announced:
            return []
        item.spoken_until_ms = item.spoken_until_ms or event.finalized_ms
        return self._end_turn(item)

    @property
    def _has_turns(self) -> bool:
        return self._config.turn_detection is not None

    def _item_at(self, start_ms: int) -> tuple[Item, list[Message]]:
        """Return the item that is being spoken, and what is to be announced of it."""
        if self._committed:
            return self._committed[0], []
        if self._asked:
            return self._asked[0], []
        if self._growing is None:
            self._growing = self._make_item(start_ms if self._has_turns else self._ms_committed)
        item, news = self._growing, []
        if self._has_turns and not item.is_announced:
            item.is_announced, item.start_ms = True, start_ms
            news = [
                {
                    "type": "input_audio_buffer.speech_started",
                    "audio_start_ms": start_ms,
                    "item_id": item.id,
                }
            ]
        return item, news

    def _end_turn(self, item: Item) -> list[Message]:
        self._growing = None
        self._uncommitted_ms = max(0.0, self._received_ms - item.spoken_until_ms)
        item.end_ms = self._ms_committed = item.spoken_until_ms
        stopped = {
            "type": "input_audio_buffer.speech_stopped",
            "audio_end_ms": item.spoken_until_ms,
            "item_id": item.id,
        }
        return [stopped, self._announce_commit(item), self._write_completed(item)]

    def _announce_commit(self, item: Item) -> Message:
        previous, self._last_committed = self._last_committed, item.id
        return {
            "type": "input_audio_buffer.committed",
            "item_id": item.id,
            "previous_item_id": previous,
        }

    def _advance(self, finalized_ms: int) -> list[Message]:
        self._finalized_ms = max(self._finalized_ms, finalized_ms)
        return self._take_completed()

    def _complete(self) -> list[Message]:
        return self._number(self._take_completed())

    def _take_completed(self) -> list[Message]:
        completed = []
        # A call to the recogniser that went on from elsewhere may round down once more.
        reached_ms = self._finalized_ms + 1
        while self._committed and (self._committed[0].end_ms or 0) <= reached_ms:
            item = self._committed.popleft()
            if not item.is_cleared:
                completed.append(self._write_completed(item))
        return completed

    def _write_completed(self, item: Item) -> Message:
        return item.write_completed(has_logprobs=self._config.has_logprobs)

    def _make_item(self, start_ms: int) -> Item:
        return Item(self._item_ids.make(), start_ms)

    def _replies(self, messages: list[Message]) -> list[Any]:
        return [Reply(message) for message in self._number(messages)]

    def _number(self, messages: list[Message]) -> list[Message]:
        """Each event has an id of its own."""
        prefix = f"event_{self._session_id.removeprefix('sess_')}"
        return [{"event_id": f"{prefix}_{next(self._event_numbers)}", **each} for each in messages]


def _read_handshake(handshake: Handshake) -> SessionConfig:
    """Raises InvalidOptionError."""
    intent, model = handshake.value("intent"), handshake.value("model")
    if intent not in ("", "transcription"):
        raise InvalidOptionError("intent", "Only intent=transcription is served here.")
    if not intent and model.startswith("gpt-realtime") and "whisper" not in model:
        raise InvalidOptionError(
            "model", "Sessions that answer are not served here: connect with intent=transcription."
        )
    config = SessionConfig()
    if model:
        transcription = {"transcription": {"model": model}}
        config = config.update({"audio": {"input": transcription}}, is_open=False)
    return config.update(dict(handshake.session), is_open=False)


def _parse(text: str | None) -> dict[str, Any]:
    if text is None:
        raise ProtocolError(
            "Events are text: audio is in input_audio_buffer.append.", code="invalid_json"
        )
    return read_object(text)


def _write_error(error: ApiError, *, event_id: object = None) -> Message:
    body = as_openai(error)["error"]
    assert isinstance(body, dict)  # noqa: S101
    return {"type": "error", "error": {**body, "event_id": event_id}}
