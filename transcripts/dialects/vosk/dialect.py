"""A connection of Vosk's clients: its frames → commands, events → its answers. Pure.

    {"config": {"sample_rate", "words", "phrase_list", …}}    first, if at all; not answered
    audio                              {"partial": …}, or {"text": …} where one was finalized since
    {"eof": 1}                         the last {"text": …}, with all that is left; then the end

Clients send a frame and wait for its answer: so each has one, at once, of what there is by then.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from stt_web.core.errors import ApiError
from transcripts.dialects.vendor_socket import (
    Close,
    Handshake,
    LateReply,
    Message,
    Reply,
    read_object,
)
from transcripts.live.audio_format import AudioFormat, AudioSniffer, Encoding, read_rate_hz
from transcripts.live.events import Ended, Failed, Final, LiveEvent, Partial
from transcripts.live.protocol import (
    MAX_AUDIO_BYTES,
    Audio,
    ClientAction,
    FrameTooLargeError,
    Open,
    ProtocolError,
)
from transcripts.option_kinds import FlagOption
from transcripts.options import TranscriptionOptions
from transcripts.text.words import Word, join_words
from transcripts.text.writing import join_texts


class VoskDialect:
    is_patient = False

    def __init__(self, handshake: Handshake) -> None:
        """`?model=` and `?language=` name them: Vosk's clients have no place for that. Raises
        InvalidOptionError."""
        asked = {name: handshake.value(name) for name in ("model", "language")}
        self._options = TranscriptionOptions.parse({**asked, "diarize": "false"})
        self._format = AudioFormat(
            Encoding.PCM_S16LE, read_rate_hz({"sample_rate": handshake.value("sample_rate")})
        )
        self._sniffer: AudioSniffer | None = None
        self._has_words = True
        self._is_over = False
        self._partial = ""
        self._finals: deque[Final] = deque()

    def opening(self) -> None:
        return None

    def greet(self) -> list[Message]:
        return []

    def note_opened(self, transcript_id: str, model: str) -> list[Message]:
        return []

    def note_finalize(self, position_ms: int) -> list[Message]:
        return []

    def tick(self, accepted_ms: int) -> list[Message]:
        return []

    # From the client.

    def read(self, text: str | None, data: bytes) -> Iterable[Any]:
        """Raises FrameTooLargeError, ProtocolError, InvalidOptionError, UnusableAudioError."""
        if self._is_over:
            return []
        if len(text or data) > MAX_AUDIO_BYTES:
            raise FrameTooLargeError
        return self._take(data) if text is None else self._act(read_object(text))

    def _take(self, data: bytes) -> list[Any]:
        commands: list[Any] = []
        if self._sniffer is None:
            self._sniffer = AudioSniffer(self._format)
            commands.append(Open(options=self._options))
        usable = self._sniffer.take(data)
        if usable:
            commands.append(Audio(usable, self._sniffer.format))
        return [*commands, LateReply(self._answer)]

    def _act(self, frame: dict[str, Any]) -> list[Any]:
        if "config" in frame:
            self._configure(frame["config"])
            return []
        if "eof" in frame:
            self._is_over = True
            return self._end()
        if "reset" in frame:
            return [ClientAction.FINALIZE]
        raise ProtocolError("A text frame has config, eof or reset.", code="unknown_action")

    def _end(self) -> list[Any]:
        if self._sniffer is None:
            return [Reply(self._result(())), Close.NORMALLY]
        held = self._sniffer.finish()
        audio = [Audio(held, self._sniffer.format)] if held else []
        return [*audio, ClientAction.STOP]

    def _configure(self, sent: object) -> None:
        if not isinstance(sent, dict):
            raise ProtocolError("config must be an object.", code="invalid_value")
        if "sample_rate" in sent:
            rate = sent["sample_rate"]
            whole = int(rate) if isinstance(rate, float) and rate.is_integer() else rate
            self._format = replace(self._format, rate_hz=read_rate_hz({"sample_rate": whole}))
        if "words" in sent:
            self._has_words = FlagOption().parse("words", str(sent["words"]))
        phrases = sent.get("phrase_list")
        if isinstance(phrases, list):
            words = [str(phrase).replace(",", " ") for phrase in phrases if phrase != "[unk]"]
            hot = TranscriptionOptions.parse({"hot_words": ",".join(words)}).hot_words
            self._options = replace(self._options, hot_words=hot)

    # To the client.

    def _answer(self) -> Message:
        """Return what a frame of audio is answered with now."""
        if self._finals:
            return self._result([self._finals.popleft()])
        return {"partial": self._partial}

    def write(self, event: LiveEvent) -> list[Message]:
        if isinstance(event, Partial) and not event.is_ahead:
            self._partial = join_words((*event.committed, *event.pending))
        elif isinstance(event, Final):
            self._partial = ""
            self._finals.append(event)
        elif isinstance(event, Ended):
            return [self._result(tuple(self._finals))]
        elif isinstance(event, Failed):
            return self.write_error(event.error)
        return []

    def write_error(self, error: ApiError) -> list[Message]:
        """Vosk has no errors: ours."""
        return [error.as_body()]

    def _result(self, finals: Sequence[Final]) -> Message:
        segments = [segment for final in finals for segment in final.segments]
        language = finals[0].language if finals else ""
        result: Message = {}
        if self._has_words and segments:
            words = [word for segment in segments for word in segment.words]
            result["result"] = [_write_word(word) for word in words]
        return result | {"text": join_texts((each.text for each in segments), language=language)}


def _write_word(word: Word) -> Message:
    return {
        "word": word.text,
        "start": word.start_ms / 1000,
        "end": word.end_ms / 1000,
        "conf": word.confidence or 0.0,
    }
