"""Deepgram's query → what a transcription is asked for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict

from transcripts.dialects.deepgram.fields import FIELDS
from transcripts.dialects.fidelity import list_ignored, named_as, refuse_unhonoured
from transcripts.exports.redaction import KINDS
from transcripts.option_kinds import ChoiceOption, FlagOption, InvalidOptionError
from transcripts.options import TranscriptionOptions
from transcripts.pii.kinds import PiiKind
from transcripts.text.languages import MULTI
from transcripts.webhooks.callbacks import check_callback

# The service's own models. What is named otherwise is a model of this server.
_ALIAS = re.compile(
    r"nova(-\d)?(-[a-z]+)?|enhanced(-[a-z]+)?|base-[a-z]+|whisper(-(tiny|base|small|medium|large))?"
)
_GROUPS: Final = {
    "true": KINDS,
    "pii": KINDS,
    "pci": (PiiKind.CARD.lower(),),
    "ssn": (PiiKind.ID.lower(),),
}
_UTT_SPLIT_S: Final = 0.8
_LONGEST_SPLIT_S: Final = 60.0
_MOST_EXTRA: Final = 20
_MOST_QUERIES: Final = 20
_MOST_SEARCHED_WORDS: Final = 10


@dataclass(frozen=True, kw_only=True)
class DeepgramRequest:
    """What the answer has beside the words. `utt_split_ms` None: no utterances. `redact`: kinds of
    `exports.redaction.KINDS`. `ignored`: a sentence a parameter. `callback` empty: the client
    waits."""

    options: TranscriptionOptions
    is_written: bool = False
    has_paragraphs: bool = False
    detects_language: bool = False
    utt_split_ms: int | None = None
    redact: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    search: tuple[str, ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()
    callback: str = ""
    callback_method: str = "POST"


def is_alias(model: str) -> bool:
    """Whether it is a name of Deepgram's, which the default model answers to."""
    return bool(_ALIAS.fullmatch(model))


def read_request(query: QueryDict) -> DeepgramRequest:
    """Return what the query asks for. Raises InvalidOptionError, which names the parameter."""
    meant = [name for name in query if _is_meant(query, name)]
    refuse_unhonoured(meant, FIELDS)
    model = query.get("model", "").strip()
    flags = {
        name: _flag(query, name)
        for name in ("punctuate", "smart_format", "paragraphs", "utterances", "diarize")
    }
    detects, codes = _read_detection(query)
    diarizes = flags["diarize"] or bool(query.get("diarize_model", "").strip())
    asked = {
        "model": "" if is_alias(model) else model,
        "language": _read_language(query, detects=detects),
        "languages": ",".join(codes),
        "diarize": str(diarizes),
        "hot_words": ",".join(read_terms(query.getlist("keyterm"), query.getlist("keywords"))),
    }
    with named_as({"hot_words": "keyterm" if "keyterm" in query else "keywords"}):
        options = TranscriptionOptions.parse(asked)
    return DeepgramRequest(
        options=options,
        is_written=flags["punctuate"] or flags["smart_format"],
        has_paragraphs=flags["paragraphs"] or flags["smart_format"],
        detects_language=detects or not query.get("language", "").strip(),
        utt_split_ms=_read_split_ms(query) if flags["utterances"] else None,
        redact=read_kinds(query.getlist("redact")),
        tags=tuple(query.getlist("tag"))[:_MOST_EXTRA],
        extra=_read_extra(query.getlist("extra")),
        search=_read_search(query.getlist("search")),
        ignored=tuple(list_ignored(meant, FIELDS).items()),
        callback=_read_callback(query),
        callback_method=_read_method(query),
    )


def read_kinds(sent: Iterable[str]) -> tuple[str, ...]:
    """Return the kinds to mask. Raises InvalidOptionError for what can't be found here."""
    asked: set[str] = set()
    for value in ",".join(sent).split(","):
        name = value.strip().lower()
        if not name or name == "false":
            continue
        found = _GROUPS.get(name, (name,))
        if not set(found) <= set(KINDS):
            known = ", ".join((*_GROUPS, *KINDS))
            raise InvalidOptionError("redact", f"redact is {name[:40]!r}, but may be {known}.")
        asked.update(found)
    return tuple(kind for kind in KINDS if kind in asked)


def _is_meant(query: QueryDict, name: str) -> bool:
    """Whether it asks for something: some clients send what they don't want as `false`."""
    return any(value.strip().lower() not in ("", "false") for value in query.getlist(name))


def _flag(query: QueryDict, name: str) -> bool:
    return FlagOption().parse(name, query.get(name, ""))


def _read_detection(query: QueryDict) -> tuple[bool, list[str]]:
    """Return whether the language is to be detected, and among which."""
    sent = [value.strip() for value in query.getlist("detect_language") if value.strip()]
    flags = {value.lower() for value in sent} & {"true", "false"}
    codes = [value for value in sent if value.lower() not in flags]
    if query.get("language", "").strip().lower() == MULTI:
        codes += query.getlist("language_hint")
    return bool(codes) or "true" in flags, codes


def _read_language(query: QueryDict, *, detects: bool) -> str:
    language = query.get("language", "").strip()
    return language if language.lower() == MULTI or not detects else ""


def read_terms(keyterms: Iterable[str], keywords: Iterable[str]) -> list[str]:
    """Return the words that are likely to occur, without weights."""
    weighted = (value.rpartition(":") for value in keywords)
    words = [head if head and _is_weight(tail) else head + colon + tail
             for head, colon, tail in weighted]  # fmt: skip
    return [word.replace(",", " ") for word in (*keyterms, *words)]


def _is_weight(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_split_ms(query: QueryDict) -> int:
    sent = query.get("utt_split", "").strip()
    try:
        split_s = float(sent or _UTT_SPLIT_S)
    except ValueError:
        split_s = -1.0
    if not 0 < split_s <= _LONGEST_SPLIT_S:
        raise InvalidOptionError("utt_split", "utt_split must be seconds, above 0 and at most 60.")
    return round(split_s * 1000)


def _read_search(sent: list[str]) -> tuple[str, ...]:
    queries = tuple(dict.fromkeys(each.strip() for each in sent if each.strip()))
    if len(queries) > _MOST_QUERIES:
        raise InvalidOptionError("search", f"search may be sent {_MOST_QUERIES} times at most.")
    if any(len(query.split()) > _MOST_SEARCHED_WORDS for query in queries):
        raise InvalidOptionError("search", f"search may have {_MOST_SEARCHED_WORDS} words at most.")
    return queries


def _read_extra(sent: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = (value.partition(":") for value in sent[:_MOST_EXTRA])
    return tuple((name, value) for name, _, value in pairs)


def _read_callback(query: QueryDict) -> str:
    callback = query.get("callback", "").strip()
    if callback:
        check_callback(callback, field="callback")
    return callback


def _read_method(query: QueryDict) -> str:
    sent = query.get("callback_method", "")
    return ChoiceOption(("post", "put")).parse("callback_method", sent).upper()
