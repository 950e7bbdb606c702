"""Editing by HTTP: what changes, what stays, who may, and what happens to two at once."""

import threading
import uuid
from typing import Any, cast

import pytest
import requests
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from accounts.principals import Principal
from tests.transcripts.api.test_transcripts import make, path_of
from tests.transcripts.rows import update_transcripts
from tests.transcripts.served_api import Client, make_client
from transcripts.editing import edits
from transcripts.editing.draft import Editing
from transcripts.editing.original import load_original
from transcripts.exports.document import load_document
from transcripts.models import Revision, Segment, Speaker, Status, Transcript

EDITS: list[tuple[str, str, dict[str, Any]]] = [
    ("PATCH", "segments/{a}/", {"text": "Changed"}),
    ("DELETE", "segments/{a}/", {}),
    ("POST", "segments/{a}/split/", {"at_word": 1}),
    ("POST", "segments/merge/", {"segments": ["{a}", "{b}"]}),
    ("POST", "segments/move-words/", {"segment": "{a}", "to": "next"}),
    ("POST", "speakers/", {"name": "Eve"}),
    ("PATCH", "speakers/1/", {"name": "Alice"}),
    ("POST", "speakers/merge/", {"speakers": [2], "into": 1}),
    ("POST", "speakers/assign/", {"start": 0.5, "end": 1.5, "speaker": 2}),
    ("POST", "revisions/0/restore/", {}),
]
READS = ["segments/", "speakers/", "revisions/", "revisions/0/diff/"]


def make_edited(client: Client, *, segments: int = 2, **fields: Any) -> Transcript:
    """A transcript of segments of four words and a second each, two speakers in turn."""
    transcript = make(client, audio_duration_ms=segments * 1000, language="en", **fields)
    speakers = [
        Speaker.objects.create(transcript=transcript, position=n, label=f"Speaker {n}")
        for n in (1, 2)
    ]
    Segment.objects.bulk_create(
        Segment(
            transcript=transcript,
            key=f"{number:016x}",
            position=number,
            start_ms=number * 1000,
            end_ms=number * 1000 + 1000,
            text=f"one two three word{number}",
            words=[
                {
                    "word": text,
                    "start_ms": number * 1000 + at * 250,
                    "end_ms": number * 1000 + at * 250 + 250,
                    "confidence": 0.5,
                    "space_before": at > 0,
                }
                for at, text in enumerate(("one", "two", "three", f"word{number}"))
            ],
            speaker=speakers[number % 2],
            confidence=0.5,
        )
        for number in range(segments)
    )
    return transcript


def key(number: int) -> str:
    return f"{number:016x}"


def send(
    client: Client,
    transcript: Transcript | str,
    method: str,
    path: str,
    body: Any = None,
    *,
    if_match: str = "",
) -> requests.Response:
    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(each) for each in value]
        return (
            value.replace("{a}", key(0)).replace("{b}", key(1)) if isinstance(value, str) else value
        )

    sent = {name: fill(value) for name, value in (body or {}).items()}
    headers = {"If-Match": if_match} if if_match else {}
    return client.call(method, path_of(transcript, fill(path)), json=sent, headers=headers)


def texts(client: Client, transcript: Transcript) -> list[tuple[str, str, int | None]]:
    rows = client.get(path_of(transcript, "segments/")).json()["results"]
    return [(row["id"], row["text"], row["speaker_number"]) for row in rows]


@pytest.mark.parametrize(("method", "path", "body"), EDITS)
def test_an_edit_is_a_revision_that_can_be_taken_back(
    client: Client, method: str, path: str, body: dict[str, Any]
) -> None:
    transcript = make_edited(client)
    send(client, transcript, "PATCH", f"segments/{key(1)}/", {"text": "two three and more"})
    before = load_document(transcript)

    answer = send(client, transcript, method, path, body)
    changed = load_document(transcript)
    back = send(client, transcript, "POST", "revisions/1/restore/")

    assert answer.status_code in (200, 201), answer.text
    assert (answer.json()["revision"], answer.headers["ETag"]) == (2, '"2"')
    assert changed != before
    assert back.json()["revision"] == 3
    assert load_document(transcript) == before
    log = client.get(path_of(transcript, "revisions/")).json()["results"]
    assert [row["number"] for row in log] == [3, 2, 1]
    assert {row["author"] for row in log} == {client.user.email}
    assert (log[0]["action"], log[0]["restored"]) == ("restore", 1)
    assert log[-1]["summary"] == [
        {"before": "one", "after": ""},
        {"before": "word1", "after": "and more"},
    ]


@pytest.mark.parametrize(("method", "path", "body"), EDITS)
def test_an_edit_is_refused_where_it_must_be(
    client: Client, guest: Client, method: str, path: str, body: dict[str, Any]
) -> None:
    transcript = make_edited(client)
    stranger = make_client(guest.url)
    working = make_edited(client, status=Status.PROCESSING)

    assert send(guest, transcript, method, path, body).status_code == 401
    assert send(stranger, transcript, method, path, body).status_code == 404
    assert send(client, str(uuid.uuid4()), method, path, body).status_code == 404
    assert send(client, transcript, "PUT", path, body).status_code == 405
    busy = send(client, working, method, path, body)
    assert (busy.status_code, busy.json()["code"]) == (409, "not_finished")
    stale = send(client, transcript, method, path, body, if_match='"7"')
    assert (stale.status_code, stale.json()["code"]) == (412, "revision_changed")
    assert stale.headers["ETag"] == '"0"'
    assert not Revision.objects.exists()


@pytest.mark.parametrize("path", READS)
def test_reading_is_for_the_owner(client: Client, guest: Client, path: str) -> None:
    transcript = make_edited(client)

    assert client.get(path_of(transcript, path)).status_code == 200
    assert guest.get(path_of(transcript, path)).status_code == 401
    assert make_client(guest.url).get(path_of(transcript, path)).status_code == 404
    assert client.get(path_of(str(uuid.uuid4()), path)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "segments/{a}/", {"text": "  "}, 400),
        ("PATCH", "segments/{a}/", {"text": 5}, 400),
        ("PATCH", "speakers/1/", {"name": 5}, 400),
        ("PATCH", "segments/{a}/", {"start": 0.9, "end": 0.1}, 400),
        ("PATCH", "segments/{a}/", {"start": 1.5}, 400),
        ("PATCH", "segments/{a}/", {"end": 99}, 400),
        ("PATCH", "segments/{a}/", {"end": "nan"}, 400),
        ("PATCH", "segments/{a}/", {"end": 1e300}, 400),
        ("PATCH", "segments/{a}/", {"speaker": 9}, 404),
        ("PATCH", "segments/nobody/", {"text": "x"}, 404),
        ("POST", "segments/{a}/split/", {"at_word": 4}, 400),
        ("POST", "segments/{a}/split/", {}, 400),
        ("POST", "segments/merge/", {"segments": ["{a}"]}, 400),
        ("POST", "segments/merge/", {"segments": ["{a}", "0000000000000002"]}, 400),
        ("POST", "segments/merge/", {"segments": ["{a}", "nobody"]}, 404),
        ("POST", "segments/move-words/", {"segment": "{a}", "to": "previous"}, 400),
        ("POST", "segments/move-words/", {"segment": "{a}", "to": "next", "words": 4}, 400),
        ("PATCH", "speakers/9/", {"name": "x"}, 404),
        ("PATCH", "speakers/1/", {"name": "x" * 101}, 400),
        ("POST", "speakers/merge/", {"speakers": [9], "into": 1}, 404),
        ("POST", "speakers/merge/", {"speakers": [1], "into": 1}, 400),
        ("POST", "speakers/assign/", {"start": 2, "end": 1, "speaker": 1}, 400),
        ("POST", "revisions/5/restore/", {}, 404),
    ],
)
def test_an_edit_that_makes_no_sense_changes_nothing(
    client: Client, method: str, path: str, body: dict[str, Any], status: int
) -> None:
    transcript = make_edited(client, segments=3)
    before = load_document(transcript)

    answer = send(client, transcript, method, path, body)

    assert answer.status_code == status, answer.text
    assert answer.json()["error"].endswith(".")
    transcript.refresh_from_db()
    assert (transcript.revision, load_document(transcript)) == (0, before)


def test_a_corrected_text_retains_its_id_and_the_times_of_what_stayed(client: Client) -> None:
    transcript = make_edited(client)

    body = send(client, transcript, "PATCH", "segments/{a}/", {"text": "One 2 three word0!"}).json()

    (segment,) = body["segments"]
    assert (segment["id"], segment["text"]) == (key(0), "One 2 three word0!")
    assert [(w["word"], w["start"], w["timing"]) for w in segment["words"]] == [
        ("One", 0.0, "aligned"),
        ("2", 0.25, "interpolated"),
        ("three", 0.5, "aligned"),
        ("word0!", 0.75, "aligned"),
    ]
    assert body["is_corrected"]
    assert client.get(path_of(transcript)).json()["is_corrected"]


def test_split_merged_and_moved_words_are_where_they_were_put(client: Client) -> None:
    transcript = make_edited(client)

    split = send(client, transcript, "POST", "segments/{a}/split/", {"at_word": 1}).json()
    new = next(row["id"] for row in split["segments"] if row["id"] != key(0))
    assert texts(client, transcript) == [
        (key(0), "one", 1),
        (new, "two three word0", 1),
        (key(1), "one two three word1", 2),
    ]
    send(client, transcript, "POST", "segments/move-words/", {"segment": new, "to": "next"})
    assert [text for _, text, _ in texts(client, transcript)] == [
        "one",
        "two three",
        "word0 one two three word1",
    ]
    merged = send(client, transcript, "POST", "segments/merge/", {"segments": [new, "{a}"]}).json()
    assert merged["removed"] == [new]
    assert texts(client, transcript)[0] == (key(0), "one two three", 1)


def test_an_interval_given_to_another_speaker_is_cut_out_between_words(client: Client) -> None:
    transcript = make_edited(client)

    send(client, transcript, "POST", "speakers/assign/", {"start": 0.25, "end": 0.75, "speaker": 2})

    assert [(text, speaker) for _, text, speaker in texts(client, transcript)] == [
        ("one", 1),
        ("two three", 2),
        ("word0", 1),
        ("one two three word1", 2),
    ]


def test_merged_speakers_are_one_and_come_back_apart(client: Client) -> None:
    transcript = make_edited(client, segments=4)

    body = send(client, transcript, "POST", "speakers/merge/", {"speakers": [2], "into": 1}).json()
    assert {speaker for _, _, speaker in texts(client, transcript)} == {1}
    send(client, transcript, "POST", "revisions/0/restore/")

    assert [row["number"] for row in body["speakers"]] == [1]
    assert [speaker for _, _, speaker in texts(client, transcript)] == [1, 2, 1, 2]


def test_renaming_is_shown_everywhere_and_is_no_correction(client: Client) -> None:
    transcript = make_edited(client)

    send(client, transcript, "PATCH", "speakers/2/", {"name": "<b>Eva</b>\x08"})

    body = client.get(path_of(transcript)).json()
    assert body["speakers"] == ["Speaker 1", "<b>Eva</b>"]
    assert body["segments"][1]["speaker"] == "<b>Eva</b>"
    assert (body["is_corrected"], body["revision"]) == (False, 1)


def test_title_tags_and_note_may_change_at_any_time_and_come_back(client: Client) -> None:
    transcript = make_edited(client, status=Status.PROCESSING, title="Old")
    sent = {"title": " New\n title ", "tags": ["b", "a", "a"], "language_note": "Moravian"}

    body = client.call("PATCH", path_of(transcript), json=sent).json()

    assert (body["title"], body["tags"]) == ("New title", ["a", "b"])
    assert (body["language_note"], body["revision"]) == ("Moravian", 1)
    diff = client.get(path_of(transcript, "revisions/1/diff/")).json()
    assert diff["fields"]["before"] == {"title": "Old", "tags": [], "language_note": ""}
    update_transcripts(Transcript.objects.all(), status=Status.COMPLETED)
    send(client, transcript, "POST", "revisions/0/restore/")
    assert client.get(path_of(transcript)).json()["tags"] == []


@pytest.mark.parametrize("body", [{"title": "x" * 256}, {"tags": "a"}, {"tags": ["x" * 51]}])
def test_a_bad_description_is_refused(client: Client, body: dict[str, Any]) -> None:
    answer = client.call("PATCH", path_of(make(client)), json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")


def test_what_changed_nothing_is_no_revision(client: Client) -> None:
    transcript = make_edited(client)

    answer = send(
        client, transcript, "PATCH", "segments/{a}/", {"text": "one  two three word0"}
    ).json()

    assert (answer["revision"], answer["segments"], answer["is_corrected"]) == (0, [], False)


def test_a_difference_over_several_revisions_is_the_sum_of_them(client: Client) -> None:
    transcript = make_edited(client)
    send(client, transcript, "PATCH", "segments/{a}/", {"text": "one too three word0"})
    send(client, transcript, "PATCH", "segments/{a}/", {"text": "one too three words"})
    send(client, transcript, "DELETE", "segments/{b}/")

    diff = client.get(path_of(transcript, "revisions/3/diff/?against=0")).json()
    last = client.get(path_of(transcript, "revisions/3/diff/")).json()

    assert (diff["older"], diff["newer"]) == (0, 3)
    changed = {row["id"]: row for row in diff["segments"]}
    assert changed[key(0)]["words"] == [
        {"op": "equal", "text": "one"},
        {"op": "delete", "text": "two"},
        {"op": "insert", "text": "too"},
        {"op": "equal", "text": "three"},
        {"op": "delete", "text": "word0"},
        {"op": "insert", "text": "words"},
    ]
    assert changed[key(1)]["change"] == "removed"
    assert [row["id"] for row in last["segments"]] == [key(1)]
    bad = client.get(path_of(transcript, "revisions/3/diff/?against=9"))
    assert (bad.status_code, bad.json()["code"]) == (400, "invalid_value")


def test_the_machines_original_comes_back_uncorrected(client: Client) -> None:
    transcript = make_edited(client)
    original = load_document(transcript)
    for method, path, body in EDITS[:-1]:
        send(client, transcript, method, path, body)
        transcript.refresh_from_db()
        assert load_original(transcript) == original

    send(client, transcript, "POST", "revisions/0/restore/")

    transcript.refresh_from_db()
    assert load_document(transcript) == original
    assert not transcript.is_corrected


@pytest.mark.database
def test_of_two_editors_at_once_one_is_warned(client: Client) -> None:
    transcript = make_edited(client)
    etag = client.get(path_of(transcript, "segments/")).headers["ETag"]
    answers: list[int] = []
    gate = threading.Barrier(4)

    def change(number: int) -> None:
        own = Client(client.url, client.key)
        gate.wait()
        answer = send(
            own, transcript, "PATCH", "segments/{a}/", {"text": f"by {number}"}, if_match=etag
        )
        answers.append(answer.status_code)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200, 412, 412, 412]
    transcript.refresh_from_db()
    assert transcript.revision == Revision.objects.count() == 1


@pytest.mark.database
def test_editors_who_name_no_revision_go_one_after_the_other(client: Client) -> None:
    transcript = make_edited(client, segments=4)

    def change(number: int) -> None:
        try:
            edits.rename_speaker(Editing(transcript, client.user), 1, f"Name {number}")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=change, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    numbers = Revision.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [1, 2, 3, 4]


@pytest.mark.database
def test_many_edits_and_restores_hold_on_every_database(client: Client) -> None:
    transcript = make_edited(client, segments=6)
    original = load_document(transcript)
    author = client.user

    edits.split(Editing(transcript, author), key(0), at_word=2)
    edits.merge(Editing(transcript, author), [key(1), key(2)])
    edits.merge_speakers(Editing(transcript, author), [2], into=1)
    edits.assign_speaker(Editing(transcript, author), start_ms=3300, end_ms=4700, speaker=None)
    changed = load_document(transcript)
    edits.restore(Editing(transcript, author), 0)
    assert load_document(transcript) == original
    edits.restore(Editing(transcript, author), 4)

    assert load_document(transcript) == changed


def test_segments_are_paged_and_cost_the_same_queries(client: Client) -> None:
    def queries(transcript: Transcript) -> int:
        from rest_framework.test import APIRequestFactory, force_authenticate

        from transcripts.editing.api.segments import SegmentListView

        request = APIRequestFactory().get("/")
        force_authenticate(request, client.user, cast("Any", Principal(user=client.user)))
        with CaptureQueriesContext(connection) as captured:
            SegmentListView.as_view()(request, transcript_id=transcript.pk)
        return len(captured)

    short, long = make_edited(client, segments=1), make_edited(client, segments=30)
    queries(short)
    assert queries(short) == queries(long)
    page = client.get(path_of(long, "segments/?page_size=20&page=2")).json()
    assert (page["count"], len(page["results"]), page["next"]) == (30, 10, None)


def test_an_edit_of_a_long_transcript_costs_the_queries_of_a_short_one(client: Client) -> None:
    def queries(transcript: Transcript) -> int:
        with CaptureQueriesContext(connection) as captured:
            edits.edit_segment(
                Editing(transcript, client.user), key(3), edits.SegmentChange(text="Other words")
            )
        return len(captured)

    assert queries(make_edited(client, segments=5)) == queries(make_edited(client, segments=60))


def test_a_deleted_transcript_takes_its_history_with_it(client: Client) -> None:
    transcript = make_edited(client)
    send(client, transcript, "PATCH", "segments/{a}/", {"text": "Secret"})

    assert client.call("DELETE", path_of(transcript)).status_code == 204

    assert not Revision.objects.exists()
    assert not Segment.objects.exists()
