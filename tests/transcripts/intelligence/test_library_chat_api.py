"""Questions about the library: whose transcripts are searched, which of them, and what is said."""

import json
from typing import Any

import pytest
import requests

from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_language import FakeLanguage
from tests.transcripts.intelligence.conftest import create_meeting, list_embedder
from tests.transcripts.intelligence.texts import MEETING
from tests.transcripts.served_api import Client, make_client
from transcripts.intelligence.models import ChatTurn, SegmentVectors, TextJob
from transcripts.intelligence.text_jobs.run import run_text_job
from transcripts.models import Status, Tag, Transcript
from transcripts.user_data import export_user_data

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/api/v1/chat/"
GARDEN = """\
Ann: The tomatoes in the greenhouse need water every morning.
Bob: The compost heap is full, and the tomatoes are red.
"""
WHEN = "When does the bakery open in March?"
TOMATOES = "Which water do tomatoes in the greenhouse need?"


@pytest.fixture(autouse=True)
def _counted_words(language: FakeLanguage) -> None:
    language.embedder = "counted-words"
    language.models.add("counted-words")


@pytest.fixture
def garden(client: Client, meeting: Transcript) -> Transcript:
    transcript = create_meeting(client, GARDEN)
    Transcript.objects.filter(pk=transcript.pk).update(title="The garden")
    return transcript


def ask(client: Client, question: str, **body: Any) -> requests.Response:
    return client.call("POST", PATH, json={"question": question, **body})


def test_the_nearest_passages_of_all_transcripts_are_quoted(
    client: Client, meeting: Transcript, garden: Transcript
) -> None:
    body = ask(client, TOMATOES).json()
    assert body["found"] is True
    assert body["sources"][0]["transcript"] == str(garden.pk)
    assert body["sources"][0]["title"] == "The garden"
    assert "**The garden**" in body["answer"]
    assert body["coverage"] == {"transcripts": 2, "searched": 2, "complete": True}
    other = ask(client, WHEN).json()
    assert other["sources"][0]["transcript"] == str(meeting.pk)


def test_two_accounts_never_meet(client: Client, garden: Transcript) -> None:
    ask(client, TOMATOES)
    stranger = make_client(client.url)
    create_meeting(stranger)
    body = ask(stranger, TOMATOES).json()
    assert body["coverage"]["transcripts"] == 1
    assert "tomatoes" not in json.dumps(body)
    named = ask(stranger, TOMATOES, transcripts=[str(garden.pk)]).json()
    assert named["coverage"]["transcripts"] == 0
    assert named["found"] is False
    session_id = ask(client, TOMATOES).json()["session_id"]
    assert ask(stranger, TOMATOES, session_id=session_id).status_code == 404
    assert stranger.get(f"{PATH}{session_id}/").status_code == 404
    assert stranger.get(PATH).json()["count"] == 2


def test_a_question_can_be_about_some_of_them(
    client: Client, meeting: Transcript, garden: Transcript
) -> None:
    Tag.objects.create(transcript=garden, name="plants")
    for scope in (
        {"tag": "plants"},
        {"speaker": "Bob"},
        {"transcripts": [str(garden.pk)]},
    ):
        body = ask(client, "the bakery and the tomatoes", **scope).json()
        assert body["coverage"]["transcripts"] == 1
        assert {source["transcript"] for source in body["sources"]} == {str(garden.pk)}
    assert ask(client, WHEN, created_before="2020-01-01").json()["coverage"]["transcripts"] == 0
    assert ask(client, WHEN, created_after="2020-01-01").json()["coverage"]["transcripts"] == 2


def test_unfinished_transcripts_are_left_out(client: Client, garden: Transcript) -> None:
    Transcript.objects.filter(pk=garden.pk).update(status=Status.PROCESSING)
    assert ask(client, TOMATOES).json()["coverage"]["transcripts"] == 1


def test_texts_are_indexed_once_and_again_for_other_weights(
    client: Client, garden: Transcript, language: FakeLanguage, inference: FakeInference
) -> None:
    ask(client, TOMATOES)  # embeds what is usual in questions, too
    calls = len(language.embedded)
    ask(client, WHEN)
    assert len(language.embedded) == calls + 1
    language.weights = "2"
    list_embedder(inference, language.embedder)
    assert ask(client, TOMATOES).json()["coverage"]["complete"] is False
    for job in TextJob.objects.all():
        run_text_job(job.pk)
    again = ask(client, TOMATOES).json()
    assert again["coverage"]["complete"] is True
    assert again["found"] is True
    assert set(SegmentVectors.objects.values_list("weights_revision", flat=True)) == {"2"}


def test_a_transcript_with_vectors_of_two_models_is_quoted_once(
    client: Client, garden: Transcript, language: FakeLanguage, inference: FakeInference
) -> None:
    language.models.add("another")
    list_embedder(inference, language.embedder, is_default=True)
    list_embedder(inference, "another")
    ask(client, TOMATOES)
    row = SegmentVectors.objects.get(transcript=garden)
    row.pk, row.model = None, "another"
    row.save()
    body = ask(client, TOMATOES).json()
    quoted = [(each["transcript"], each["segment"]) for each in body["sources"]]
    assert len(quoted) == len(set(quoted)) > 0
    assert body["coverage"] == {"transcripts": 2, "searched": 2, "complete": True}


def test_a_text_that_changed_after_its_vectors_were_read_is_left_out(
    client: Client, garden: Transcript, meeting: Transcript
) -> None:
    ask(client, TOMATOES)
    last = garden.segments.order_by("position").last()
    assert last is not None
    last.delete()
    answer = ask(client, TOMATOES)
    assert answer.status_code == 200, answer.text
    assert str(garden.pk) not in {each["transcript"] for each in answer.json()["sources"]}


def test_nothing_about_it_is_reported(client: Client, garden: Transcript) -> None:
    body = ask(client, "Which penguins swim across Antarctica?").json()
    assert (body["found"], body["sources"]) == (False, [])
    assert body["answer"] == "Nothing in these transcripts is about the question."


def test_conversations_are_stored_exported_and_deleted(client: Client, garden: Transcript) -> None:
    session_id = ask(client, TOMATOES).json()["session_id"]
    ask(client, "And that one?", session_id=session_id)
    (listed,) = client.get(PATH).json()["results"]
    assert listed["title"] == TOMATOES
    turns = client.get(f"{PATH}{session_id}/").json()["turns"]
    assert len(turns) == 2
    (chats,) = [
        json.loads(file.content)
        for file in export_user_data(client.user)
        if file.name == "chats.json"
    ]
    assert chats[0]["turns"][0]["question"] == TOMATOES
    assert client.call("DELETE", f"{PATH}{session_id}/").status_code == 204
    assert not ChatTurn.objects.exists()


def test_what_quotes_a_transcript_goes_with_it(
    client: Client, meeting: Transcript, garden: Transcript
) -> None:
    session_id = ask(client, TOMATOES, transcripts=[str(garden.pk)]).json()["session_id"]
    ask(client, WHEN, transcripts=[str(meeting.pk)], session_id=session_id)
    client.call("DELETE", f"/api/v1/transcripts/{garden.pk}/")
    (turn,) = client.get(f"{PATH}{session_id}/").json()["turns"]
    assert turn["question"] == WHEN
    assert "tomatoes" not in json.dumps(turn)


@pytest.mark.parametrize(
    "body",
    [
        {"question": ""},
        {"question": WHEN, "transcripts": "all"},
        {"question": WHEN, "transcripts": ["x"]},
        {"question": WHEN, "transcripts": []},
        {"question": WHEN, "created_after": "yesterday"},
        {"question": WHEN, "created_after": "2026-13-45"},
    ],
)
def test_what_can_not_be_used_is_400(client: Client, body: dict[str, Any]) -> None:
    answer = client.call("POST", PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")


def test_an_empty_library_has_no_answer(client: Client, language: FakeLanguage) -> None:
    body = ask(client, WHEN).json()
    assert body["coverage"] == {"transcripts": 0, "searched": 0, "complete": True}
    assert body["found"] is False


def test_a_transcript_that_changed_is_indexed_again(client: Client, language: FakeLanguage) -> None:
    transcript = create_meeting(client, MEETING)
    ask(client, WHEN)
    Transcript.objects.filter(pk=transcript.pk).update(revision=1)
    assert ask(client, WHEN).json()["coverage"]["complete"] is True
    assert SegmentVectors.objects.get().revision == 1
