"""`/api/v1/glossary/`: written whole, read back, used by new transcriptions, and to correct."""

from typing import Any

import pytest

from tests.transcripts.api.test_transcripts import make, path_of
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.served_api import (
    Client,
    Worker,
    client,
    guest,
    inference,
    make_client,
    server,
    worker,
)
from transcripts.models import Segment, Tag

__all__ = ["client", "guest", "inference", "server", "worker"]  # fixtures

URL = "/api/v1/glossary/"
PRAGUE = {"text": "Žižkov", "misheard": ["Zhizhkov", "Jizhkov"], "tag": ""}
BOARD = {"text": "EBITDA", "misheard": [], "tag": "board"}


def put(client: Client, *terms: dict[str, Any]) -> int:
    return client.call("PUT", URL, json={"terms": list(terms)}).status_code


def hot_words(inference: FakeInference) -> list[str]:
    return list(inference.configs[-1].hot_words)


def test_it_is_written_whole_and_read_back(client: Client) -> None:
    assert client.get(URL).json() == {"terms": []}
    assert put(client, BOARD, {"text": "Žižkov", "misheard": ["Zhizhkov", "Jizhkov"]}) == 200
    assert client.get(URL).json() == {"terms": [PRAGUE, BOARD]}
    assert put(client, BOARD) == 200
    assert client.get(URL).json() == {"terms": [BOARD]}


@pytest.mark.parametrize(
    "terms",
    [
        [{"text": ""}],
        [{"text": "a, b"}],
        [{"text": "x" * 101}],
        [{"text": "a", "misheard": ["b"] * 3 + [f"c{n}" for n in range(11)]}],
        [{"text": "a", "misheard": "b"}],
        [{"text": "a", "tag": "t" * 51}],
        [{"text": "a"}, {"text": "a"}],
        [{"text": f"w{n}"} for n in range(501)],
        ["a"],
    ],
)
def test_what_is_no_glossary_is_refused_and_changes_nothing(
    client: Client, terms: list[Any]
) -> None:
    put(client, BOARD)

    answer = client.call("PUT", URL, json={"terms": terms})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")
    assert client.get(URL).json() == {"terms": [BOARD]}


def test_its_terms_are_hot_words_of_a_new_transcription(
    client: Client, worker: Worker, inference: FakeInference
) -> None:
    put(client, PRAGUE, BOARD)

    client.transcribe(hot_words="Petrov,Žižkov")

    assert hot_words(inference) == ["Petrov", "Žižkov"], "asked for first; each once; of all only"


def test_terms_of_a_tag_help_when_a_recording_with_it_is_transcribed_again(
    client: Client, worker: Worker, inference: FakeInference
) -> None:
    transcript_id = client.transcribe().json()["id"]
    put(client, PRAGUE, BOARD)
    client.call("PATCH", path_of(transcript_id), json={"tags": ["board"]})

    answer = client.call("POST", path_of(transcript_id, "jobs/"), json={"model": "tiny"})

    assert answer.status_code in (201, 202), answer.text
    transcript = client.user.transcripts.get(pk=transcript_id)
    asked = transcript.jobs.order_by("created_at").last()
    assert asked is not None
    assert list(asked.options.hot_words) == ["EBITDA", "Žižkov"]


def test_guests_have_none(guest: Client, worker: Worker, inference: FakeInference) -> None:
    guest.transcribe()

    assert hot_words(inference) == []


def test_a_hundred_hot_words_are_the_most(
    client: Client, worker: Worker, inference: FakeInference
) -> None:
    put(client, *({"text": f"w{n:03}"} for n in range(150)))

    client.transcribe(hot_words="Petrov")

    assert (len(hot_words(inference)), hot_words(inference)[0]) == (100, "Petrov")


def test_misheard_spellings_are_found_in_a_transcript_as_whole_words(client: Client) -> None:
    put(client, PRAGUE, {"text": "EBITDA", "misheard": ["a bit duh"], "tag": "board"})
    transcript = make(client)
    for position, text in enumerate(
        ("In zhizhkov, near Zhizhkov.", "Zhizhkovs and Žižkov", "A bit duh."), start=1
    ):
        Segment.objects.create(
            transcript=transcript,
            position=position,
            key=f"{position:016x}",
            start_ms=0,
            end_ms=1,
            text=text,
            confidence=1,
        )

    fixes = client.get(path_of(transcript, "glossary-fixes/")).json()["fixes"]
    assert fixes == [
        {"find": "Zhizhkov", "replace": "Žižkov", "count": 2, "segments": [f"{1:016x}"]}
    ]
    Tag.objects.create(transcript=transcript, name="board")
    fixes = client.get(path_of(transcript, "glossary-fixes/")).json()["fixes"]
    assert [fix["replace"] for fix in fixes] == ["Žižkov", "EBITDA"]


def test_anothers_glossary_and_transcript_are_not_there(client: Client) -> None:
    put(client, BOARD)
    other = make_client(client.url)

    assert other.get(URL).json() == {"terms": []}
    assert other.get(path_of(make(client), "glossary-fixes/")).status_code == 404
