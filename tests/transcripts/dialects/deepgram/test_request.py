"""Deepgram's query: what each parameter asks for, and which are refused by their names."""

from dataclasses import replace

import pytest
from django.http import QueryDict

from transcripts.dialects.deepgram.fields import FIELDS
from transcripts.dialects.deepgram.request import DeepgramRequest, is_alias, read_request
from transcripts.dialects.fidelity import Fate
from transcripts.exports.redaction import KINDS
from transcripts.option_kinds import InvalidOptionError


def read(query: str = "") -> DeepgramRequest:
    return read_request(QueryDict(query))


@pytest.mark.parametrize(
    "name", [name for name, field in FIELDS.items() if field.fate is Fate.REFUSED]
)
def test_what_is_refused_is_named(name: str) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        read(f"{name}=true")
    assert caught.value.extra == {"field": name}
    assert read(f"{name}=false") == read()  # LiveKit sends those that it doesn't want


@pytest.mark.parametrize(
    "name",
    [name for name, field in FIELDS.items() if field.fate is Fate.IGNORED] + ["unknown"],
)
def test_what_is_ignored_changes_nothing(name: str) -> None:
    asked = read(f"{name}=true")
    assert [ignored for ignored, _ in asked.ignored] == [name]
    assert replace(asked, ignored=()) == read()


@pytest.mark.parametrize(
    "name", ["nova-3", "nova-2", "nova-2-phonecall", "nova-3-general", "enhanced", "whisper-large",
             "base-general", "nova"]
)  # fmt: skip
def test_their_names_mean_the_default_model(name: str) -> None:
    assert is_alias(name)
    assert read(f"model={name}").options == read().options


def test_other_names_are_models_of_this_server() -> None:
    assert not is_alias("nova-3x_y")
    assert read("model=base").options.model == "base"


def test_flags_are_read_as_every_version_writes_them() -> None:
    for value in ("true", "True", "1"):
        asked = read(f"punctuate={value}&diarize={value}&utterances={value}&paragraphs={value}")
        assert asked.is_written
        assert asked.has_paragraphs
        assert asked.options.diarize
        assert asked.utt_split_ms == 800
    assert not read("punctuate=false").is_written
    assert read("smart_format=true").has_paragraphs
    assert read("diarize_model=latest").options.diarize


def test_languages_are_named_or_detected() -> None:
    assert read("language=en-US").options.language == "en"
    assert not read("language=en").detects_language
    assert read("detect_language=true&language=en").options.language == ""
    assert read("detect_language=en&detect_language=cs").options.languages == ("en", "cs")
    assert read("detect_language=false&language=cs").options.language == "cs"
    assert read("language=multi").options.is_multilingual
    assert read("language=multi&language_hint=en&language_hint=cs").options.languages == (
        "en",
        "cs",
    )


def test_likely_words_come_without_their_weights() -> None:
    asked = read("keyterm=Vltava&keyterm=Brno, city&keywords=Tabor:2.5&keywords=a:b")
    assert asked.options.hot_words == ("Vltava", "Brno  city", "Tabor", "a:b")


def test_what_is_masked_is_a_kind_or_a_group_of_kinds() -> None:
    assert read("redact=pii").redact == KINDS
    assert read("redact=pci&redact=phone").redact == ("card", "phone")
    assert read("redact=false").redact == ()
    for unknown in ("numbers", "phi"):
        with pytest.raises(InvalidOptionError) as caught:
            read(f"redact={unknown}")
        assert caught.value.extra["field"] == "redact"


@pytest.mark.parametrize(
    ("field", "query"),
    [
        ("punctuate", "punctuate=perhaps"),
        ("utt_split", "utterances=true&utt_split=x"),
        ("utt_split", "utterances=true&utt_split=0"),
        ("language", "language=xx-unknown"),
        ("keyterm", "&".join(f"keyterm=w{number}" for number in range(101))),
        ("keywords", "&".join(f"keywords=w{number}" for number in range(101))),
        ("search", "search=1 2 3 4 5 6 7 8 9 10 11"),
        ("callback", "callback=http://example.com/"),
        ("callback", "callback=https://127.0.0.1/"),
        ("callback_method", "callback_method=get"),
    ],
)
def test_a_value_that_can_not_be_used_names_its_parameter(field: str, query: str) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        read(query)
    assert caught.value.extra["field"] == field
