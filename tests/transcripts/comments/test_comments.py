"""Comments and highlights by the API."""

import uuid

import pytest

from tests.transcripts.api.test_transcripts import path_of
from tests.transcripts.editing.test_api import key, make_edited, send
from tests.transcripts.served_api import Client
from transcripts.comments import services


def test_a_comment_is_written_changed_and_deleted(client: Client) -> None:
    transcript = make_edited(client)
    path = path_of(transcript, "comments/")
    body = {"segment": key(0), "quote": "two three", "offset": 4, "text": "Sure?"}

    made = client.call("POST", path, json=body)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in body} == body
    one = f"{path}{made.json()['id']}/"
    assert client.call("PATCH", one, json={"text": "Yes."}).json()["text"] == "Yes."
    # It stays, with its words, when its line is edited or removed.
    send(client, transcript, "DELETE", f"segments/{key(0)}/")
    (listed,) = client.get(path).json()["results"]
    assert (listed["quote"], listed["text"]) == ("two three", "Yes.")
    assert client.call("DELETE", one).status_code == 204
    assert client.get(path).json()["results"] == []
    assert client.call("DELETE", one).status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"segment": "nowhere"}, {"quote": "not said"}, {"text": "x" * 2001}, {"offset": -1}]
)
def test_a_comment_needs_words_that_are_there(client: Client, wrong: dict[str, object]) -> None:
    transcript = make_edited(client)
    body = {"segment": key(0), "quote": "two", "text": "?", **wrong}
    answer = client.call("POST", path_of(transcript, "comments/"), json=body)
    assert answer.status_code == 400


def test_a_transcript_has_only_so_many_comments(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MAX_COMMENTS", 1)
    transcript = make_edited(client)
    path = path_of(transcript, "comments/")
    codes = [client.call("POST", path, json={"segment": key(0)}).status_code for _ in range(2)]
    assert codes == [201, 400]


def test_another_ones_comments_are_not_found(client: Client) -> None:
    path = f"/api/v1/transcripts/{uuid.uuid4()}/comments/"
    assert client.get(path).status_code == 404
