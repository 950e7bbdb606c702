"""Speakers by a diarizer of the torch engines, and by the light engine where that one is away."""

import grpc
import pytest
from pytest_django import Settings

from protos.stt.v1 import server_pb2
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.jobs.test_run import run, warning_codes
from transcripts.exports.document import load_document
from transcripts.inference.catalog import NotInstalledHereError, check_engines
from transcripts.inference.results import read_server_info
from transcripts.models import Status, Transcript
from transcripts.options import TranscriptionOptions

PYANNOTE = {"diarizer": "pyannote"}
HINT = "`make run-torch` installs and starts them."


def labels(transcript: Transcript) -> list[tuple[str, str]]:
    rows = transcript.segments.order_by("position")
    return list(rows.values_list("text", "speaker__label"))


def test_a_diarizer_that_was_asked_for_labels_the_words_and_is_named(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    done = run(
        make_transcript(seconds=3, diarize=True, speakers_requested=2, further_options=PYANNOTE)
    )

    assert done.status == Status.COMPLETED
    assert labels(done) == [("w0", "Speaker 1"), ("w1 w2", "Speaker 2")]
    assert [(each.diarizer, each.speakers) for each in fake.whole_recordings] == [("", 2)]
    assert fake.diarized == []
    assert done.job.diarizer_used == load_document(done).embedder == "pyannote-fake"
    assert done.job.embedder == "fake-voices"  # for another count, later


def test_the_light_engine_labels_them_where_the_diarizer_breaks_off(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.diarize_recording_status = grpc.StatusCode.UNAVAILABLE

    done = run(make_transcript(seconds=3, diarize=True, further_options=PYANNOTE))

    assert done.status == Status.COMPLETED
    assert warning_codes(done) == ["diarizer_fell_back"]
    assert [speaker for _, speaker in labels(done)] == ["Speaker 1", "Speaker 2", "Speaker 1"]
    assert (done.job.diarizer_used, len(fake.whole_recordings)) == ("", 1)
    assert load_document(done).embedder == "fake-voices"


def test_without_either_engine_the_text_is_stored_with_what_to_install(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(embedder="")]
    fake.diarize_recording_status = grpc.StatusCode.FAILED_PRECONDITION

    done = run(make_transcript(seconds=2, diarize=True, further_options=PYANNOTE))

    assert done.status == Status.COMPLETED_WITH_WARNINGS
    assert warning_codes(done) == ["diarizer_fell_back", "speakers_not_installed"]
    assert [speaker for _, speaker in labels(done)] == [None]


@pytest.mark.parametrize(
    ("setting", "asked", "expected"),
    [
        ("light", {}, []),
        ("pyannote", {}, [""]),
        ("pyannote-3.1", {}, ["pyannote-3.1"]),
        ("pyannote", {"diarizer": "light"}, []),
    ],
)
def test_the_setting_decides_where_the_request_leaves_it_open(
    fake: FakeInference,
    make_transcript: MakeTranscript,
    settings: Settings,
    setting: str,
    asked: dict[str, str],
    expected: list[str],
) -> None:
    settings.DIARIZER = setting
    run(make_transcript(seconds=2, diarize=True, further_options=asked))
    assert [each.diarizer for each in fake.whole_recordings] == expected


def test_an_aligner_is_asked_for_by_name_and_what_it_left_is_noted(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(unaligned_windows=2)]
    asked = {"aligner": "wav2vec2"}

    done = run(make_transcript(seconds=2, diarize=False, further_options=asked))

    assert [config.aligner for config in fake.configs] == ["wav2vec2"]
    assert done.status == Status.COMPLETED
    assert warning_codes(done) == ["words_not_aligned"]
    assert "wav2vec2" in done.job.warnings[0]["message"]


def known(*, is_up: bool) -> server_pb2.ServerInfo:
    return server_pb2.ServerInfo(
        torch_state="ok" if is_up else "down",
        optional_engines=[
            server_pb2.OptionalEngine(
                id=each, kind=kind, available=is_up, install_hint="" if is_up else HINT
            )
            for each, kind in (("wav2vec2", "aligner"), ("pyannote-fake", "diarizer"))
        ],
    )


@pytest.mark.parametrize("asked", [{"diarizer": "pyannote"}, {"aligner": "wav2vec2"}])
def test_an_engine_that_is_away_is_refused_with_what_to_do(asked: dict[str, str]) -> None:
    options = TranscriptionOptions.parse(asked)
    check_engines(read_server_info(known(is_up=True)), options)
    with pytest.raises(NotInstalledHereError, match="make run-torch") as refused:
        check_engines(read_server_info(known(is_up=False)), options)
    assert (refused.value.status, refused.value.code) == (503, "not_installed")
    if "diarizer" in asked:  # of a server that knows no such engines
        with pytest.raises(NotInstalledHereError):
            check_engines(read_server_info(server_pb2.ServerInfo()), options)


def test_the_light_engines_are_never_refused() -> None:
    options = TranscriptionOptions.parse({"diarizer": "light", "aligner": "pocketsphinx"})
    check_engines(read_server_info(known(is_up=False)), options)
