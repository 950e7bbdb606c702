"""Jobs in the admin: what is shown of them, queueing again, cancelling, opening, the queues."""

import asyncio
from typing import Any

import grpc
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from billing.cloud import InstanceDetails
from billing.ledger import read_balance
from billing.models import Hold, HoldState
from tests.accounts.operators import BY_OPERATORS, Operator, last_entry, list_of, operator, page_of
from tests.billing.conftest import create_account
from tests.billing.instances import register_instance
from tests.transcripts.conftest import MakeTranscript, fake, make_transcript
from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.rows import claim_transcript, run_transcript, update_transcripts
from tests.transcripts.served_api import make_info
from transcripts.jobs.lease import LeaseLostError
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.results import open_job, write_fenced
from transcripts.models import Segment, Status, Transcript

__all__ = ["operator"]  # fixtures

__all__ = ["fake", "make_transcript"]  # fixtures

PRIVATE: dict[str, Any] = {
    "title": "My divorce",
    "file_name": "doctor.wav",
    "prompt": "Names: Zbyněk",
    "hot_words": ["Petrov"],
}


@pytest.fixture
def job(make_transcript: MakeTranscript) -> Transcript:
    job = make_transcript(seconds=3, **PRIVATE)
    Segment.objects.create(
        transcript=job, position=0, start_ms=0, end_ms=10, text="Strictly private", confidence=1
    )
    return job


def test_what_a_job_is_about_is_not_shown(operator: Operator, job: Transcript) -> None:
    for page in (
        list_of(TranscriptionJob),
        page_of(job.job),
        "/admin/transcripts/transcriptionjob/queues/",
    ):
        text = operator.get(page).content.decode()
        for private in ("divorce", "doctor", "Zbyn", "Petrov", "Strictly", job.recording.path):
            assert private not in text
    assert not BY_OPERATORS.exists()


def test_text_is_opened_for_a_reason_that_is_stored(operator: Operator, job: Transcript) -> None:
    refused = operator.act(job.job, "open-text", reason="")
    assert "Strictly private" not in refused.content.decode()
    assert not BY_OPERATORS.exists()

    opened = operator.act(job.job, "open-text")

    text = opened.content.decode()
    assert all(each in text for each in ("Strictly private", "My divorce", "doctor.wav", "Zbyněk"))
    assert "no-store" in opened.headers["Cache-Control"]
    entry = last_entry()
    assert (entry.action, entry.object_id, entry.reason) == (
        "open-text",
        str(job.job_id),
        "ticket 7",
    )
    assert "private" not in str(vars(entry))


def test_a_recording_is_opened_for_a_reason_that_is_stored(
    operator: Operator, job: Transcript, settings: Settings
) -> None:
    opened = operator.act(job.job, "open-recording")

    async def read() -> bytes:
        return b"".join([chunk async for chunk in opened.streaming_content])

    assert asyncio.run(read()) == (settings.MEDIA_ROOT / job.recording.path).read_bytes()
    assert "no-store" in opened.headers["Cache-Control"]
    assert last_entry().action == "open-recording"


def test_a_job_is_cancelled(operator: Operator, make_transcript: MakeTranscript) -> None:
    job = make_transcript(seconds=3)
    operator.act(job.job, "cancel")
    job.refresh_from_db()
    assert job.status == Status.CANCELLED
    assert Hold.objects.get(reference=str(job.pk)).state == HoldState.RELEASED
    assert last_entry().action == "cancel"

    assert "errorlist" in operator.act(job.job, "cancel").content.decode()
    assert BY_OPERATORS.count() == 1


def test_stuck_work_is_taken_back_from_its_worker(
    operator: Operator, make_transcript: MakeTranscript
) -> None:
    job = make_transcript(seconds=3)
    claimed = claim_transcript(job.pk)
    assert claimed is not None

    operator.act(job.job, "requeue")

    job.refresh_from_db()
    assert (job.status, job.job.lease_owner) == (Status.QUEUED, "")
    with pytest.raises(LeaseLostError):
        write_fenced(open_job(*claimed), resume_ms=1)
    assert last_entry().details == {"was": "processing"}


def test_a_failed_job_is_tried_again_and_paid_for_if_it_succeeds(
    operator: Operator, fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    account = create_account(minutes=60)
    job = make_transcript(seconds=70, account=account)
    fake.scripts.append(Script(windows=1, status=grpc.StatusCode.NOT_FOUND))
    run_transcript(job.pk)
    job.refresh_from_db()
    assert (job.status, read_balance(account).minutes_left) == (Status.FAILED, 60)

    operator.act(job.job, "requeue")
    assert read_balance(account).minutes_left == 58
    run_transcript(job.pk)

    job.refresh_from_db()
    assert (job.status, job.job.error_code) == (Status.COMPLETED, "")
    assert sum(len(segment.words) for segment in job.segments.all()) == 70
    assert read_balance(account).minutes_left == 58


def test_a_failed_job_is_not_tried_again_without_credits(
    operator: Operator, make_transcript: MakeTranscript
) -> None:
    job = make_transcript(seconds=3, account=create_account(minutes=1))
    update_transcripts(Transcript.objects.filter(pk=job.pk), status=Status.FAILED)
    answer = operator.act(job.job, "requeue")
    assert "errorlist" in answer.content.decode()
    job.refresh_from_db()
    assert (job.status, BY_OPERATORS.count()) == (Status.FAILED, 0)


def test_what_is_done_is_not_queued_again(
    operator: Operator, make_transcript: MakeTranscript
) -> None:
    job = make_transcript(seconds=3)
    update_transcripts(Transcript.objects.filter(pk=job.pk), status=Status.COMPLETED)
    assert "Queue again" not in operator.get(page_of(job.job)).content.decode()
    operator.act(job.job, "requeue")
    job.refresh_from_db()
    assert (job.status, BY_OPERATORS.count()) == (Status.COMPLETED, 0)


def test_the_queues_show_what_waits_and_how_servers_are(
    operator: Operator, fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.info.CopyFrom(make_info())
    make_transcript(seconds=3, queue="short")
    working = make_transcript(seconds=3, queue="bulk")
    claim_transcript(working.pk)
    down = InstanceDetails(name="far away", target="127.0.0.1:1", token="very-secret")
    register_instance(create_account(), down)

    def read_page() -> tuple[str, int]:
        with CaptureQueriesContext(connection) as queries:
            page = operator.get("/admin/transcripts/transcriptionjob/queues/")
        return page.content.decode(), len(queries)

    failed = make_transcript(seconds=1)
    update_transcripts(
        Transcript.objects.filter(pk=failed.pk),
        status=Status.FAILED,
        error_code="unreadable_in_test",
        finished_at=timezone.now(),
    )
    text, few = read_page()
    assert f"{working.job_id}" in text
    assert "unreadable_in_test" in text
    assert "A GPU" in text
    assert fake.target in text
    assert "far away" in text
    assert "unreachable" in text
    assert "very-secret" not in text

    for _ in range(4):
        claim_transcript(make_transcript(seconds=1).pk)
        make_transcript(seconds=1, created_at=timezone.now())
    assert read_page()[1] == few
