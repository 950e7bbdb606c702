"""What is made of a transcript: stored with it, edited, stale after a change, and gone with it."""

import json
from typing import Any

import grpc
import pytest
import requests

from accounts.services.account_deletion import close_account, remove_account
from tests.stt_web.test_openapi import hold
from tests.transcripts.fake_language import FakeLanguage
from tests.transcripts.intelligence.conftest import SEGMENT_MS, create_meeting
from tests.transcripts.intelligence.texts import CZECH_MEETING
from tests.transcripts.served_api import Client, make_client
from transcripts.intelligence.models import StoredResult
from transcripts.jobs.models import TranscriptionJob
from transcripts.models import Segment, Speaker, Status, Transcript
from transcripts.user_data import export_user_data

pytestmark = pytest.mark.django_db(transaction=True)


def path_of(transcript: Transcript, rest: str = "") -> str:
    return f"/api/v1/transcripts/{transcript.pk}/{rest}"


def make(client: Client, transcript: Transcript, what: str, **body: Any) -> requests.Response:
    return client.call("POST", path_of(transcript, f"{what}/"), json=body)


def list_results(client: Client, transcript: Transcript) -> list[dict[str, Any]]:
    return list(client.get(path_of(transcript, "results/")).json()["results"])


@pytest.mark.parametrize(
    ("what", "body", "kind", "name"),
    [
        ("summarize", {"style": "bullets"}, "summary", "bullet_points"),
        ("summarize", {}, "summary", "brief"),
        ("analyze", {"type": "sentiment"}, "analysis", "sentiment"),
        ("analyze", {"type": "topics"}, "analysis", "topics"),
        ("analyze", {"type": "entities"}, "analysis", "entities"),
        ("analyze", {"type": "action_items"}, "analysis", "action_items"),
        ("analyze", {"type": "questions"}, "analysis", "questions"),
        ("generate", {"type": "meeting_notes"}, "content", "meeting_notes"),
        ("generate", {"type": "study_guide"}, "content", "study_guide"),
        ("generate", {"type": "flashcards"}, "content", "flashcards"),
        ("generate", {"type": "quiz"}, "content", "quiz"),
        ("translate", {"target": "cs"}, "translation", "cs"),
    ],
)
def test_each_result_is_answered_and_stored(
    client: Client, meeting: Transcript, what: str, body: dict[str, Any], kind: str, name: str
) -> None:
    answer = make(client, meeting, what, **body)
    assert answer.status_code == 200, answer.text
    (stored,) = list_results(client, meeting)
    assert (stored["kind"], stored["name"], stored["is_stale"]) == (kind, name, False)
    assert stored["id"] == answer.json()["result_id"]
    assert stored["model"] == answer.json()["model"]
    one = client.get(path_of(meeting, f"results/{stored['id']}/")).json()
    assert one == stored


def test_evidence_names_segments_and_times(client: Client, meeting: Transcript) -> None:
    items = make(client, meeting, "analyze", type="action_items").json()["result"]
    segments = list(Segment.objects.filter(transcript=meeting).order_by("position"))
    assert [item["owner"] for item in items] == ["Omar", "Omar", "Lena"]
    for item in items:
        (order,) = item["evidence"]["segments"]
        assert item["source"] in segments[order].text
        assert item["evidence"]["start"] * 1000 == segments[order].start_ms


def test_chapters_have_times(client: Client, meeting: Transcript) -> None:
    body = make(client, meeting, "generate", type="chapter_markers").json()
    starts = [chapter["start"] for chapter in body["data"]]
    assert starts[0] == 0.0
    assert starts == sorted(starts)
    assert body["content"].startswith("- 0:00 ")


def test_a_part_of_it_can_be_summarised(client: Client, meeting: Transcript) -> None:
    lena = make(client, meeting, "summarize", style="detailed", speaker="Lena").json()
    assert lena["sentences"]
    segments = list(Segment.objects.filter(transcript=meeting).order_by("position"))
    for sentence in lena["sentences"]:
        (order,) = sentence["evidence"]["segments"]
        speaker = segments[order].speaker
        assert speaker is not None
        assert speaker.display_name == "Lena"
    late = make(client, meeting, "summarize", start=10 * SEGMENT_MS / 1000).json()
    assert all(each["evidence"]["start"] >= 45 for each in late["sentences"])
    unknown = make(client, meeting, "summarize", speaker="Zed")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_speaker")


def test_a_translation_retains_segments_and_times(client: Client, meeting: Transcript) -> None:
    body = make(client, meeting, "translate", target="cs").json()
    segments = list(Segment.objects.filter(transcript=meeting).order_by("position"))
    assert [each["start"] * 1000 for each in body["segments"]] == [
        segment.start_ms for segment in segments
    ]
    assert body["segments"][0]["text"].startswith("cs:Good morning")
    assert body["source_language"] == "en"


def test_a_czech_transcript_is_read_in_czech(client: Client, language: FakeLanguage) -> None:
    transcript = create_meeting(client, CZECH_MEETING, language="cs")
    body = make(client, transcript, "generate", type="meeting_notes").json()
    assert "## Úkoly" in body["content"]


def test_a_result_is_stale_once_the_text_changes(client: Client, meeting: Transcript) -> None:
    make(client, meeting, "summarize")
    segment = Segment.objects.filter(transcript=meeting).order_by("position")[3]
    changed = client.call(
        "PATCH", path_of(meeting, f"segments/{segment.key}/"), json={"text": "Another text."}
    )
    assert changed.status_code == 200
    (stored,) = list_results(client, meeting)
    assert stored["is_stale"] is True
    again = make(client, meeting, "summarize").json()
    (stored,) = list_results(client, meeting)
    assert (stored["is_stale"], stored["revision"]) == (False, again["revision"])


def test_a_name_for_a_label_is_shown_in_a_result_and_another_name_makes_it_stale(
    client: Client, meeting: Transcript
) -> None:
    make(client, meeting, "summarize")
    Speaker.objects.create(transcript=meeting, position=9, label="Speaker 9")
    StoredResult.objects.update(text="Speaker 9 agrees, Speaker 90 doesn't.")
    named = path_of(meeting, "speakers/9/")

    assert client.call("PATCH", named, json={"name": "Zoe"}).status_code == 200
    client.call("PATCH", path_of(meeting), json={"title": "Another title"})
    (stored,) = list_results(client, meeting)
    assert (stored["text"], stored["is_stale"]) == ("Zoe agrees, Speaker 90 doesn't.", False)

    assert client.call("PATCH", named, json={"name": "Zora"}).status_code == 200
    assert list_results(client, meeting)[0]["is_stale"] is True


def test_what_a_person_edited_stays_beside_a_new_one(client: Client, meeting: Transcript) -> None:
    first = make(client, meeting, "summarize").json()["result_id"]
    edited = client.call(
        "PATCH", path_of(meeting, f"results/{first}/"), json={"text": "My own words."}
    )
    assert (edited.json()["text"], edited.json()["is_edited"]) == ("My own words.", True)
    make(client, meeting, "summarize")
    make(client, meeting, "summarize")
    results = list_results(client, meeting)
    assert len(results) == 2
    assert [each["text"] for each in results if each["is_edited"]] == ["My own words."]
    deletion = client.call("DELETE", path_of(meeting, f"results/{first}/"))
    assert deletion.status_code == 204
    assert client.get(path_of(meeting, f"results/{first}/")).status_code == 404


def test_refusals_and_failures_store_nothing(
    client: Client, meeting: Transcript, language: FakeLanguage
) -> None:
    assert make(client, meeting, "summarize", style="poem").status_code == 400
    assert make(client, meeting, "analyze").status_code == 400
    assert make(client, meeting, "translate").status_code == 400
    assert make(client, meeting, "generate", type="blog_post").status_code == 503
    language.status = grpc.StatusCode.UNAVAILABLE
    assert make(client, meeting, "summarize").status_code == 503
    assert list_results(client, meeting) == []
    Transcript.objects.filter(pk=meeting.pk).update(status=Status.PROCESSING)
    waiting = make(client, meeting, "summarize")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "not_finished")
    TranscriptionJob.objects.update(error_code="fetch_failed", error_message="No such host.")
    Transcript.objects.filter(pk=meeting.pk).update(status=Status.FAILED)
    failed = make(client, meeting, "summarize")
    assert (failed.status_code, failed.json()["code"]) == (409, "failed")
    assert failed.json()["error"] == "This transcript has no text. No such host."


def test_a_transcript_that_is_deleted_in_between_gets_no_result(
    client: Client, meeting: Transcript, language: FakeLanguage
) -> None:
    language.before = lambda: client.call("DELETE", path_of(meeting))
    answer = make(client, meeting, "summarize")
    assert (answer.status_code, answer.json()["code"]) == (409, "deleted")
    assert not StoredResult.objects.exists()


def test_results_go_with_the_transcript_and_with_the_account(
    client: Client, meeting: Transcript
) -> None:
    make(client, meeting, "summarize")
    client.call("DELETE", path_of(meeting))
    assert not StoredResult.objects.exists()
    make(client, create_meeting(client), "summarize")
    close_account(client.user)
    remove_account(client.user)
    assert not StoredResult.objects.exists()


def test_results_are_in_the_accounts_export(client: Client, meeting: Transcript) -> None:
    summary = make(client, meeting, "summarize").json()["summary"]
    (about,) = [
        json.loads(file.content)
        for file in export_user_data(client.user)
        if file.name.endswith("about.json")
    ]
    assert about["results"][0]["text"] == summary


def test_anothers_transcript_is_as_one_that_is_not_there(
    client: Client, meeting: Transcript
) -> None:
    other = make_client(client.url)
    assert make(other, meeting, "summarize").status_code == 404
    assert other.get(path_of(meeting, "results/")).status_code == 404
    assert not StoredResult.objects.exists()


def test_personal_data_has_the_times_of_its_words(client: Client, language: FakeLanguage) -> None:
    transcript = create_meeting(client, "Ann: Write to a@b.cz now.\nAnn: Or call me at ten.\n")
    segment = Segment.objects.filter(transcript=transcript).order_by("position")[0]
    segment.words = [
        {
            "word": word,
            "start_ms": place * 500,
            "end_ms": place * 500 + 400,
            "confidence": 0.9,
            "space_before": place > 0,
            "timing": "aligned",
        }
        for place, word in enumerate(segment.text.split())
    ]
    segment.save()
    body = make(client, transcript, "analyze", type="pii_redact", types=["EMAIL"]).json()
    (entity,) = body["result"]["entities"]
    assert entity["evidence"]["segments"] == [0]
    assert (entity["evidence"]["start"], entity["evidence"]["end"]) == (1.0, 1.4)
    assert body["result"]["types_covered"] == ["EMAIL"]


def test_answers_are_as_the_document_describes_them(client: Client, meeting: Transcript) -> None:
    document = client.get("/openapi.json").json()
    one = "/api/v1/transcripts/{transcript_id}/"
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("/v1/summarize", "/v1/summarize", {"text": "One. Two. Three."}),
        ("/v1/analyze", "/v1/analyze", {"text": "One. Two.", "type": "pii_redact"}),
        ("/v1/generate", "/v1/generate", {"text": "One. Two.", "type": "quiz"}),
        ("/v1/embed", "/v1/embed", {"texts": ["One."]}),
        ("/v1/translate", "/v1/translate", {"text": "One.", "target": "cs"}),
        ("/v1/translate", "/v1/translate", {"texts": ["One."], "target": "cs"}),
        (f"{one}summarize/", path_of(meeting, "summarize/"), {}),
        (f"{one}chat/", path_of(meeting, "chat/"), {"question": "When does the bakery open?"}),
        ("/api/v1/chat/", "/api/v1/chat/", {"question": "When does the bakery open?"}),
        ("/v1/summarize", "/v1/summarize", {"text": ""}),
        ("/v1/generate", "/v1/generate", {"text": "One.", "type": "blog_post"}),
    ]
    for described, path, body in asked:
        hold(document, described, "post", client.call("POST", path, json=body))
    (stored,) = list_results(client, meeting)
    for described, path in (
        ("/v1/translate/languages", "/v1/translate/languages"),
        (f"{one}results/", path_of(meeting, "results/")),
        (f"{one}results/{{result_id}}/", path_of(meeting, f"results/{stored['id']}/")),
        (f"{one}chat/", path_of(meeting, "chat/")),
        ("/api/v1/chat/", "/api/v1/chat/"),
    ):
        hold(document, described, "get", client.get(path))
