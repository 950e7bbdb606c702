"""Questions about the library that are counted or summarised, not searched; and answers in events,
with a language model's words where one is installed.
"""

import json
from typing import Any

import pytest

from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_language import FakeLanguage
from tests.transcripts.intelligence.conftest import create_meeting, install_writer
from tests.transcripts.intelligence.test_library_chat_api import GARDEN, PATH, TOMATOES, ask
from tests.transcripts.rows import update_transcripts
from tests.transcripts.served_api import Client, make_client
from transcripts.intelligence.library_routes import is_about_the_library
from transcripts.intelligence.models import ChatTurn
from transcripts.models import Transcript
from transcripts.search.index import index_transcript

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _counted_words(language: FakeLanguage) -> None:
    language.embedder = "counted-words"
    language.models.add("counted-words")


@pytest.fixture
def garden(client: Client, meeting: Transcript) -> Transcript:
    """The newer one of two transcripts, of a minute each."""
    transcript = create_meeting(client, GARDEN)
    Transcript.objects.filter(pk=transcript.pk).update(title="The garden")
    update_transcripts(Transcript.objects.all(), audio_duration_ms=60_000)
    for each in Transcript.objects.all():
        index_transcript(each)
    return transcript


def stream(client: Client, question: str, **body: Any) -> list[tuple[str, dict[str, Any]]]:
    answer = client.call(
        "POST",
        PATH,
        json={"question": question, **body},
        headers={"Accept": "text/event-stream"},
        stream=True,
    )
    assert answer.headers["Content-Type"] == "text/event-stream"
    events = []
    for block in answer.content.decode().split("\n\n"):
        lines = dict(
            line.split(": ", 1) for line in block.splitlines() if line[:1] not in (":", "")
        )
        if lines:
            events.append((lines["event"], json.loads(lines["data"])))
    return events


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many recordings do I have?", "Transcripts: 2. Together they last 2:00."),
        ("How many meetings are there?", "Transcripts: 2. Together they last 2:00."),
        ("Kolik tu mám nahrávek?", "Přepisů: 2. Dohromady trvají 2:00."),
    ],
)
def test_how_many_is_counted(
    client: Client, garden: Transcript, language: FakeLanguage, question: str, answer: str
) -> None:
    body = ask(client, question).json()

    assert (body["answer"], body["found"], body["model"]) == (answer, True, "statistics")
    assert body["coverage"] == {"transcripts": 2, "searched": 2, "complete": True}
    assert language.embedded == []
    scoped = ask(client, question, transcripts=[str(garden.pk)]).json()
    assert ": 1." in scoped["answer"]


def test_the_latest_one_comes_from_the_database(client: Client, garden: Transcript) -> None:
    body = ask(client, "What is my latest recording?").json()

    assert body["sources"][0]["transcript"] == str(garden.pk)
    assert "**The garden**" in body["answer"]
    searched = ask(client, "What is the water in the latest tomatoes about?").json()
    assert searched["model"] != "statistics"


def test_who_spoke_most_is_counted_over_all(client: Client, garden: Transcript) -> None:
    body = ask(client, "Who spoke the most?", transcripts=[str(garden.pk)]).json()
    assert body["answer"].splitlines() == ["- Ann: 0:05 (50 %)", "- Bob: 0:05 (50 %)"]


@pytest.mark.parametrize(
    "question",
    ["How many recordings mention tomatoes?", "How often were tomatoes mentioned?"],
)
def test_mentions_are_counted(client: Client, garden: Transcript, question: str) -> None:
    body = ask(client, question).json()

    assert body["answer"] == "“tomatoes”: 2 lines of 1 transcripts."
    (source,) = body["sources"]
    assert (source["transcript"], source["start"]) == (str(garden.pk), 0.0)
    assert ask(client, "How many recordings mention penguins?").json()["found"] is False


def test_summaries_of_all_are_made_or_taken(
    client: Client, garden: Transcript, meeting: Transcript
) -> None:
    client.call("POST", f"/api/v1/transcripts/{garden.pk}/summarize/", json={})
    body = ask(client, "Summarise all my recordings.").json()

    assert "**The garden**" in body["answer"]
    assert "**The meeting**" in body["answer"]
    assert "tomatoes" in body["answer"]
    assert {source["transcript"] for source in body["sources"]} == {
        str(garden.pk),
        str(meeting.pk),
    }
    assert body["coverage"]["complete"] is True
    client.call("DELETE", f"/api/v1/transcripts/{garden.pk}/")
    assert not ChatTurn.objects.exists()


@pytest.mark.parametrize(
    ("question", "is_meant"),
    [
        ("Summarise all my recordings.", True),
        ("Can you summarize everything?", True),
        ("What are these meetings about?", True),
        ("Shrň všechny přepisy.", True),
        ("O čem jsou moje nahrávky?", True),
        ("What did Anna say about the summary?", False),
        ("Who writes the summary of the budget?", False),
    ],
)
def test_which_questions_ask_for_a_summary_of_all(question: str, *, is_meant: bool) -> None:
    assert is_about_the_library(question) is is_meant


def test_an_answer_comes_as_events(client: Client, garden: Transcript) -> None:
    sources, done = stream(client, TOMATOES)

    assert [sources[0], done[0]] == ["sources", "done"]
    assert sources[1]["sources"] == done[1]["sources"]
    assert done[1]["found"] is True
    (nothing,) = stream(client, "Which penguins swim across Antarctica?")
    assert (nothing[0], nothing[1]["found"]) == ("done", False)
    (failed,) = stream(client, TOMATOES, model="no-such-model")[-1:]
    assert (failed[0], failed[1]["code"]) == ("error", "unknown_model")


def test_a_language_model_answers_from_what_was_found(
    client: Client, garden: Transcript, inference: FakeInference, language: FakeLanguage
) -> None:
    install_writer(inference)
    language.answer = lambda prompt: "The tomatoes in the greenhouse need water every morning. [1]"
    events = stream(client, TOMATOES)

    assert "".join(data["text"] for name, data in events if name == "delta").startswith("The tom")
    name, body = events[-1]
    assert (name, body["approximate"], body["model"]) == ("done", False, "qwen2.5-1.5b-instruct")
    assert body["answer"].endswith("morning. [1]")
    assert [source["number"] for source in body["sources"]] == [1]
    assert body["sources"][0]["transcript"] == str(garden.pk)
    language.answer = lambda prompt: "Penguins eat fish in winter. [1]"
    made_up = ask(client, TOMATOES).json()
    assert made_up["approximate"] is True
    assert "tomatoes" in made_up["answer"]
    quoted = ask(client, TOMATOES, model="extractive").json()
    assert quoted["approximate"] is True


def test_nothing_of_another_owner_is_counted(client: Client, garden: Transcript) -> None:
    stranger = make_client(client.url)
    for question in ("How many recordings do I have?", "How many recordings mention tomatoes?"):
        body = ask(stranger, question).json()
        assert body["coverage"]["transcripts"] == 0
        assert "garden" not in json.dumps(body)
    everything = ask(stranger, "Summarise all my recordings.").json()
    assert everything["found"] is False
