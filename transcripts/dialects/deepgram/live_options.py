"""The address of `WS /v1/listen` → what a session is opened with, and what its messages show.

What becomes of each parameter is in LIVE_FIELDS: the table in docs/deepgram.md.
"""

from dataclasses import dataclass, replace
from typing import Final

from transcripts.dialects.deepgram.request import is_alias, read_terms
from transcripts.dialects.fidelity import Fate, Field, named_as, refuse_unhonoured
from transcripts.dialects.vendor_socket import Handshake
from transcripts.live.audio_format import AudioFormat, Encoding, read_rate_hz
from transcripts.option_kinds import CountOption, FlagOption, InvalidOptionError
from transcripts.options import (
    SHORTEST_ENDPOINTING_MS,
    TranscriptionOptions,
    limit_endpointing,
)

_ENCODINGS: Final = {
    "linear16": Encoding.PCM_S16LE,
    "linear32": Encoding.PCM_F32LE,
    "mulaw": Encoding.MULAW,
    "alaw": Encoding.ALAW,
    "ogg-opus": Encoding.OGG_OPUS,
    "opus": Encoding.OGG_OPUS,
}
_LONGEST_END_MS: Final = 60_000
_WITHOUT_ENDPOINTS: Final = ("false",)

LIVE_FIELDS: Final[dict[str, Field]] = {
    "model": Field(
        Fate.HONOURED,
        "Deepgram's names mean the default model, names of this server's models those;"
        " `metadata.model_info` says which runs",
    ),
    "language": Field(Fate.HONOURED, "a code or an English name; `multi`; without it, detected"),
    "encoding": Field(
        Fate.HONOURED,
        "linear16, linear32, mulaw, alaw, ogg-opus; without it, a container: Ogg, WebM, WAV",
    ),
    "sample_rate": Field(Fate.HONOURED, "8000 to 48000; without it 16000, of mulaw and alaw 8000"),
    "interim_results": Field(Fate.HONOURED, "the utterance under way, as recognised so far"),
    "punctuate": Field(Fate.HONOURED, "`transcript` as it is written; else in lower case, bare"),
    "smart_format": Field(Fate.HONOURED, "as `punctuate`"),
    "vad_events": Field(Fate.HONOURED, "`SpeechStarted`, with the first words recognised"),
    "utterance_end_ms": Field(Fate.HONOURED, "`UtteranceEnd` after so much audio without a word"),
    "endpointing": Field(
        Fate.HONOURED,
        "`false`: `speech_final` is never set; from `300` to `5000`: the pause in milliseconds that"
        " ends an utterance. Less, as Deepgram's default, cuts sentences to pieces: then it is"
        " 0.6 s, and 2.1 s where hardly 2 s were spoken or the sentence isn't over, as without it",
    ),
    "keyterm": Field(Fate.HONOURED, "words that are likely to occur"),
    "keywords": Field(Fate.HONOURED, "as `keyterm`; the weight behind a colon is dropped"),
    "channels": Field(Fate.HONOURED, "1; others are refused"),
    "tag": Field(Fate.IGNORED, "nothing is reported by tags"),
    "extra": Field(Fate.IGNORED, "the messages have no place for it"),
    "diarize": Field(
        Fate.IGNORED,
        "speakers are told apart in whole recordings: live words have none, those of"
        " `POST /v1/listen` do",
    ),
    "diarize_model": Field(Fate.IGNORED, "as `diarize`"),
    "no_delay": Field(Fate.IGNORED, "nothing is delayed"),
    "numerals": Field(Fate.IGNORED, "numbers are written as the model writes them"),
    "dictation": Field(Fate.IGNORED, "punctuation is the model's own"),
    "filler_words": Field(Fate.IGNORED, "they stay or go as the model has it"),
    "search": Field(Fate.IGNORED, "the messages have no `search`"),
    "detect_entities": Field(Fate.IGNORED, "the messages have no `entities`"),
    "version": Field(Fate.IGNORED, "there is one of each model"),
    "mip_opt_out": Field(Fate.IGNORED, "nothing is learnt from recordings"),
    "redact": Field(Fate.REFUSED, "live words are delivered as they are spoken"),
    "callback": Field(Fate.REFUSED, "results come on the socket"),
    "multichannel": Field(Fate.REFUSED, "one channel is streamed"),
    "translate": Field(Fate.REFUSED, "live speech is written in its own language"),
    "profanity_filter": Field(Fate.REFUSED, "words are never removed"),
    "replace": Field(Fate.REFUSED, "words are never replaced"),
}


@dataclass(frozen=True, kw_only=True)
class ListenRequest:
    """`utterance_end_ms` 0: no `UtteranceEnd`."""

    options: TranscriptionOptions
    format: AudioFormat
    is_written: bool
    has_interims: bool
    has_speech_started: bool
    has_endpoints: bool
    utterance_end_ms: int


def read_listen_request(handshake: Handshake) -> ListenRequest:
    """Return what the address asks for. Raises InvalidOptionError, which names the parameter."""
    meant = (name for name, value in handshake.query if value.strip().lower() not in ("", "false"))
    refuse_unhonoured(meant, LIVE_FIELDS)
    if handshake.value("channels") not in ("", "1"):
        raise InvalidOptionError("channels", "One channel is streamed: channels must be 1.")
    model = handshake.value("model").strip()
    words = read_terms(handshake.values("keyterm"), handshake.values("keywords"))
    asked = {
        "model": "" if is_alias(model) else model,
        "language": handshake.value("language"),
        "languages": ",".join(handshake.values("language_hint")),
        "hot_words": ",".join(words),
        "diarize": "false",
    }
    if asked["language"] and asked["language"].lower() != "multi":
        asked["languages"] = ""
    endpointing = handshake.value("endpointing").strip().lower()
    with named_as({"hot_words": "keyterm" if handshake.values("keyterm") else "keywords"}):
        options = TranscriptionOptions.parse(asked)
    options = replace(options, endpointing_ms=_read_endpointing_ms(endpointing))
    return ListenRequest(
        options=options,
        format=_read_format(handshake),
        is_written=_flag(handshake, "punctuate") or _flag(handshake, "smart_format"),
        has_interims=_flag(handshake, "interim_results"),
        has_speech_started=_flag(handshake, "vad_events"),
        has_endpoints=endpointing not in _WITHOUT_ENDPOINTS,
        utterance_end_ms=CountOption(_LONGEST_END_MS).parse(
            "utterance_end_ms", handshake.value("utterance_end_ms")
        ),
    )


def _flag(handshake: Handshake, name: str) -> bool:
    return FlagOption().parse(name, handshake.value(name))


def _read_endpointing_ms(asked: str) -> int:
    """Return 0 where it doesn't ask for a pause that is long enough to be one."""
    if asked in ("true", *_WITHOUT_ENDPOINTS):
        return 0
    asked_ms = CountOption(_LONGEST_END_MS).parse("endpointing", asked)
    return limit_endpointing(asked_ms) if asked_ms >= SHORTEST_ENDPOINTING_MS else 0


def _read_format(handshake: Handshake) -> AudioFormat:
    """Without an encoding the stream has to declare it, by its header."""
    name = handshake.value("encoding").strip().lower()
    if not name:
        return AudioFormat(Encoding.OGG_OPUS)
    if name not in _ENCODINGS:
        names = ", ".join(_ENCODINGS)
        raise InvalidOptionError("encoding", f"encoding must be one of {names}.")
    encoding = _ENCODINGS[name]
    rate = handshake.value("sample_rate").strip()
    if not rate and encoding in (Encoding.MULAW, Encoding.ALAW):
        return AudioFormat(encoding, 8000)
    return AudioFormat(encoding, read_rate_hz({"sample_rate": rate}))
