"""A connection of Deepgram's clients: its frames → commands, events → its messages. Pure.

    Results        is_final: the text is finalized; speech_final: and a pause ended the utterance
    SpeechStarted  with `vad_events`
    UtteranceEnd   with `utterance_end_ms`
    Metadata       last, before the socket is closed

After `Finalize` one `Results` has `from_finalize`: the one that ends what was sent, else an empty
one.
"""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from stt_web.core.errors import ApiError
from transcripts.dialects.deepgram.errors import as_deepgram
from transcripts.dialects.deepgram.live_options import read_listen_request
from transcripts.dialects.vendor_socket import Handshake, Message, Reply, read_object, request_id
from transcripts.dialects.words import bare, join_bare, running_words
from transcripts.live.audio_format import AudioSniffer
from transcripts.live.events import Ended, Failed, LiveEvent, Partial, Silence
from transcripts.live.events import Final as FinalText
from transcripts.live.messages import ServerStoppingError
from transcripts.live.protocol import (
    MAX_AUDIO_BYTES,
    Audio,
    ClientAction,
    FrameTooLargeError,
    Open,
    ProtocolError,
)
from transcripts.text.words import Word, join_words, mean_confidence
from transcripts.text.writing import join_texts

_CHANNEL: Final = [0, 1]
_DIGITS: Final = 4
_ACTIONS: Final = {
    "Finalize": ClientAction.FINALIZE,
    "KeepAlive": ClientAction.KEEP_ALIVE,
    "CloseStream": ClientAction.STOP,
}


class DeepgramDialect:
    is_patient = False

    def __init__(self, handshake: Handshake) -> None:
        """Raises InvalidOptionError."""
        self._asked = read_listen_request(handshake)
        self._sniffer = AudioSniffer(self._asked.format)
        self._request_id = request_id()
        self._created = datetime.now(UTC)
        self._sha256 = hashlib.sha256()
        self._model = ""
        self._is_over = False
        self._finalizes: list[int] = []  # up to where, in the order in which they were asked
        self._is_speaking = False  # words were recognised since the last endpoint
        self._last_word_end_ms = 0
        self._is_end_due = False  # an `UtteranceEnd`, once there is no word for long enough
        self._finalized_ms = 0

    def opening(self) -> Open:
        return Open(options=self._asked.options)

    def greet(self) -> list[Message]:
        return []

    def note_opened(self, transcript_id: str, model: str) -> list[Message]:
        self._model = model
        return []

    # From the client.

    def read(self, text: str | None, data: bytes) -> Iterable[Any]:
        """Raises FrameTooLargeError, ProtocolError, UnusableAudioError."""
        if self._is_over:
            return []
        if len(text or data) > MAX_AUDIO_BYTES:
            raise FrameTooLargeError
        if text is not None:
            return self._act(text)
        if not data:  # how the earliest clients close
            return self._end()
        self._sha256.update(data)
        usable = self._sniffer.take(data)
        return [Audio(usable, self._sniffer.format)] if usable else []

    def _act(self, text: str) -> list[Any]:
        frame = read_object(text)
        kind = frame.get("type")
        if kind == "Configure":
            return [Reply(self._refuse_configuration())]
        if not isinstance(kind, str) or kind not in _ACTIONS:
            raise ProtocolError(
                f"type must be one of {', '.join((*_ACTIONS, 'Configure'))}.",
                code="unknown_action",
            )
        action = _ACTIONS[kind]
        return self._end() if action is ClientAction.STOP else [action]

    def _end(self) -> list[Any]:
        self._is_over = True
        held = self._sniffer.finish()
        return [*([Audio(held, self._sniffer.format)] if held else []), ClientAction.STOP]

    def _refuse_configuration(self) -> Message:
        return {
            "type": "ConfigureFailure",
            "request_id": self._request_id,
            "code": "CONFIGURE_KEYTERMS_NOT_SUPPORTED",
            "description": "What is configured here is in the address, and stays.",
        }

    def note_finalize(self, position_ms: int) -> list[Message]:
        self._finalizes.append(position_ms)
        return self._advance(self._finalized_ms)

    # To the client.

    def write(self, event: LiveEvent) -> list[Message]:
        if isinstance(event, Partial):
            return self._write_partial(event)
        if isinstance(event, FinalText):
            return self._write_final(event)
        if isinstance(event, Silence):
            return self._advance(event.finalized_ms)
        if isinstance(event, Failed):
            return self.write_error(event.error)
        return [self._write_metadata(event)] if isinstance(event, Ended) else []

    def write_error(self, error: ApiError) -> list[Message]:
        """A server that stops shows it by its close."""
        if isinstance(error, ServerStoppingError):
            return []
        body = as_deepgram(error)
        older = {"description": error.message, "variant": error.code}
        return [{**body, **older, "type": "Error", "request_id": self._request_id}]

    def tick(self, accepted_ms: int) -> list[Message]:
        """`UtteranceEnd`, once so much audio came behind the last word without another one."""
        longest_ms = self._asked.utterance_end_ms
        if not longest_ms or not self._is_end_due:
            return []
        if self._is_speaking or accepted_ms < self._last_word_end_ms + longest_ms:
            return []
        self._is_end_due = False
        end_s = self._last_word_end_ms / 1000
        return [{"type": "UtteranceEnd", "channel": _CHANNEL, "last_word_end": end_s}]

    def _write_partial(self, event: Partial) -> list[Message]:
        words = (*event.committed, *event.pending)
        if event.is_ahead or not words:
            return []
        news = self._note_speech(words)
        if self._asked.has_interims:
            text = join_words(words)
            news.append(
                self._results(words, text, start_ms=event.start_ms, end_ms=event.covered_ms)
            )
        return news

    def _write_final(self, event: FinalText) -> list[Message]:
        words = [word for word, _ in running_words(event.segments)]
        text = join_texts((each.text for each in event.segments), language=event.language)
        news = self._note_speech(words)
        is_forced = self._answers_finalize(event.finalized_ms)
        is_endpoint = self._asked.has_endpoints and not event.is_cut and not is_forced
        results = self._results(
            words,
            text,
            start_ms=event.segments[0].start_ms,
            end_ms=event.end_ms,
            language=event.language,
        )
        results |= {"is_final": True, "speech_final": is_endpoint}
        if is_forced:
            results["from_finalize"] = True
        if not event.is_cut:
            self._is_speaking = False
        self._is_end_due = True
        return [*news, results]

    def _note_speech(self, words: Sequence[Word]) -> list[Message]:
        if not words:
            return []
        begins = not self._is_speaking
        self._is_speaking = True
        self._last_word_end_ms = words[-1].end_ms
        if not begins or not self._asked.has_speech_started:
            return []
        started_s = words[0].start_ms / 1000
        return [{"type": "SpeechStarted", "channel": _CHANNEL, "timestamp": started_s}]

    def _advance(self, finalized_ms: int) -> list[Message]:
        """There is no text before this that wasn't sent."""
        if not self._answers_finalize(finalized_ms):
            return []
        self._is_speaking = False
        empty = self._results((), "", start_ms=finalized_ms, end_ms=finalized_ms)
        return [empty | {"is_final": True, "from_finalize": True}]

    def _answers_finalize(self, finalized_ms: int) -> bool:
        """Whether what was asked to be finalized is by now. Once for several that are."""
        self._finalized_ms = max(self._finalized_ms, finalized_ms)
        # A call to the recogniser that went on from elsewhere may round down once more.
        left = [each for each in self._finalizes if each > self._finalized_ms + 1]
        is_answered = len(left) < len(self._finalizes)
        self._finalizes = left
        return is_answered

    def _results(
        self, words: Sequence[Word], text: str, *, start_ms: int, end_ms: int, language: str = ""
    ) -> Message:
        alternative: Message = {
            "transcript": text if self._asked.is_written else join_bare(words),
            "confidence": round(mean_confidence(words) or 0.0, _DIGITS),
            "words": [_write_word(word) for word in words],
        }
        if language:
            alternative["languages"] = [language]
        return {
            "type": "Results",
            "channel_index": _CHANNEL,
            "start": start_ms / 1000,
            "duration": (end_ms - start_ms) / 1000,
            "is_final": False,
            "speech_final": False,
            "channel": {"alternatives": [alternative]},
            "metadata": {
                "request_id": self._request_id,
                "model_info": {"name": self._model, "version": "", "arch": "whisper"},
                "model_uuid": self._model_id,
            },
        }

    def _write_metadata(self, ended: Ended) -> Message:
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": self._sha256.hexdigest(),
            "created": self._created.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "duration": ended.audio_duration_ms / 1000,
            "channels": 1,
            "models": [self._model_id],
            "model_info": {self._model_id: {"name": self._model, "version": "", "arch": "whisper"}},
        }

    @property
    def _model_id(self) -> str:
        return model_id_of(self._model)


def model_id_of(model: str) -> str:
    """Return an id of the shape that clients expect of a model, always the same."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, model))


def _write_word(word: Word) -> Message:
    return {
        "word": bare(word.text),
        "start": word.start_ms / 1000,
        "end": word.end_ms / 1000,
        "confidence": round(word.confidence or 0.0, _DIGITS),
        "punctuated_word": word.text,
    }
