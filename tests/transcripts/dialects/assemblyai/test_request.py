"""AssemblyAI's JSON: what each field asks for, and which are refused by their names."""

from typing import Any

import pytest

from transcripts.dialects.assemblyai.fields import FIELDS
from transcripts.dialects.assemblyai.request import (
    AssemblyRequest,
    is_alias,
    read_kinds,
    read_request,
)
from transcripts.dialects.fidelity import Fate
from transcripts.exports.redaction import KINDS
from transcripts.option_kinds import InvalidOptionError

URL = "https://example.com/a.mp3"


def read(**sent: Any) -> AssemblyRequest:
    return read_request({"audio_url": URL, **sent})


@pytest.mark.parametrize(
    "name", [name for name, field in FIELDS.items() if field.fate is Fate.REFUSED]
)
def test_what_is_refused_is_named(name: str) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        read(**{name: 1000})
    assert caught.value.extra == {"field": name}
    assert read(**{name: False}).options == read().options


@pytest.mark.parametrize(
    "name", [name for name, field in FIELDS.items() if field.fate is Fate.IGNORED] + ["unknown"]
)
def test_what_is_ignored_changes_nothing(name: str) -> None:
    assert read(**{name: True}).options == read().options


@pytest.mark.parametrize("name", ["best", "nano", "slam-1", "universal", "universal-3-pro"])
def test_their_names_mean_the_default_model(name: str) -> None:
    assert is_alias(name)
    assert read(speech_model=name).options == read(speech_models=[name]).options == read().options


def test_what_is_honoured_reaches_the_options() -> None:
    options = read(
        language_code="en_us",
        speaker_labels=True,
        speakers_expected=2,
        keyterms_prompt=["Vltava"],
        word_boost=["Brno, city"],
        prompt="Names.",
        speech_model="base",
    ).options
    assert (options.language, options.diarize, options.speakers) == ("en", True, 2)
    assert options.hot_words == ("Vltava", "Brno  city")
    assert (options.prompt, options.model) == ("Names.", "base")
    assert read(language_detection=True, language_code="en").options.language == ""
    assert read(language_codes=["en", "cs"]).options.languages == ("en", "cs")
    assert not read().options.diarize


def test_what_is_masked_is_what_rules_can_find() -> None:
    assert read_kinds({"redact_pii": True}) == KINDS
    policies = ["credit_card_number", "phone_number"]
    assert read_kinds({"redact_pii": True, "redact_pii_policies": policies}) == ("card", "phone")
    assert read_kinds({"redact_pii_policies": policies}) == ()


def test_the_receivers_secret_is_not_stored_with_the_request() -> None:
    asked = read(
        webhook_url="https://example.com/",
        webhook_auth_header_name="X-Secret",
        webhook_auth_header_value="abc",
        unknown=5,
        redact_pii_audio_options={},
    )
    assert asked.webhook_headers == {"X-Secret": "abc"}
    assert dict(asked.asked) == {
        "audio_url": URL,
        "webhook_url": "https://example.com/",
        "webhook_auth_header_name": "X-Secret",
        "redact_pii_audio_options": {},
        "warnings": ["unknown is ignored: it is not known here."],
    }


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("audio_url", {"audio_url": None}),
        ("audio_url", {"audio_url": 5}),
        ("speaker_labels", {"speaker_labels": "yes"}),
        ("speakers_expected", {"speakers_expected": "two"}),
        ("keyterms_prompt", {"keyterms_prompt": "Vltava"}),
        ("language_code", {"language_code": "xx-unknown"}),
        ("speakers_expected", {"speakers_expected": 99}),
        ("keyterms_prompt", {"keyterms_prompt": ["word"] * 101}),
        ("word_boost", {"word_boost": ["word"] * 101}),
        ("redact_pii_policies", {"redact_pii_policies": ["blood_type"]}),
        ("redact_pii_audio", {"redact_pii_audio": True}),
        ("redact_pii_audio_quality", {"redact_pii_audio_quality": "ogg"}),
        ("redact_pii_audio_options", {"redact_pii_audio_options": {"override": "silence"}}),
        ("webhook_url", {"webhook_url": "http://example.com/"}),
        ("webhook_url", {"webhook_url": "https://192.168.1.1/"}),
        ("webhook_auth_header_name", {"webhook_auth_header_value": "abc"}),
        (
            "webhook_auth_header_name",
            {"webhook_auth_header_name": "Host", "webhook_auth_header_value": "abc"},
        ),
        (
            "webhook_auth_header_value",
            {"webhook_auth_header_name": "X-A", "webhook_auth_header_value": "a\r\nb: c"},
        ),
    ],
)
def test_a_value_that_can_not_be_used_names_its_field(field: str, sent: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        read(**sent)
    assert caught.value.extra["field"] == field
