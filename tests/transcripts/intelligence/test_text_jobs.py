"""Work on texts as jobs: asked for or long, done by a worker, followed, ended, and done again."""

import contextlib
import json
import threading
from datetime import timedelta
from typing import Any

import grpc
import pytest
import requests
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from accounts.services.account_deletion import close_account, remove_account
from billing.models import LedgerEntry
from stt_web.core.errors import ApiError
from tests.transcripts.fake_language import FakeLanguage
from tests.transcripts.intelligence.conftest import install_writer
from tests.transcripts.intelligence.texts import MEETING
from tests.transcripts.served_api import Client, Worker, make_client
from transcripts.intelligence.models import StoredResult, TextJob
from transcripts.intelligence.text_jobs.finish import complete_text_job, fail_text_job
from transcripts.intelligence.text_jobs.lease import cancel_text_job, claim_text_job
from transcripts.intelligence.text_jobs.run import run_text_job
from transcripts.intelligence.text_jobs.sweep import purge_text_jobs, sweep_text_jobs
from transcripts.jobs.cancel import delete_transcript
from transcripts.jobs.lease import LeaseLostError
from transcripts.models import Status, Transcript
from transcripts.services.shown_text_jobs import describe_text_job
from transcripts.webhooks.endpoints import create_endpoint
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _soon(settings: Settings) -> None:
    settings.TEXT_RETRY_S = 0.05


@pytest.fixture
def writer(inference: Any, language: FakeLanguage) -> FakeLanguage:
    install_writer(inference)
    return language


def summarize_later(client: Client, transcript: Transcript, **body: Any) -> dict[str, Any]:
    path = f"/api/v1/transcripts/{transcript.pk}/summarize/"
    answer = client.call("POST", path, json={"async": True, **body})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def read_job(client: Client, job_id: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/text-jobs/{job_id}/")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def run_all() -> None:
    for job in TextJob.objects.filter(status=Status.QUEUED):
        run_text_job(job.pk)


def run_until_the_engine_is_at_it(language: FakeLanguage) -> threading.Thread:
    """Work on what waits, in a thread; return once a call has reached the engine, which hangs."""
    entered = threading.Event()
    language.hangs, language.before = threading.Event(), entered.set
    running = threading.Thread(target=run_and_close)
    running.start()
    assert entered.wait(20)
    return running


def run_and_close() -> None:
    run_all()
    connections.close_all()


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("summarize", {}),
        ("analyze", {"type": "topics"}),
        ("analyze", {"type": "pii_redact"}),
        ("generate", {"type": "meeting_notes"}),
        ("generate", {"template": "meeting"}),
        ("translate", {"target": "cs"}),
    ],
)
def test_each_call_about_a_transcript_can_be_answered_later(
    client: Client, meeting: Transcript, what: str, body: dict[str, Any]
) -> None:
    path = f"/api/v1/transcripts/{meeting.pk}/{what}/"
    at_once = client.call("POST", path, json=body).json()
    accepted = client.call("POST", path, json={**body, "async": True})
    assert accepted.status_code == 202
    assert accepted.headers["Location"] == f"/api/v1/text-jobs/{accepted.json()['id']}/"
    assert accepted.json()["status"] == "queued"
    run_all()
    job = read_job(client, accepted.json()["id"])
    assert (job["status"], job["error"], job["transcript"]) == ("completed", None, str(meeting.pk))
    stored = client.get(f"/api/v1/transcripts/{meeting.pk}/results/{job['result_id']}/").json()
    ran = {**at_once, "result_id": None, "revision": None}
    assert {**stored["result"], "result_id": None, "revision": None} == ran


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("summarize", {"text": MEETING}),
        ("analyze", {"text": MEETING, "type": "questions"}),
        ("generate", {"text": MEETING, "type": "key_quotes"}),
        ("generate", {"text": MEETING, "template": "meeting", "notes": "Mine."}),
        ("translate", {"texts": ["One.", "Two."], "target": "cs"}),
        ("translate", {"text": "One.", "target": "cs"}),
    ],
)
def test_each_call_about_a_text_can_be_answered_later(
    client: Client, language: FakeLanguage, what: str, body: dict[str, Any]
) -> None:
    at_once = client.call("POST", f"/v1/{what}", json=body)
    assert at_once.status_code == 200, at_once.text
    prefer = {"Prefer": "respond-async"}
    accepted = client.call("POST", f"/v1/{what}", json=body, headers=prefer)
    assert accepted.status_code == 202
    assert accepted.headers["Preference-Applied"] == "respond-async"
    run_all()
    job = read_job(client, accepted.json()["id"])
    assert job["answer"] == at_once.json()
    assert "text" not in json.dumps(TextJob.objects.get(pk=job["id"]).fields)


def test_a_long_text_is_waited_for_while_a_worker_reads_it(
    client: Client, language: FakeLanguage, worker: Worker, settings: Settings
) -> None:
    settings.TEXT_JOB_CHARACTERS = 100
    answer = client.call("POST", "/v1/summarize", json={"text": MEETING})
    assert answer.status_code == 200, answer.text
    assert answer.json()["summary"]
    assert TextJob.objects.get().status == Status.COMPLETED


def test_a_wait_that_runs_out_is_continued_by_the_same_request(
    client: Client, language: FakeLanguage, settings: Settings
) -> None:
    settings.TEXT_JOB_CHARACTERS, settings.SYNC_WAIT_S = 100, 0.2
    first = client.call("POST", "/v1/summarize", json={"text": MEETING})
    assert (first.status_code, first.json()["code"]) == (503, "still_processing")
    assert int(first.headers["Retry-After"]) > 0
    settings.SYNC_WAIT_S = 20
    runner = threading.Timer(0.3, run_and_close)
    runner.start()
    second = client.call("POST", "/v1/summarize", json={"text": MEETING})
    runner.join()
    assert second.status_code == 200, second.text
    assert [str(job.pk) for job in TextJob.objects.all()] == [first.json()["id"]]


def test_an_idempotency_key_makes_one_job(client: Client, meeting: Transcript) -> None:
    path = f"/api/v1/transcripts/{meeting.pk}/summarize/"
    headers = {"Idempotency-Key": "once"}
    first, second = (
        client.call("POST", path, json={"async": True}, headers=headers) for _ in range(2)
    )
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    other = client.call("POST", path, json={"async": False}, headers=headers)
    assert other.status_code == 422
    assert TextJob.objects.count() == 1


def test_a_stored_answer_is_deleted_with_its_transcript(
    client: Client, meeting: Transcript
) -> None:
    path = f"/api/v1/transcripts/{meeting.pk}/summarize/"
    headers = {"Idempotency-Key": "mine"}
    assert client.call("POST", path, json={}, headers=headers).status_code == 200
    delete_transcript(meeting)
    again = client.call("POST", path, json={}, headers=headers)
    assert again.status_code == 404


def test_a_language_model_reports_its_parts(
    client: Client, meeting: Transcript, writer: FakeLanguage
) -> None:
    writer.context_tokens = 120
    seen: list[tuple[int, int]] = []

    def note() -> None:
        seen.extend(TextJob.objects.values_list("done", "total"))
        connections.close_all()

    writer.before = note
    writer.answer = lambda prompt: "- The bakery opens on the third of March."
    job = summarize_later(client, meeting, model="qwen2.5-1.5b-instruct")
    run_all()
    assert read_job(client, job["id"])["status"] == "completed"
    parts = sorted(set(seen))
    assert parts[0] == (0, 0)
    assert len({total for _, total in parts}) > 1
    assert parts[-1][0] >= 2


@pytest.mark.database
def test_a_worker_that_dies_leaves_work_that_is_done_again_once(
    client: Client, meeting: Transcript
) -> None:
    job = summarize_later(client, meeting)
    claimed = claim_text_job(TextJob.objects.get().pk)  # and nothing more of it
    assert claimed is not None
    run_all()
    sweep_text_jobs()
    assert read_job(client, job["id"])["status"] == "processing"
    TextJob.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    sweep_text_jobs()
    run_all()
    done = read_job(client, job["id"])
    assert done["status"] == "completed"
    assert [str(each.pk) for each in StoredResult.objects.all()] == [done["result_id"]]


@pytest.mark.database
def test_a_worker_that_wakes_up_late_stores_nothing(client: Client, meeting: Transcript) -> None:
    summarize_later(client, meeting)
    claimed = claim_text_job(TextJob.objects.get().pk)
    assert claimed is not None
    lease, row = claimed
    TextJob.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    sweep_text_jobs()
    run_all()
    body = {"summary": "Late.", "model": "late"}
    with pytest.raises(LeaseLostError):
        complete_text_job(lease, row, body)
    fail_text_job(lease.rows(), row, ApiError("Late."))
    assert TextJob.objects.get().status == Status.COMPLETED
    assert StoredResult.objects.get().model != "late"


@pytest.mark.database
def test_work_that_kills_its_workers_fails_visibly(
    client: Client, meeting: Transcript, settings: Settings
) -> None:
    job = summarize_later(client, meeting)
    for _ in range(settings.MAX_STALLED_TRIES):
        assert claim_text_job(TextJob.objects.get().pk) is not None
        TextJob.objects.update(lease_expires_at=timezone.now() - timedelta(hours=1))
        sweep_text_jobs()
    failed = read_job(client, job["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "too_many_tries")


@pytest.mark.database
def test_an_inference_service_that_is_away_is_waited_for(
    client: Client, meeting: Transcript, language: FakeLanguage
) -> None:
    job = summarize_later(client, meeting)
    language.status = grpc.StatusCode.UNAVAILABLE
    run_all()
    waiting = TextJob.objects.get()
    assert (waiting.status, waiting.waits) == (Status.QUEUED, 1)
    assert waiting.not_before is not None
    language.status = None
    TextJob.objects.update(not_before=timezone.now())
    run_all()
    assert read_job(client, job["id"])["status"] == "completed"


def test_what_waits_too_often_fails_with_the_reason(
    client: Client, meeting: Transcript, language: FakeLanguage
) -> None:
    _, endpoint = client, create_endpoint(client.user, url="https://hooks.example.com/")
    job = summarize_later(client, meeting)
    language.status = grpc.StatusCode.UNAVAILABLE
    for _ in range(7):
        TextJob.objects.update(not_before=timezone.now())
        run_all()
    failed = read_job(client, job["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "inference_unavailable")
    delivery = WebhookDelivery.objects.get(endpoint=endpoint[0])
    assert delivery.event == "text_job.failed"
    assert json.loads(delivery.body)["data"]["error"]["code"] == "inference_unavailable"


@pytest.mark.database
def test_cancelling_ends_the_call_and_leaves_no_result(
    client: Client, meeting: Transcript, language: FakeLanguage, settings: Settings
) -> None:
    settings.HEARTBEAT_S = 0.05
    job = summarize_later(client, meeting)
    running = run_until_the_engine_is_at_it(language)
    assert client.call("DELETE", f"/api/v1/text-jobs/{job['id']}/").status_code == 204
    assert language.left.acquire(timeout=10)
    running.join(20)
    assert read_job(client, job["id"])["status"] == "cancelled"
    assert not StoredResult.objects.exists()
    assert client.call("DELETE", f"/api/v1/text-jobs/{job['id']}/").status_code == 204
    assert client.get(f"/api/v1/text-jobs/{job['id']}/").status_code == 404


@pytest.mark.database
@pytest.mark.parametrize("what", ["transcript", "account"])
def test_deleting_ends_the_work(
    client: Client, meeting: Transcript, language: FakeLanguage, settings: Settings, what: str
) -> None:
    settings.HEARTBEAT_S = 0.05
    summarize_later(client, meeting)
    running = run_until_the_engine_is_at_it(language)
    if what == "account":
        close_account(client.user)
        remove_account(client.user)
    else:
        delete_transcript(meeting)
    assert language.left.acquire(timeout=10)
    running.join(20)
    assert not running.is_alive()
    assert not TextJob.objects.exists()
    assert not StoredResult.objects.exists()


@pytest.mark.database
def test_nothing_is_charged(client: Client, meeting: Transcript) -> None:
    before = LedgerEntry.objects.count()
    summarize_later(client, meeting)
    run_all()
    assert LedgerEntry.objects.count() == before


@pytest.mark.database
def test_the_end_is_sent_to_webhooks_without_the_text(client: Client, meeting: Transcript) -> None:
    endpoint: WebhookEndpoint = create_endpoint(client.user, url="https://hooks.example.com/")[0]
    job = summarize_later(client, meeting)
    run_all()
    delivery = WebhookDelivery.objects.get(endpoint=endpoint)
    sent = json.loads(delivery.body)
    assert sent["type"] == "text_job.completed"
    assert (sent["data"]["id"], sent["data"]["transcript"]) == (job["id"], str(meeting.pk))
    assert sent["data"]["url"].endswith(f"/transcripts/{meeting.pk}/")
    assert "bakery" not in delivery.body


def test_a_stream_follows_it_to_its_end(client: Client, meeting: Transcript) -> None:
    job = summarize_later(client, meeting)
    path = f"/api/v1/transcripts/{meeting.pk}/events/?text_jobs=true"
    runner = threading.Timer(0.5, run_and_close)
    runner.start()
    stream: requests.Response = client.get(path, stream=True, headers={"Accept": "*/*"})
    events = read_events(stream)
    runner.join()
    states = [body["status"] for name, body in events if name == "text_job"]
    assert states[0] == "queued"
    assert states[-1] == "completed"
    assert all(body["id"] == job["id"] for name, body in events if name == "text_job")
    assert events[-1][0] == "idle"
    again = client.get(path, headers={"Last-Event-ID": "idle"})
    assert again.status_code == 204


def read_events(stream: requests.Response) -> list[tuple[str, dict[str, Any]]]:
    events, name = [], ""
    for line in stream.iter_lines(decode_unicode=True):
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            events.append((name, json.loads(line.removeprefix("data: "))))
    return events


def test_jobs_are_listed_by_transcript_and_status(client: Client, meeting: Transcript) -> None:
    job = summarize_later(client, meeting)
    client.call("POST", "/v1/summarize", json={"text": "A text.", "async": True})
    of_it = client.get(f"/api/v1/text-jobs/?transcript={meeting.pk}").json()["results"]
    assert [each["id"] for each in of_it] == [job["id"]]
    assert client.get("/api/v1/text-jobs/?status=queued").json()["count"] == 2
    assert client.get("/api/v1/text-jobs/?status=done").status_code == 400
    assert make_client(client.url).get("/api/v1/text-jobs/").json()["count"] == 0


@pytest.mark.database
def test_an_account_has_so_many_at_most(
    client: Client, meeting: Transcript, settings: Settings
) -> None:
    settings.MAX_OPEN_TEXT_JOBS = 1
    summarize_later(client, meeting)
    same = summarize_later(client, meeting)
    assert TextJob.objects.get().pk.hex == same["id"].replace("-", "")
    path = f"/api/v1/transcripts/{meeting.pk}/summarize/"
    refused = client.call("POST", path, json={"async": True, "style": "detailed"})
    assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")


def test_what_ended_long_ago_is_purged(client: Client, meeting: Transcript) -> None:
    summarize_later(client, meeting)
    client.call("POST", "/v1/summarize", json={"text": "A text.", "async": True})
    run_all()
    TextJob.objects.update(finished_at=timezone.now() - timedelta(hours=25))
    purge_text_jobs()
    assert TextJob.objects.get().transcript_id == meeting.pk
    TextJob.objects.update(finished_at=timezone.now() - timedelta(days=31))
    purge_text_jobs()
    assert not TextJob.objects.exists()


def test_another_accounts_transcript_is_not_worked_on(client: Client, meeting: Transcript) -> None:
    stranger = make_client(client.url)
    path = f"/api/v1/transcripts/{meeting.pk}/summarize/"
    assert stranger.call("POST", path, json={"async": True}).status_code == 404
    job = summarize_later(client, meeting)
    assert stranger.get(f"/api/v1/text-jobs/{job['id']}/").status_code == 404
    assert stranger.call("DELETE", f"/api/v1/text-jobs/{job['id']}/").status_code == 404
    assert stranger.get(f"/api/v1/text-jobs/?transcript={meeting.pk}").status_code == 404


@pytest.mark.database
def test_of_many_workers_one_claims_it(client: Client, meeting: Transcript) -> None:
    summarize_later(client, meeting)
    job_id = TextJob.objects.get().pk
    claimed: list[object] = []
    ready = threading.Barrier(6)

    def claim() -> None:
        ready.wait(20)
        claimed.append(claim_text_job(job_id))
        connections.close_all()

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(claimed) == 6
    assert sum(each is not None for each in claimed) == 1
    assert TextJob.objects.get().attempt == 1


@pytest.mark.database
@pytest.mark.parametrize("ending", ["cancel", "delete"])
def test_an_end_that_meets_the_answer_comes_before_or_after_it(
    client: Client, meeting: Transcript, ending: str
) -> None:
    summarize_later(client, meeting)
    claimed = claim_text_job(TextJob.objects.get().pk)
    assert claimed is not None
    lease, job = claimed
    ready = threading.Barrier(2)

    def complete() -> None:
        ready.wait(20)
        with contextlib.suppress(LeaseLostError, ApiError):
            complete_text_job(lease, job, {"summary": "Whole.", "model": "test"})
        connections.close_all()

    completing = threading.Thread(target=complete)
    completing.start()
    ready.wait(20)
    if ending == "delete":
        delete_transcript(meeting)
    else:
        cancel_text_job(TextJob.objects.get())
    completing.join(30)
    if ending == "delete":
        assert not TextJob.objects.exists()
        assert not StoredResult.objects.exists()
        return
    is_stored = StoredResult.objects.exists()
    assert TextJob.objects.get().status == (Status.COMPLETED if is_stored else Status.CANCELLED)


def test_a_completed_job_has_done_all_of_its_parts() -> None:
    """The engine tells of a part when it begins."""
    job = TextJob(operation="generate", done=5, total=6, created_at=timezone.now())
    for status, done in ((Status.PROCESSING, 5), (Status.COMPLETED, 6)):
        job.status = status
        assert describe_text_job(job)["progress"] == {"done": done, "of": 6}
