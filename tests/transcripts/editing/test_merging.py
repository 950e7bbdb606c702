"""Two editors at once, line by line; one revision reverted; and a text replaced everywhere."""

from typing import Any

import pytest

from tests.transcripts.api.test_transcripts import path_of
from tests.transcripts.editing.test_api import key, make_edited, send, texts
from tests.transcripts.served_api import Client
from transcripts.editing.revisions import overlaps


def words_of(client: Client, transcript: Any) -> list[str]:
    return [text for _, text, _ in texts(client, transcript)]


def test_an_older_revision_will_do_where_other_lines_were_changed(client: Client) -> None:
    transcript = make_edited(client, segments=3)
    send(client, transcript, "PATCH", f"segments/{key(0)}/", {"text": "First"}, if_match='"0"')

    answer = send(
        client, transcript, "PATCH", f"segments/{key(1)}/", {"text": "Second"}, if_match='"0"'
    )

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert words_of(client, transcript)[:2] == ["First", "Second"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"segments/{key(0)}/", {"text": "Mine"}),
        ("DELETE", f"segments/{key(0)}/", None),
        ("POST", f"segments/{key(0)}/split/", {"at_word": 1}),
        ("POST", "segments/merge/", {"segments": [key(0), key(1)]}),
        ("POST", "revisions/0/restore/", None),
        ("POST", "speakers/assign/", {"start": 0, "end": 1, "speaker": 2}),
    ],
)
def test_the_same_line_meets_what_was_changed_since(
    client: Client, method: str, path: str, body: Any
) -> None:
    transcript = make_edited(client)
    send(client, transcript, "PATCH", f"segments/{key(0)}/", {"text": "Their words"})

    answer = send(client, transcript, method, path, body, if_match='"0"')

    assert (answer.status_code, answer.json()["code"]) == (412, "revision_changed")
    assert answer.json()["revision"] == 1
    assert words_of(client, transcript)[0] == "Their words"
    # Who reads what was changed goes on from there.
    changes = client.get(path_of(transcript, "changes/?since=0")).json()
    assert [each["text"] for each in changes["segments"]] == ["Their words"]
    again = send(client, transcript, method, path, body, if_match=f'"{changes["revision"]}"')
    assert again.status_code == 200


def test_a_renamed_speaker_and_an_edited_line_are_merged(client: Client) -> None:
    transcript = make_edited(client)
    send(client, transcript, "PATCH", "speakers/1/", {"name": "Anna"}, if_match='"0"')
    line = send(client, transcript, "PATCH", f"segments/{key(0)}/", {"text": "x"}, if_match='"0"')
    same = send(client, transcript, "PATCH", "speakers/1/", {"name": "Eve"}, if_match='"0"')
    title = send(client, transcript, "PATCH", "", {"title": "New"}, if_match='"0"')
    other = send(client, transcript, "PATCH", "", {"title": "Newer"}, if_match='"0"')
    codes = [each.status_code for each in (line, same, title, other)]
    assert codes == [200, 412, 200, 412]


def test_one_revision_is_reverted_and_later_ones_stay(client: Client) -> None:
    transcript = make_edited(client, segments=3)
    before = words_of(client, transcript)
    send(client, transcript, "PATCH", f"segments/{key(0)}/", {"text": "One"})
    send(client, transcript, "PATCH", f"segments/{key(1)}/", {"text": "Two"})

    undone = send(client, transcript, "POST", "revisions/1/revert/", if_match='"1"')
    assert undone.status_code == 200
    assert words_of(client, transcript) == [before[0], "Two", before[2]]
    redone = send(client, transcript, "POST", "revisions/3/revert/", if_match='"3"')
    assert redone.status_code == 200
    assert words_of(client, transcript)[:2] == ["One", "Two"]
    history = client.get(path_of(transcript, "revisions/")).json()["results"]
    assert [(each["action"], each["restored"]) for each in history[:2]] == [
        ("revert", 3),
        ("revert", 1),
    ]


def test_a_revision_is_not_reverted_over_a_later_change_of_the_same_line(client: Client) -> None:
    transcript = make_edited(client)
    send(client, transcript, "PATCH", f"segments/{key(0)}/", {"text": "One"})
    send(client, transcript, "PATCH", f"segments/{key(0)}/", {"text": "Two"})

    assert send(client, transcript, "POST", "revisions/1/revert/").status_code == 412
    assert send(client, transcript, "POST", "revisions/0/revert/").status_code == 404
    assert send(client, transcript, "POST", "revisions/9/revert/").status_code == 404
    assert words_of(client, transcript)[0] == "Two"


def test_a_line_is_cut_at_a_character_under_an_id_of_the_clients(client: Client) -> None:
    transcript = make_edited(client)
    body = {"at_character": 5, "new_id": "00000000000000aa"}
    path = f"segments/{key(0)}/split/"

    assert send(client, transcript, "POST", path, body).status_code == 200

    assert words_of(client, transcript)[:2] == [
        "one two",
        "three word0",
    ]  # within a word: behind it
    assert texts(client, transcript)[1][0] == "00000000000000aa"
    again = send(client, transcript, "POST", path, {**body, "at_character": 2})
    assert (again.status_code, again.json()["code"]) == (400, "invalid_edit")
    for wrong in ({}, {"at_word": 1, "at_character": 4}, {"at_word": 1, "new_id": "x"}):
        assert send(client, transcript, "POST", path, wrong).status_code == 400


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({"find": "WORD"}, [[14, 18]]),
        ({"find": "WORD", "match_case": "true"}, None),
        ({"find": "word", "whole_words": "true"}, None),
        ({"find": "o", "whole_words": "false"}, [[0, 1], [6, 7], [15, 16]]),
        ({"find": ".*"}, None),
    ],
)
def test_a_text_is_found(client: Client, query: dict[str, str], places: Any) -> None:
    transcript = make_edited(client)
    found = client.call("GET", path_of(transcript, "occurrences/"), params=query).json()
    if places is None:
        assert found == {"count": 0, "segments": []}
    else:
        assert found["count"] == 2 * len(places)
        assert found["segments"][0]["id"] == key(0)
        assert found["segments"][0]["places"] == places


def test_a_text_is_replaced_in_one_revision(client: Client) -> None:
    transcript = make_edited(client, segments=3)
    before = words_of(client, transcript)
    body = {"find": "two", "replace": "2", "segments": [key(0), key(2)]}

    answer = send(client, transcript, "POST", "replace/", body)

    assert (answer.status_code, answer.json()["revision"]) == (200, 1)
    assert words_of(client, transcript) == ["one 2 three word0", before[1], "one 2 three word2"]
    send(client, transcript, "POST", "revisions/1/revert/")
    assert words_of(client, transcript) == before
    # Lines that are left without text go.
    everything = {"find": before[1], "replace": "", "whole_words": True}
    removed = send(client, transcript, "POST", "replace/", everything)
    assert removed.json()["removed"] == [key(1)]


def test_changes_that_touch_nothing_in_common_do_not_overlap() -> None:
    def line(name: str) -> Any:
        return {"segments": {name: {"before": {"text": "a"}, "after": {"text": "b"}}}}

    corrected: Any = {
        "transcript": {"before": {"is_corrected": False}, "after": {"is_corrected": True}}
    }
    assert overlaps(line("a"), line("a"))
    assert not overlaps(line("a"), line("b"))
    assert not overlaps({**line("a"), "fields": corrected}, {**line("b"), "fields": corrected})
