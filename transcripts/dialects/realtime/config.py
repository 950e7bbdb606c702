"""A transcription session's configuration: what clients send of it → what is in effect.

Fields that are left out of an update keep their value. What is shown is what is in effect: a field
that this server doesn't heed isn't shown (docs/openai.md has the table).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from transcripts.dialects.openai.request import is_alias
from transcripts.live.audio_format import (
    MAX_RATE_HZ,
    MIN_RATE_HZ,
    AudioFormat,
    Encoding,
)
from transcripts.option_kinds import InvalidOptionError
from transcripts.options import TranscriptionOptions, limit_endpointing

_INPUT: Final = "session.audio.input"
_DEFAULT_RATE_HZ: Final = 24_000
_USUAL_FORMAT: Final = AudioFormat(Encoding.PCM_S16LE, _DEFAULT_RATE_HZ)
_TELEPHONE_RATE_HZ: Final = 8_000
_TELEPHONY: Final = {"audio/pcmu": Encoding.MULAW, "audio/pcma": Encoding.ALAW}
_SERVER_VAD: Final = "server_vad"
_TURN_DETECTIONS: Final = (_SERVER_VAD, "semantic_vad")
_LONGEST_SILENCE_MS: Final = 60_000
_LOGPROBS: Final = "item.input_audio_transcription.logprobs"
# OpenAI's models without voice activity detection: their clients commit.
_WITHOUT_TURNS: Final = ("gpt-realtime-whisper", "gpt-live-transcribe")
# Of the API's earlier version, by the names that its events have.
_EARLIER_FORMATS: Final = {
    "pcm16": {"type": "audio/pcm"},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711_alaw": {"type": "audio/pcma"},
}


@dataclass(frozen=True, kw_only=True)
class SessionConfig:
    """`turn_detection` None: the client commits. `options`: what the recogniser is asked for."""

    model: str = ""
    format: AudioFormat = _USUAL_FORMAT
    turn_detection: str | None = _SERVER_VAD
    options: TranscriptionOptions = field(
        default_factory=lambda: TranscriptionOptions(diarize=False)
    )
    has_logprobs: bool = False

    def update(self, sent: object, *, is_open: bool) -> "SessionConfig":
        """Return what it is after a client's `session`.

        `is_open`: audio was sent; by then only the language, turns and `include` can change.
        Raises InvalidOptionError, which names the field.
        """
        session = _read_object(sent, "session")
        if session.get("type", "transcription") != "transcription":
            raise InvalidOptionError(
                "session.type", "Only sessions of the type transcription are served here."
            )
        sound = _read_object(_read_object(session.get("audio"), "session.audio").get("input"),
                             _INPUT)  # fmt: skip
        changed = self._update_transcription(sound.get("transcription"), is_open=is_open)
        if sound.get("format") is not None:
            changed = replace(changed, format=_read_format(sound["format"]))
        if "turn_detection" in sound:
            changed = changed._update_turns(sound["turn_detection"], is_open=is_open)
        if session.get("include") is not None:
            changed = replace(changed, has_logprobs=_read_include(session["include"]))
        if is_open and changed.format != self.format:
            raise InvalidOptionError(
                f"{_INPUT}.format", "The format can't change once there is audio."
            )
        return changed

    def _update_transcription(self, sent: object, *, is_open: bool) -> "SessionConfig":
        if sent is None:
            return self
        asked = _read_object(sent, f"{_INPUT}.transcription")
        model = _read_text(asked, "model", self.model)
        options = _read_options(asked, self.options, model=model)
        turns = self.turn_detection
        if model != self.model and model in _WITHOUT_TURNS:
            turns = None
        if is_open:  # what the recogniser was opened with stays
            model = self.model
            options = replace(self.options, language=options.language)
        return replace(self, model=model, options=options, turn_detection=turns)

    def _update_turns(self, sent: object, *, is_open: bool) -> "SessionConfig":
        options = self.options
        if not is_open:  # what the recogniser was opened with stays
            options = replace(options, endpointing_ms=_read_silence_ms(sent))
        return replace(self, turn_detection=_read_turns(sent), options=options)

    def as_json(self, session_id: str) -> dict[str, Any]:
        options = self.options
        spoken = {"language": options.language or None, "languages": list(options.languages)}
        asked = {
            "model": self.model or None,
            **spoken,
            "prompt": options.prompt or None,
            "keywords": list(options.hot_words),
        }
        turns: dict[str, Any] | None = None
        if self.turn_detection:
            turns = {"type": self.turn_detection}
            if self.turn_detection == _SERVER_VAD and options.endpointing_ms:
                turns["silence_duration_ms"] = options.endpointing_ms
        return {
            "id": session_id,
            "object": "realtime.transcription_session",
            "type": "transcription",
            "include": [_LOGPROBS] if self.has_logprobs else [],
            "audio": {
                "input": {
                    "format": _write_format(self.format),
                    "transcription": {name: each for name, each in asked.items() if each},
                    "noise_reduction": None,
                    "turn_detection": turns,
                }
            },
        }


def translate_earlier(session: object) -> dict[str, Any]:
    """Return a `session` of the API's earlier version in the present one's shape."""
    sent = _read_object(session, "session")
    sound: dict[str, Any] = {}
    if "input_audio_format" in sent:
        name = sent["input_audio_format"]
        if not isinstance(name, str) or name not in _EARLIER_FORMATS:
            names = ", ".join(_EARLIER_FORMATS)
            raise InvalidOptionError(
                "session.input_audio_format", f"input_audio_format must be one of {names}."
            )
        sound["format"] = _EARLIER_FORMATS[name]
    if "input_audio_transcription" in sent:
        sound["transcription"] = sent["input_audio_transcription"]
    if "turn_detection" in sent:
        sound["turn_detection"] = sent["turn_detection"]
    include = {"include": sent["include"]} if "include" in sent else {}
    return {"audio": {"input": sound}, **include}


def _read_options(
    asked: Mapping[str, Any], known: TranscriptionOptions, *, model: str
) -> TranscriptionOptions:
    where = f"{_INPUT}.transcription"
    keywords = _read_texts(asked, "keywords", known.hot_words)
    language = _read_text(asked, "language", known.language)
    languages = _read_texts(asked, "languages", known.languages)
    if "languages" in asked and "language" not in asked:
        language = ""
    if len(languages) == 1 and not language:
        language, languages = languages[0], ()
    sent = {
        "model": "" if is_alias(model) else model,
        "language": language,
        "languages": "" if language else ",".join(languages),
        "prompt": _read_text(asked, "prompt", known.prompt),
        "hot_words": ",".join(word.replace(",", " ") for word in keywords),
        "diarize": "false",
    }
    try:
        parsed = TranscriptionOptions.parse(sent)
    except InvalidOptionError as error:
        name = str(error.extra.get("field", ""))
        error.extra["field"] = f"{where}.{ {'hot_words': 'keywords'}.get(name, name) }"
        raise
    return replace(parsed, endpointing_ms=known.endpointing_ms)


def _read_format(sent: object) -> AudioFormat:
    where = f"{_INPUT}.format"
    asked = _read_object(sent, where)
    kind = asked.get("type", "audio/pcm")
    if isinstance(kind, str) and kind in _TELEPHONY:
        return AudioFormat(_TELEPHONY[kind], _TELEPHONE_RATE_HZ)
    if kind != "audio/pcm":
        raise InvalidOptionError(
            f"{where}.type", "type must be one of audio/pcm, audio/pcmu, audio/pcma."
        )
    rate = asked.get("rate", _DEFAULT_RATE_HZ)
    is_number = isinstance(rate, int) and not isinstance(rate, bool)
    if not is_number or not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        raise InvalidOptionError(
            f"{where}.rate", f"rate must be a whole number, {MIN_RATE_HZ} to {MAX_RATE_HZ} (Hz)."
        )
    return AudioFormat(Encoding.PCM_S16LE, rate)


def _write_format(found: AudioFormat) -> dict[str, Any]:
    if found.encoding is Encoding.PCM_S16LE:
        return {"type": "audio/pcm", "rate": found.rate_hz}
    return {"type": next(name for name, each in _TELEPHONY.items() if each is found.encoding)}


def _read_turns(sent: object) -> str | None:
    if sent is None:
        return None
    where = f"{_INPUT}.turn_detection"
    kind = _read_object(sent, where).get("type", _TURN_DETECTIONS[0])
    if not isinstance(kind, str) or kind not in _TURN_DETECTIONS:
        raise InvalidOptionError(
            f"{where}.type", "type must be one of server_vad, semantic_vad; or turn_detection null."
        )
    return kind


def _read_silence_ms(sent: object) -> int:
    """Return the pause that ends an item, 0 where `server_vad` is asked for without it."""
    where = f"{_INPUT}.turn_detection"
    asked = _read_object(sent, where)
    silence_ms = asked.get("silence_duration_ms")
    if silence_ms is None or asked.get("type", _SERVER_VAD) != _SERVER_VAD:
        return 0
    is_number = isinstance(silence_ms, int | float) and not isinstance(silence_ms, bool)
    if not is_number or not 0 <= silence_ms <= _LONGEST_SILENCE_MS:
        raise InvalidOptionError(
            f"{where}.silence_duration_ms",
            f"silence_duration_ms must be a number, 0 to {_LONGEST_SILENCE_MS}.",
        )
    return limit_endpointing(round(silence_ms))


def _read_include(sent: object) -> bool:
    if not isinstance(sent, list) or any(each != _LOGPROBS for each in sent):
        raise InvalidOptionError("session.include", f"include may have {_LOGPROBS} only.")
    return bool(sent)


def _read_object(sent: object, name: str) -> Mapping[str, Any]:
    if sent is None:
        return {}
    if not isinstance(sent, dict):
        raise InvalidOptionError(name, f"{name} must be an object.")
    return sent


def _read_text(asked: Mapping[str, Any], name: str, known: str) -> str:
    value = asked.get(name, known)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidOptionError(f"{_INPUT}.transcription.{name}", f"{name} must be a text.")
    return value


def _read_texts(asked: Mapping[str, Any], name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    value = asked.get(name, list(known))
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidOptionError(
            f"{_INPUT}.transcription.{name}", f"{name} must be a list of texts."
        )
    return tuple(value)
