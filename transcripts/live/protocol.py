"""The client's frames on `WS /v1/stream`: frames in, commands out. Pure; `messages` is the way
back.

Two dialects; the first frame decides, for good (docs/live.md):

    documented   begins with a text frame, the configuration or an action
    SDK          begins with a binary frame (`sttai` 0.1.0); an empty one is the end

The session is opened by the first configuration, or by audio where none came before it. Actions are
understood in both dialects. After the end nothing is listened to any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any

from stt_web.core.errors import ApiError
from stt_web.core.strict_json import StrictJsonError, parse_json
from transcripts.live.audio_format import (
    RATE_HZ,
    AudioFormat,
    AudioSniffer,
    Encoding,
    read_encoding,
    read_rate_hz,
)
from transcripts.live.events import SessionNotice
from transcripts.option_kinds import InvalidOptionError
from transcripts.options import (
    LONGEST_ENDPOINTING_MS,
    SHORTEST_ENDPOINTING_MS,
    TranscriptionOptions,
    live_options,
)
from transcripts.text.languages import MULTI

MAX_AUDIO_BYTES = 1024 * 1024
MAX_TEXT_CHARACTERS = 8 * 1024
MAX_TITLE_CHARACTERS = 255
MAX_DELIVERED_S = 10**9


# What is configured in the address, too.
_OF_THE_ADDRESS = (
    *("model", "language", "languages", "aligner", "endpointing_ms"),
    *("encoding", "sample_rate"),
)


class ProtocolError(ApiError):
    """400: a frame that is none of the protocol's."""


class FrameTooLargeError(ApiError):
    status = 413
    code = "frame_too_large"

    def __init__(self) -> None:
        super().__init__(
            f"A frame may have {MAX_AUDIO_BYTES} bytes of audio, or {MAX_TEXT_CHARACTERS}"
            " characters of text."
        )


class Dialect(Enum):
    DOCUMENTED = "documented"
    SDK = "sdk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Open the session, for what `options` ask."""

    options: TranscriptionOptions
    second_pass: bool = False
    title: str = ""
    resume_token: str = field(default="", repr=False)
    delivered_ms: int | None = None
    encoding: Encoding = Encoding.PCM_S16LE
    sample_rate: int = RATE_HZ


@dataclass(frozen=True, slots=True)
class Audio:
    """Any number of bytes of audio, always in one format."""

    data: bytes
    format: AudioFormat


@dataclass(frozen=True, slots=True)
class Configure:
    language: str


class ClientAction(Enum):
    STOP = "stop"
    FINALIZE = "finalize"
    KEEP_ALIVE = "keepalive"


# A notice is for the client: something it sent has no effect.
Command = Open | Audio | Configure | ClientAction | SessionNotice


class MessageDecoder:
    """One connection's. `query`: the parameters of its address, for what isn't configured."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self._query = {name: query[name] for name in _OF_THE_ADDRESS if name in query}
        self._opened: Open | None = None
        self._sniffer: AudioSniffer | None = None
        self._is_over = False
        self.dialect: Dialect | None = None

    def read_binary(self, data: bytes) -> list[Command]:
        """Raises FrameTooLargeError, InvalidOptionError, UnusableAudioError."""
        if self._is_over:
            return []
        if len(data) > MAX_AUDIO_BYTES:
            raise FrameTooLargeError
        self.dialect = self.dialect or Dialect.SDK
        if data:
            return self._take_audio(data)
        return self._end() if self.dialect is Dialect.SDK else []

    def _take_audio(self, data: bytes) -> list[Command]:
        """Nothing is opened for audio that can't be used."""
        if self._sniffer is None:
            opened = self._opened or _read_config(self._query)
            self._sniffer = AudioSniffer(AudioFormat(opened.encoding, opened.sample_rate))
        usable = self._sniffer.take(data)
        return [*self._open_once(), Audio(usable, self._sniffer.format)] if usable else []

    def read_text(self, text: str) -> list[Command]:
        """Raises ProtocolError, FrameTooLargeError, InvalidOptionError."""
        if self._is_over:
            return []
        if len(text) > MAX_TEXT_CHARACTERS:
            raise FrameTooLargeError
        frame = _parse(text)
        self.dialect = self.dialect or Dialect.DOCUMENTED
        if "action" in frame:
            return self._act(frame)
        if self.dialect is Dialect.SDK:
            raise ProtocolError(
                "Audio is expected here, as binary frames. The configuration comes before it.",
                code="audio_expected",
            )
        return self._configure(frame)

    def _act(self, frame: dict[str, Any]) -> list[Command]:
        name = frame.pop("action")
        if name == "configure":
            return self._configure(frame)
        if name == ClientAction.STOP.value:
            return self._end()
        if name in (ClientAction.FINALIZE.value, ClientAction.KEEP_ALIVE.value):
            return [ClientAction(name)]
        raise ProtocolError(
            "action must be one of stop, finalize, keepalive, configure.", code="unknown_action"
        )

    def _configure(self, frame: dict[str, Any]) -> list[Command]:
        """The first time, open; after that, only the language can be another."""
        opened = self._opened
        if opened is None:
            return self._open_once(frame)
        wanted = _read_config({"model": opened.options.model} | frame)
        asked = wanted.options
        commands: list[Command] = [Configure(asked.language)] if "language" in frame else []
        late = [name for name in frame if _is_late(name, wanted=wanted, opened=opened)]
        if asked.is_multilingual and not opened.options.is_multilingual:
            late.append(f"language={MULTI}")
        if late:
            names = ", ".join(late)
            message = f"The session is open: {names} can't be changed any more."
            commands.append(SessionNotice(code="config_ignored", message=message))
        return commands

    def _open_once(self, frame: dict[str, Any] | None = None) -> list[Command]:
        if self._opened is not None:
            return []
        self._opened = _read_config(self._query | (frame or {}))
        return [self._opened]

    def _end(self) -> list[Command]:
        self._is_over = True
        held = self._sniffer.finish() if self._sniffer is not None else b""
        if self._sniffer is None or not held:
            return [ClientAction.STOP]
        return [*self._open_once(), Audio(held, self._sniffer.format), ClientAction.STOP]


def _parse(text: str) -> dict[str, Any]:
    try:
        fields = parse_json(text)
    except StrictJsonError as error:
        message = f"A text frame must be a JSON object: {error}."
        raise ProtocolError(message, code="invalid_json") from None
    if not isinstance(fields, dict):
        raise ProtocolError("A text frame must be a JSON object.", code="invalid_json")
    return fields


def _read_config(frame: Mapping[str, Any]) -> Open:
    """Keys that we don't know are left alone."""
    sent = {
        name: (_read_list if isinstance(declared.kind.default, tuple) else _read_text)(frame, name)
        for name, declared in live_options(TranscriptionOptions).items()
    }
    return Open(
        options=replace(
            TranscriptionOptions.parse(sent),
            diarize=False,
            endpointing_ms=_read_endpointing_ms(frame),
        ),
        second_pass=_read_boolean(frame, "second_pass"),
        title=_read_title(frame),
        resume_token=_read_token(frame),
        delivered_ms=_read_delivered(frame),
        encoding=read_encoding(frame),
        sample_rate=read_rate_hz(frame),
    )


def _is_late(name: str, *, wanted: Open, opened: Open) -> bool:
    """Whether a frame changes what can't be changed once the session is open."""
    if name == "endpointing_ms" or name in live_options(TranscriptionOptions):
        is_same = getattr(wanted.options, name) == getattr(opened.options, name)
        return name != "language" and not is_same
    if name == "options" or name not in {part.name for part in fields(Open)}:
        return False
    return bool(getattr(wanted, name) != getattr(opened, name))


def _read_text(frame: Mapping[str, Any], name: str) -> str:
    value = frame.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidOptionError(name, f"{name} must be a text.")
    return value


def _read_list(frame: Mapping[str, Any], name: str) -> str:
    """Return a list, or a text with commas, as the latter."""
    value = frame.get(name)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ",".join(value)
    return _read_text(frame, name)


def _read_endpointing_ms(frame: Mapping[str, Any]) -> int:
    """Return 0 where none is asked for: the server's own pauses."""
    pause = frame.get("endpointing_ms")
    if pause is None or pause == "":
        return 0
    is_text = isinstance(pause, str) and pause.isascii() and pause.isdigit() and len(pause) < 7
    pause_ms = int(pause) if is_text else pause  # text: of the address
    is_whole = isinstance(pause_ms, int) and not isinstance(pause_ms, bool)
    if is_whole and SHORTEST_ENDPOINTING_MS <= pause_ms <= LONGEST_ENDPOINTING_MS:
        return int(pause_ms)
    raise InvalidOptionError(
        "endpointing_ms",
        f"endpointing_ms must be a whole number, {SHORTEST_ENDPOINTING_MS} to"
        f" {LONGEST_ENDPOINTING_MS} (ms).",
    )


def _read_token(frame: Mapping[str, Any]) -> str:
    token = _read_text(frame, "resume_token")
    if len(token) > 200 or not token.isascii():
        raise InvalidOptionError("resume_token", "resume_token is none of this server's.")
    return token


def _read_delivered(frame: Mapping[str, Any]) -> int | None:
    delivered_s = frame.get("last_received")
    if delivered_s is None:
        return None
    is_number = isinstance(delivered_s, int | float) and not isinstance(delivered_s, bool)
    if is_number and 0 <= delivered_s <= MAX_DELIVERED_S:
        return round(float(delivered_s) * 1000)
    raise InvalidOptionError(
        "last_received", "last_received must be the `end` of the last text, in seconds."
    )


def _read_boolean(frame: Mapping[str, Any], name: str) -> bool:
    value = frame.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise InvalidOptionError(name, f"{name} must be true or false.")
    return value


def _read_title(frame: Mapping[str, Any]) -> str:
    title = _read_text(frame, "title")
    shown = "".join(char if char.isprintable() else " " for char in title).strip()
    return shown[:MAX_TITLE_CHARACTERS]
