"""The published table is the one that the request is read by."""

import re

import pytest

from tests.e2e.processes import ROOT
from tests.transcripts.exports.documents import document
from transcripts.dialects.fidelity import Fate
from transcripts.dialects.openai.answers import as_verbose_json
from transcripts.dialects.openai.fields import FIELDS
from transcripts.dialects.openai.request import OpenAIRequest, is_alias, read_request
from transcripts.option_kinds import InvalidOptionError

_ROW = re.compile(r"^\| `([a-z_\[\]]+)` \| (\w+) \| (.*) \|$", re.MULTILINE)


def read(lists: dict[str, list[str]] | None = None, **sent: str) -> OpenAIRequest:
    return read_request({"model": "whisper-1", **sent}, lists or {}, task="transcribe")


def test_the_published_table_is_this_one() -> None:
    rows = _ROW.findall((ROOT / "docs" / "openai.md").read_text())
    assert rows == [(name, field.fate.value, field.how) for name, field in FIELDS.items()]


@pytest.mark.parametrize(
    "name", [name for name, field in FIELDS.items() if field.fate is Fate.REFUSED]
)
def test_what_is_refused_is_named(name: str) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        read({name.removesuffix("[]"): ["Ann"]})
    assert caught.value.extra == {"field": name}


def test_what_is_ignored_changes_nothing() -> None:
    assert read(temperature="0.7", chunking_strategy="auto", unknown="1") == read()


@pytest.mark.parametrize(
    "name",
    ["whisper-1", "gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe",
     "gpt-4o-mini-transcribe-2025-12-15", "gpt-4o-transcribe-diarize", "gpt-live-transcribe",
     "gpt-realtime-whisper"],
)  # fmt: skip
def test_their_names_mean_the_default_model(name: str) -> None:
    assert is_alias(name)
    asked = read_request({"model": name}, {}, task="transcribe")
    assert asked.options.model == read().options.model
    assert asked.options.diarize == name.endswith("diarize")


def test_other_names_are_models_of_this_server() -> None:
    assert not is_alias("base")
    assert not is_alias("gpt-5")
    assert read(model="base").options.model == "base"


def test_what_is_honoured_reaches_the_options() -> None:
    lists = {"languages": ["en", "cs"], "keywords": ["Vltava", "Brno, city"]}
    options = read(lists, prompt="Names.", response_format="diarized_json").options
    assert options.languages == ("en", "cs")
    assert options.hot_words == ("Vltava", "Brno  city")
    assert options.prompt == "Names."
    assert options.diarize
    assert not read().options.diarize
    assert read(language="English").options.language == "en"
    assert read_request({}, {}, task="translate").options.task == "translate"


def test_a_value_that_can_not_be_used_names_its_field() -> None:
    for field, lists, sent in (
        ("response_format", {}, {"response_format": "xml"}),
        ("timestamp_granularities[]", {"timestamp_granularities": ["letter"]}, {}),
        ("stream", {}, {"stream": "perhaps"}),
        ("stream", {}, {"stream": "true", "response_format": "srt"}),
        ("stream", {}, {"stream": "true", "response_format": "verbose_json"}),
        ("include[]", {"include": ["logprobs", "tokens"]}, {}),
        ("temperature", {}, {"temperature": "9"}),
        ("temperature", {}, {"temperature": "warm"}),
        ("temperature", {}, {"temperature": "nan"}),
        ("language", {}, {"language": "xx-unknown"}),
        ("languages[]", {"languages": ["xx-unknown"]}, {}),
        ("keywords[]", {"keywords": ["word"] * 101}, {}),
    ):
        with pytest.raises(InvalidOptionError) as caught:
            read(lists, **sent)
        assert caught.value.extra["field"] == field


def test_a_list_of_one_value_may_come_without_its_brackets() -> None:
    assert read(timestamp_granularities="word").granularities == {"word"}
    assert read(include="logprobs").has_logprobs
    assert read({"keywords": ["Vltava"]}, keywords="Brno").options.hot_words == ("Vltava",)
    assert read(languages="").options.languages == ()
    with pytest.raises(InvalidOptionError):
        read(known_speaker_names="Ann")


def test_a_translation_is_english() -> None:
    translated = document(task="translate", language="fr")
    body = as_verbose_json(translated, granularities=frozenset({"segment"}))
    assert (body["task"], body["language"]) == ("translate", "english")


def test_translations_have_no_speakers() -> None:
    with pytest.raises(InvalidOptionError):
        read_request({"response_format": "diarized_json"}, {}, task="translate")
