"""What is made of a finished transcript by itself: by request, tag or account; stored, reported."""

import json
from datetime import timedelta
from typing import Any

import grpc
import pytest
from django.utils import timezone
from pytest_django import Settings

from protos.stt.v1 import language_pb2
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_language import EMBEDDER, FakeLanguage
from tests.transcripts.intelligence.conftest import create_meeting, list_embedder
from tests.transcripts.intelligence.texts import CZECH_MEETING, MEETING
from tests.transcripts.served_api import Client, Worker, make_client
from transcripts.intelligence.models import (
    ProcessingRule,
    SegmentVectors,
    StoredResult,
    TextJob,
    TextOperation,
)
from transcripts.intelligence.text_jobs.run import run_text_job
from transcripts.intelligence.text_jobs.steps import set_title
from transcripts.intelligence.text_jobs.sweep import sweep_text_jobs
from transcripts.models import Status, Tag, Transcript
from transcripts.services.text_jobs import order_processing
from transcripts.webhooks.endpoints import create_endpoint
from transcripts.webhooks.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)

RULES = "/api/v1/processing/"


@pytest.fixture(autouse=True)
def _soon(settings: Settings) -> None:
    settings.TEXT_RETRY_S = 0.05


def set_rules(client: Client, **rules: Any) -> None:
    answer = client.call("PUT", RULES, json=rules)
    assert answer.status_code == 200, answer.text


def run_all() -> None:
    for job in TextJob.objects.filter(status=Status.QUEUED):
        run_text_job(job.pk)


def process(transcript: Transcript) -> dict[str, Any]:
    """Do what its completion has done, and return the job."""
    order_processing(transcript)
    run_all()
    return read_processing(transcript)


def read_processing(transcript: Transcript) -> dict[str, Any]:
    job = TextJob.objects.get(transcript=transcript, operation=TextOperation.PROCESS)
    return {"status": job.status, "steps": job.answer.get("steps"), "error": job.error_code}


def names_of(transcript: Transcript) -> set[tuple[str, str]]:
    return set(StoredResult.objects.filter(transcript=transcript).values_list("kind", "name"))


@pytest.mark.database
def test_an_accounts_rule_makes_what_it_lists(client: Client, meeting: Transcript) -> None:
    set_rules(client, auto_process=["summary", "chapters", "action_items"], template="meeting")
    made = process(meeting)
    assert made["status"] == "completed"
    assert names_of(meeting) == {
        ("summary", "brief"),
        ("content", "chapter_markers"),
        ("analysis", "action_items"),
        ("template", "meeting"),
    }


def test_without_a_rule_nothing_is_made(client: Client, meeting: Transcript) -> None:
    order_processing(meeting)
    assert not TextJob.objects.filter(operation=TextOperation.PROCESS).exists()


def test_a_recording_is_processed_once_it_is_transcribed(
    client: Client, language: FakeLanguage, worker: Worker
) -> None:
    answer = client.transcribe(auto_process="summary,title", template="interview")
    assert answer.status_code == 200, answer.text
    transcript = Transcript.objects.get()
    assert transcript.status in ("completed", "completed_with_warnings")
    wait_for_processing(transcript)
    assert ("summary", "brief") in names_of(transcript)
    assert ("template", "interview") in names_of(transcript)
    transcript.refresh_from_db()
    assert transcript.title != "talk"


def wait_for_processing(transcript: Transcript) -> None:
    deadline = timezone.now() + timedelta(seconds=20)
    while TextJob.objects.filter(transcript=transcript, finished_at=None).exists():
        assert timezone.now() < deadline


def test_a_request_comes_before_tags_and_these_before_the_account(
    client: Client, meeting: Transcript
) -> None:
    set_rules(
        client,
        auto_process=["topics"],
        template="",
        tags=[{"tag": "board", "auto_process": ["summary"], "template": "meeting"}],
    )
    Tag.objects.create(transcript=meeting, name="board")
    process(meeting)
    assert names_of(meeting) == {("summary", "brief"), ("template", "meeting")}
    asked = create_meeting(client)
    set_options(asked, auto_process=["key_quotes"])
    Tag.objects.create(transcript=asked, name="board")
    process(asked)
    assert names_of(asked) == {("content", "key_quotes"), ("template", "meeting")}
    refused = create_meeting(client)
    set_options(refused, auto_process=["none"])
    order_processing(refused)
    run_all()
    assert names_of(refused) == set()


def set_options(transcript: Transcript, **options: Any) -> None:
    transcript.job.further_options = {**transcript.job.further_options, **options}
    transcript.job.save()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"auto_process": "summary,poem"}, "invalid_value"),
        ({"template": "none-such"}, "unknown_template"),
        ({"template": "00000000-0000-4000-8000-000000000000"}, "unknown_template"),
    ],
)
def test_what_there_is_not_is_refused_with_the_recording(
    client: Client, fields: dict[str, Any], code: str
) -> None:
    answer = client.transcribe(**fields)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_guest_has_nothing_processed(guest: Client) -> None:
    answer = guest.transcribe(auto_process="summary")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")


@pytest.mark.database
def test_an_import_is_processed_too(client: Client, language: FakeLanguage) -> None:
    set_rules(client, auto_process=["summary"], template="")
    lines = MEETING.strip().splitlines()
    cues = "\n\n".join(
        f"00:00:{place:02d}.000 --> 00:00:{place + 1:02d}.000\n{line}"
        for place, line in enumerate(lines)
    )
    answer = client.call(
        "POST",
        "/api/v1/transcripts/import/",
        files={"file": ("meeting.vtt", f"WEBVTT\n\n{cues}\n")},
        data={"language": "en"},
    )
    assert answer.status_code == 201, answer.text
    run_all()
    assert names_of(Transcript.objects.get()) == {("summary", "brief")}


def test_a_title_that_a_person_gave_stays(client: Client, meeting: Transcript) -> None:
    set_rules(client, auto_process=["title"], template="")
    process(meeting)
    meeting.refresh_from_db()
    assert meeting.title == "The meeting"


@pytest.mark.database
def test_a_title_that_the_file_gave_is_replaced_and_found(
    client: Client, meeting: Transcript
) -> None:
    Transcript.objects.filter(pk=meeting.pk).update(title="")
    set_rules(client, auto_process=["title"], template="")
    process(meeting)
    meeting.refresh_from_db()
    assert meeting.title
    assert meeting.revision == 0
    word = max(meeting.title.split(), key=len).strip(",.?")
    found = client.get(f"/api/v1/transcripts/?search={word}").json()["results"]
    assert [each["id"] for each in found] == [str(meeting.pk)]


def test_a_title_that_a_person_took_back_to_the_files_name_stays(
    client: Client, meeting: Transcript
) -> None:
    client.call("PATCH", f"/api/v1/transcripts/{meeting.pk}/", json={"title": ""})
    meeting.refresh_from_db()
    assert set_title(meeting, "Another one") is False


def test_a_step_that_fails_leaves_its_reason_and_the_others(
    client: Client, meeting: Transcript
) -> None:
    endpoint, _ = create_endpoint(client.user, url="https://hooks.example.com/")
    ProcessingRule.objects.create(
        owner=client.user, steps=["summary"], template="00000000-0000-4000-8000-000000000000"
    )
    made = process(meeting)
    assert made["status"] == "completed_with_warnings"
    assert made["steps"]["summary"]["error"] is None
    assert made["steps"]["template"]["error"]["code"] == "unknown_template"
    sent = json.loads(WebhookDelivery.objects.get(endpoint=endpoint).body)
    assert sent["type"] == "transcript.processed"
    assert sent["data"]["status"] == "completed_with_warnings"
    assert [step["status"] for step in sent["data"]["steps"]] == ["completed", "failed"]
    listed = client.get(f"/api/v1/text-jobs/?transcript={meeting.pk}").json()["results"]
    assert listed[0]["error"]["code"] == "unknown_template"


def test_the_transcript_does_not_wait_for_it(client: Client, language: FakeLanguage) -> None:
    set_rules(client, auto_process=["summary"], template="")
    language.status = grpc.StatusCode.UNAVAILABLE
    transcript = create_meeting(client)
    order_processing(transcript)
    run_all()
    detail = client.get(f"/api/v1/transcripts/{transcript.pk}/").json()
    assert detail["status"] == "completed"
    assert read_processing(transcript)["status"] == "queued"


@pytest.mark.database
def test_what_an_absent_engine_prevented_is_made_once_more_when_it_is_back(
    client: Client, meeting: Transcript, language: FakeLanguage
) -> None:
    endpoint, _ = create_endpoint(client.user, url="https://hooks.example.com/")
    set_rules(client, auto_process=["action_items", "summary"], template="")
    language.status = grpc.StatusCode.UNAVAILABLE
    order_processing(meeting)
    for _ in range(8):
        TextJob.objects.update(not_before=timezone.now())
        run_all()
    failed = read_processing(meeting)
    assert (failed["status"], failed["error"]) == (
        "completed_with_warnings",
        "inference_unavailable",
    )
    language.status = None
    sweep_text_jobs()
    run_all()
    assert read_processing(meeting)["status"] == "completed"
    assert names_of(meeting) == {("analysis", "action_items"), ("summary", "brief")}
    deliveries = WebhookDelivery.objects.filter(endpoint=endpoint, event="transcript.processed")
    assert deliveries.count() == 2
    TextJob.objects.filter(operation=TextOperation.PROCESS).update(
        status=Status.FAILED, error_code="inference_unavailable"
    )
    sweep_text_jobs()
    assert read_processing(meeting)["status"] == "failed"  # once, not again and again


@pytest.mark.database
def test_a_worker_that_dies_between_two_steps_loses_neither(
    client: Client, meeting: Transcript, language: FakeLanguage
) -> None:
    set_rules(client, auto_process=["action_items", "summary", "topics"], template="")
    language.status = grpc.StatusCode.UNAVAILABLE  # rules need no engine: the first step is done
    order_processing(meeting)
    run_all()
    first = StoredResult.objects.get()
    language.status = None
    TextJob.objects.update(not_before=timezone.now())
    run_all()
    assert read_processing(meeting)["status"] == "completed"
    assert StoredResult.objects.filter(pk=first.pk).exists()
    assert StoredResult.objects.count() == 3


@pytest.mark.parametrize(
    "rules",
    [
        {"auto_process": ["poem"]},
        {"auto_process": "summary"},
        {"auto_process": [], "template": "none-such"},
        {"auto_process": [], "tags": [{"tag": "", "auto_process": []}]},
        {"auto_process": [], "tags": [{"tag": "a"}, {"tag": "a"}]},
        {"auto_process": [], "tags": "a"},
        {"auto_process": [], "tags": ["a"]},
    ],
)
def test_rules_that_can_not_be_stored_are_refused(client: Client, rules: dict[str, Any]) -> None:
    answer = client.call("PUT", RULES, json=rules)
    assert answer.status_code == 400
    assert client.get(RULES).json() == {"auto_process": [], "template": "", "tags": []}


def test_rules_are_their_accounts_own(client: Client) -> None:
    set_rules(client, auto_process=["summary"], template="meeting", tags=[{"tag": "a"}])
    stranger = make_client(client.url)
    assert stranger.get(RULES).json()["auto_process"] == []
    assert client.get(RULES).json()["tags"] == [{"tag": "a", "auto_process": [], "template": ""}]


def test_a_czech_transcript_is_answered_in_czech(client: Client, language: FakeLanguage) -> None:
    set_rules(client, auto_process=[], template="meeting")
    transcript = create_meeting(client, CZECH_MEETING, language="cs")
    process(transcript)
    body = StoredResult.objects.get(transcript=transcript).body
    assert body["template"]["name"] == "Porada"
    assert "## Úkoly" in body["content"]


def test_vectors_are_there_before_the_first_question(
    client: Client, inference: FakeInference, language: FakeLanguage
) -> None:
    list_embedder(inference)
    transcript = create_meeting(client)
    order_processing(transcript)
    run_all()
    assert SegmentVectors.objects.get().model == EMBEDDER
    assert not TextJob.objects.exists()
    calls = len(language.embedded)
    path = f"/api/v1/transcripts/{transcript.pk}/chat/"
    answer = client.call("POST", path, json={"question": "When does the bakery open?"})
    assert answer.status_code == 200, answer.text
    embedded = language.embedded[calls:]  # a server's first question has the usual ones as well
    assert list(embedded[0].texts) == ["When does the bakery open?"]
    assert all(call.kind == language_pb2.EmbedRequest.KIND_QUERY for call in embedded)


@pytest.mark.database
def test_an_edit_has_the_vectors_made_again_and_several_once(
    client: Client, inference: FakeInference, language: FakeLanguage
) -> None:
    list_embedder(inference)
    transcript = create_meeting(client)
    for place, segment in enumerate(transcript.segments.order_by("position")[:3]):
        answer = client.call(
            "PATCH",
            f"/api/v1/transcripts/{transcript.pk}/segments/{segment.key}/",
            json={"text": f"Another text {place}."},
        )
        assert answer.status_code == 200
    job = TextJob.objects.get(operation=TextOperation.INDEX)
    assert job.not_before is not None
    assert job.not_before > timezone.now()
    TextJob.objects.update(not_before=timezone.now())
    run_all()
    assert SegmentVectors.objects.get().revision == 3


def test_without_an_embedder_no_vectors_are_made(client: Client, language: FakeLanguage) -> None:
    order_processing(create_meeting(client))
    run_all()
    assert not SegmentVectors.objects.exists()
    assert not TextJob.objects.exists()


def test_vectors_of_an_earlier_model_serve_until_they_are_made_again(
    client: Client, inference: FakeInference, language: FakeLanguage
) -> None:
    list_embedder(inference)
    transcript = create_meeting(client)
    order_processing(transcript)
    run_all()
    language.models.add("newer")
    language.embedder = "newer"
    list_embedder(inference, "newer", is_default=True)
    path = f"/api/v1/transcripts/{transcript.pk}/chat/"
    asked = {"question": "When does the bakery open?"}
    first = client.call("POST", path, json=asked).json()
    assert first["model"] == f"extractive/{EMBEDDER}"
    run_all()
    second = client.call("POST", path, json=asked).json()
    assert second["model"] == "extractive/newer"
    assert SegmentVectors.objects.get().model == "newer"
