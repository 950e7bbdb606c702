"""An option is declared once, and crosses from the request to the recogniser by that alone.

The road of a further option is walked with one that exists here only. What a declaration can't do
is the recogniser's part: CONTRIBUTING.md names the files.
"""

from dataclasses import dataclass, fields, replace

import pytest

from inference_service.engines.asr import DecodeContext
from protos.stt.v1 import speech_pb2
from tests.transcripts.rows import create_transcript
from transcripts.inference.live_results import StreamOptions
from transcripts.inference.results import TranscribeOptions
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.submit import fingerprint_of
from transcripts.option_fields import body_fields, form_fields
from transcripts.option_kinds import InvalidOptionError, WordsOption
from transcripts.options import TranscriptionOptions, declare, declared_options, live_options

CONFIGS = (speech_pb2.TranscribeConfig.DESCRIPTOR, speech_pb2.StreamConfig.DESCRIPTOR)


@dataclass(frozen=True, kw_only=True)
class WithOneMore(TranscriptionOptions):
    names: tuple[str, ...] = declare(
        WordsOption(most=2), "People who speak.", is_context=True, may_change=True
    )


def test_a_further_option_is_parsed_and_refused_by_its_kind() -> None:
    assert WithOneMore.parse({"names": "Ann, Petr", "task": "translate"}) == WithOneMore(
        names=("Ann", "Petr"), task="translate"
    )
    with pytest.raises(InvalidOptionError, match="names is a list of at most 2 words"):
        WithOneMore.parse({"names": "Ann,Petr,Eva"})


@pytest.mark.database
@pytest.mark.django_db
def test_a_further_option_is_stored_with_the_job_and_read_again() -> None:
    asked = WithOneMore.parse({"names": "Ann,Petr", "language": "multi", "speakers": "3"})
    job = create_transcript(**asked.as_columns()).job
    stored = TranscriptionJob.objects.get(pk=job.pk)

    assert WithOneMore.from_columns(stored) == asked
    assert (stored.speakers_requested, stored.options.is_multilingual) == (3, True)
    assert WithOneMore.parse(WithOneMore.from_columns(stored).as_sent()) == asked


@pytest.mark.database
@pytest.mark.django_db
def test_a_job_of_before_has_a_further_option_at_its_default() -> None:
    job = create_transcript(**TranscriptionOptions(prompt="Brno").as_columns()).job
    assert WithOneMore.from_columns(job) == WithOneMore(prompt="Brno", names=())


def test_a_further_option_makes_another_request() -> None:
    plain, named = WithOneMore(), WithOneMore(names=("Ann",))
    assert fingerprint_of("a" * 64, plain) != fingerprint_of("a" * 64, named)
    assert fingerprint_of("a" * 64, named) == fingerprint_of("a" * 64, WithOneMore(names=("Ann",)))


def test_a_further_option_is_a_field_of_the_form_and_of_a_second_passes_body() -> None:
    assert form_fields(WithOneMore)["names"].help_text == "People who speak."
    assert "names" in body_fields(WithOneMore)
    assert "track" not in body_fields(WithOneMore)


def test_the_recogniser_gets_it_under_its_name_or_the_proto_asks_for_it() -> None:
    assert WithOneMore(names=("Ann",)).context()["names"] == ("Ann",)
    with pytest.raises(ValueError, match="names"):
        TranscribeOptions(asked=WithOneMore(names=("Ann",))).as_proto()


def test_a_live_session_is_asked_for_the_same_under_the_same_names() -> None:
    live = live_options(TranscriptionOptions)
    asked = TranscriptionOptions.parse({"language": "multi", "languages": "cs,en"})
    config = StreamOptions(asked=replace(asked, prompt="Brno")).as_proto()

    recognised = ["model", "language", "languages", "aligner", "prompt", "hot_words"]
    assert list(live) == [*recognised, "auto_process", "template"]  # these two are for afterwards
    assert set(recognised) <= set(speech_pb2.StreamConfig.DESCRIPTOR.fields_by_name)
    assert (list(config.languages), config.multilingual) == (["cs", "en"], True)
    assert config.prompt == "Brno"


def test_a_language_that_a_session_changed_to_is_sent_alone() -> None:
    """The service refuses a language beside others; a broken-off call is made again with it."""
    asked = TranscriptionOptions(languages=("cs", "en"), is_multilingual=True)
    config = StreamOptions(asked=asked, language="cs").as_proto()
    assert (config.language, list(config.languages), config.multilingual) == ("cs", [], False)


def test_each_option_of_the_context_has_its_field_in_the_protos_and_in_the_engines() -> None:
    asked = TranscriptionOptions(prompt="Brno", hot_words=("Petrov",))
    config = TranscribeOptions(asked=asked).as_proto()
    assert (config.prompt, list(config.hot_words)) == ("Brno", ["Petrov"])
    for descriptor in CONFIGS:
        assert set(asked.context()) <= set(descriptor.fields_by_name)
    assert set(asked.context()) == {each.name for each in fields(DecodeContext)}


@pytest.mark.parametrize("name", declared_options(TranscriptionOptions))
def test_what_is_sent_again_asks_for_the_same(name: str) -> None:
    sent = {
        "model": "tiny",
        "language": "cs",
        "languages": "cs,en",
        "diarize": "off",
        "speakers": "2",
        "task": "translate",
        "prompt": "Names: Žofie",
        "hot_words": "gRPC,PyAV",
        "diarizer": "pyannote",
        "aligner": "wav2vec2",
        "track": "all",
        "channels": "3",
        "enhance": "true",
        "auto_process": "summary,title",
        "template": "meeting",
    }
    asked = TranscriptionOptions.parse({name: sent[name]})
    assert asked != TranscriptionOptions()
    assert TranscriptionOptions.parse(asked.as_sent()) == asked
