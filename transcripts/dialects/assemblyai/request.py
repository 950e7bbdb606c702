"""AssemblyAI's JSON → what a transcription is asked for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from transcripts.dialects.assemblyai.fields import FIELDS
from transcripts.dialects.fidelity import list_ignored, named_as, refuse_unhonoured
from transcripts.exports.redaction import KINDS
from transcripts.option_kinds import InvalidOptionError, show_value
from transcripts.options import TranscriptionOptions
from transcripts.webhooks.callbacks import check_callback

# The service's own models. What is named otherwise is a model of this server.
_ALIAS = re.compile(r"best|nano|slam-1|conformer-2|universal(-[a-z0-9-]+)?")
_POLICIES: Final[dict[str, tuple[str, ...]]] = {
    "person_name": ("person",),
    "phone_number": ("phone",),
    "email_address": ("email",),
    "credit_card_number": ("card",),
    "banking_information": ("iban", "account"),
    "account_number": ("account",),
    "location": ("address",),
    "date_of_birth": ("dob",),
    "us_social_security_number": ("id",),
    "passport_number": ("id",),
    "drivers_license": ("id",),
    "url": ("url",),
    "ip_address": ("ip",),
}
# A name of a header (RFC 9110, 5.1); none that says how the message is to be read.
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS: Final = {"host", "content-length", "content-type", "transfer-encoding", "connection"}
_SECRETS: Final = ("webhook_auth_header_value",)
_SOUND_FORMATS: Final = ("mp3", "wav")


@dataclass(frozen=True, kw_only=True)
class AssemblyRequest:
    """`asked`: the fields as they were sent, those that are known, without the receiver's secret,
    and a sentence about each that has no part in the answer (`warnings`). `webhook_headers`: what
    the receiver is to be shown."""

    options: TranscriptionOptions
    audio_url: str
    asked: Mapping[str, Any]
    webhook_url: str = ""
    webhook_headers: Mapping[str, str]


def is_alias(model: str) -> bool:
    """Whether it is a name of AssemblyAI's, which the default model answers to."""
    return bool(_ALIAS.fullmatch(model))


def read_request(sent: object) -> AssemblyRequest:
    """Return what the body asks for. Raises InvalidOptionError, which names the field."""
    if not isinstance(sent, dict):
        raise InvalidOptionError("audio_url", "Send a JSON object that holds audio_url.")
    asked = {name: value for name, value in sent.items() if value is not None}
    meant = [name for name, value in asked.items() if value not in (False, [], {}, "", 0)]
    refuse_unhonoured(meant, FIELDS)
    audio_url = _text(asked, "audio_url")
    if not audio_url:
        raise InvalidOptionError("audio_url", "audio_url is missing: the recording's address.")
    _check_redaction(asked)
    _flag(asked, "punctuate"), _flag(asked, "format_text")
    with named_as(
        {
            "speakers": "speakers_expected",
            "language": "language_code",
            "languages": "language_codes",
            "hot_words": "keyterms_prompt" if "keyterms_prompt" in asked else "word_boost",
        }
    ):
        options = TranscriptionOptions.parse(_read_options(asked))
    return AssemblyRequest(
        options=options,
        audio_url=audio_url,
        asked=_describe(asked, ignored=list_ignored(meant, FIELDS)),
        webhook_url=_read_webhook(asked),
        webhook_headers=_read_header(asked),
    )


def _describe(asked: Mapping[str, Any], *, ignored: Mapping[str, str]) -> dict[str, Any]:
    known = {name: asked[name] for name in asked if name in FIELDS and name not in _SECRETS}
    return known | ({"warnings": list(ignored.values())} if ignored else {})


def _check_redaction(asked: Mapping[str, Any]) -> None:
    """Raises InvalidOptionError."""
    read_kinds(asked)
    if _flag(asked, "redact_pii_audio") and not _flag(asked, "redact_pii"):
        raise InvalidOptionError("redact_pii_audio", "redact_pii_audio needs redact_pii.")
    quality = _text(asked, "redact_pii_audio_quality")
    if quality and quality not in _SOUND_FORMATS:
        raise InvalidOptionError(
            "redact_pii_audio_quality",
            f"redact_pii_audio_quality is {show_value(quality)}, but must be"
            f" {' or '.join(_SOUND_FORMATS)}.",
        )


def read_kinds(asked: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the kinds to mask. Raises InvalidOptionError for what can't be found here."""
    policies = _texts(asked, "redact_pii_policies")
    found: set[str] = set()
    for policy in policies:
        if policy not in _POLICIES:
            raise InvalidOptionError(
                "redact_pii_policies",
                f"redact_pii_policies has {show_value(policy)}, but may list"
                f" {', '.join(_POLICIES)}.",
            )
        found.update(_POLICIES[policy])
    if not _flag(asked, "redact_pii"):
        return ()
    return tuple(kind for kind in KINDS if kind in found) if policies else KINDS


def _read_options(asked: Mapping[str, Any]) -> dict[str, str]:
    models = _texts(asked, "speech_models")
    model = models[0] if models else _text(asked, "speech_model")
    terms = [*_texts(asked, "keyterms_prompt"), *_texts(asked, "word_boost")]
    detects = _flag(asked, "language_detection")
    return {
        "model": "" if is_alias(model) else model,
        "language": "" if detects else _text(asked, "language_code"),
        "languages": ",".join(_texts(asked, "language_codes")),
        "diarize": str(_flag(asked, "speaker_labels")),
        "speakers": str(_count(asked, "speakers_expected")),
        "hot_words": ",".join(term.replace(",", " ") for term in terms),
        "prompt": _text(asked, "prompt"),
    }


def _read_webhook(asked: Mapping[str, Any]) -> str:
    url = _text(asked, "webhook_url")
    if url:
        check_callback(url, field="webhook_url")
    return url


def _read_header(asked: Mapping[str, Any]) -> dict[str, str]:
    name = _text(asked, "webhook_auth_header_name")
    value = _text(asked, "webhook_auth_header_value")
    if not name and not value:
        return {}
    if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS:
        field = "webhook_auth_header_name"
        raise InvalidOptionError(field, f"{field} must be the name of a header of yours.")
    if not value.isascii() or not value.isprintable() or not 0 < len(value) <= 2000:
        field = "webhook_auth_header_value"
        raise InvalidOptionError(field, f"{field} must be 1 to 2000 printable characters.")
    return {name: value}


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name, "")
    if not isinstance(value, str):
        raise InvalidOptionError(name, f"{name} must be text.")
    return value.strip()


def _texts(asked: Mapping[str, Any], name: str) -> list[str]:
    value = asked.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidOptionError(name, f"{name} must be a list of texts.")
    return value


def _flag(asked: Mapping[str, Any], name: str) -> bool:
    value = asked.get(name, False)
    if not isinstance(value, bool):
        raise InvalidOptionError(name, f"{name} must be true or false.")
    return value


def _count(asked: Mapping[str, Any], name: str) -> int:
    value = asked.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidOptionError(name, f"{name} must be a whole number.")
    return value
