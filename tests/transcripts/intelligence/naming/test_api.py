"""Suggested names by HTTP: rules at once, a language model when asked for, refusals for good."""

import json
from typing import Any

import pytest

from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_language import FakeLanguage
from tests.transcripts.intelligence.conftest import create_meeting, install_writer
from tests.transcripts.served_api import Client, make_client
from transcripts.models import Speaker, Status, Transcript

pytestmark = pytest.mark.django_db(transaction=True)
TALK = """\
A: Good morning. My name is Anna Smith.
B: Hello. We should begin with Quentin and his report.
A: The Berlin office wrote to Quentin.
"""


@pytest.fixture
def talk(client: Client, language: FakeLanguage) -> Transcript:
    transcript = create_meeting(client, TALK)
    Speaker.objects.filter(transcript=transcript).update(display_name="")
    return transcript


def path_of(transcript: Transcript, rest: str = "") -> str:
    return f"/api/v1/transcripts/{transcript.pk}/speaker-suggestions/{rest}"


def test_a_name_comes_with_its_evidence_and_is_not_applied(
    client: Client, talk: Transcript
) -> None:
    body = client.get(path_of(talk)).json()

    (anna,) = body["suggestions"]
    assert body["model"] == "rules"
    assert (anna["speaker"], anna["label"], anna["name"]) == (1, "Speaker 1", "Anna Smith")
    assert anna["score"] > 0.9
    (evidence,) = anna["evidence"]
    assert (evidence["segment_order"], evidence["start"]) == (0, 0.0)
    assert evidence["text"].endswith("My name is Anna Smith.")
    assert not Speaker.objects.exclude(display_name="").exists()


def test_a_refusal_is_stored_and_a_used_name_is_not_suggested(
    client: Client, talk: Transcript
) -> None:
    refused = client.call(
        "POST", path_of(talk, "dismiss/"), json={"speaker": 1, "name": "Anna Smith"}
    )
    assert refused.status_code == 204
    assert client.get(path_of(talk)).json()["suggestions"] == []
    renamed = client.call(
        "PATCH", f"/api/v1/transcripts/{talk.pk}/speakers/2/", json={"name": "Bob"}
    )
    assert renamed.status_code == 200
    assert client.get(path_of(talk)).json()["suggestions"] == []
    unknown = client.call("POST", path_of(talk, "dismiss/"), json={"speaker": 9, "name": "Al"})
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_speaker")
    assert client.call("POST", path_of(talk, "dismiss/"), json={"speaker": 1}).status_code == 400


def answer(*names: dict[str, Any]) -> str:
    return json.dumps({"names": names})


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([{"speaker": "Speaker 2", "name": "Quentin", "line": 1}], "Quentin"),
        ([{"speaker": "Speaker 2", "name": "Walter", "line": 1}], ""),  # not said
        ([{"speaker": "Speaker 2", "name": "Quentin", "line": 2}], ""),  # not by them, nor to them
        ([{"speaker": "Speaker 2", "name": "Quentin", "line": 40}], ""),
        ([{"speaker": "Speaker 7", "name": "Quentin", "line": 1}], ""),
        ([{"speaker": "Speaker 2", "name": "begin with", "line": 1}], ""),
        ([{"speaker": "Speaker 2", "name": "Anna Smith", "line": 0}], ""),  # another has it
    ],
)
def test_what_a_language_model_suggests_is_verified(
    client: Client,
    talk: Transcript,
    inference: FakeInference,
    language: FakeLanguage,
    names: list[dict[str, Any]],
    found: str,
) -> None:
    install_writer(inference)
    language.answer = lambda prompt: answer(*names)
    body = client.call("POST", path_of(talk), json={}).json()

    assert body["model"] == "qwen2.5-1.5b-instruct"
    second = [each for each in body["suggestions"] if each["speaker"] == 2]
    assert [each["name"] for each in second] == ([found] if found else [])
    assert all(each["source"] == body["model"] for each in second)
    assert body["suggestions"][0]["name"] == "Anna Smith"
    assert language.generated[0].json_schema


@pytest.mark.parametrize(
    "rubbish", ["", "[]", "null", '{"names": 3}', '{"names": [1]}', "I think it is Bob."]
)
def test_rubbish_of_a_model_leaves_what_the_rules_found(
    client: Client,
    talk: Transcript,
    inference: FakeInference,
    language: FakeLanguage,
    rubbish: str,
) -> None:
    install_writer(inference)
    language.answer = lambda prompt: rubbish
    body = client.call("POST", path_of(talk), json={}).json()
    assert [each["name"] for each in body["suggestions"]] == ["Anna Smith"]


def test_without_a_model_or_a_text_the_reason_is_named(client: Client, talk: Transcript) -> None:
    missing = client.call("POST", path_of(talk), json={})
    assert (missing.status_code, missing.json()["code"]) == (503, "not_installed")
    Transcript.objects.filter(pk=talk.pk).update(status=Status.PROCESSING)
    for method in ("GET", "POST"):
        waiting = client.call(method, path_of(talk), json={})
        assert (waiting.status_code, waiting.json()["code"]) == (409, "not_finished")


def test_anothers_transcript_is_not_found(client: Client, talk: Transcript) -> None:
    other = make_client(client.url)
    assert other.get(path_of(talk)).status_code == 404
    assert other.call("POST", path_of(talk), json={}).status_code == 404
    refused = other.call("POST", path_of(talk, "dismiss/"), json={"speaker": 1, "name": "Anna"})
    assert refused.status_code == 404
