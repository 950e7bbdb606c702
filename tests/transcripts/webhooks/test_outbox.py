"""A message exists if and only if its event happened, and none is lost on the way."""

import json

import pytest
from django.db import transaction

from billing.models import BillingAccount
from tests.billing.conftest import create_account
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.rows import run_transcript
from tests.transcripts.webhooks.receiver import Receiver
from transcripts.jobs.cancel import cancel_transcript, delete_transcript
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.stages.finalize import fail_rows
from transcripts.models import Status
from transcripts.services.job_status import job_of
from transcripts.webhooks.endpoints import create_endpoint
from transcripts.webhooks.models import WebhookDelivery
from transcripts.webhooks.outbox import enqueue_status_events
from transcripts.webhooks.pump import pump_deliveries
from transcripts.webhooks.sender import Sender

pytestmark = pytest.mark.database


@pytest.fixture
def account(transactional_db: None, receiver: Receiver, loopback_allowed: None) -> BillingAccount:
    """An account with an endpoint that wants everything."""
    account = create_account(minutes=60)
    assert account.user is not None
    create_endpoint(account.user, url=receiver.url)
    return account


def reported() -> list[tuple[str, str]]:
    """Return event and status of each message that was written down, oldest first."""
    bodies = [json.loads(row.body) for row in WebhookDelivery.objects.order_by("created_at")]
    return [(body["type"], body["data"].get("status", "")) for body in bodies]


def test_a_finished_transcript_is_reported_although_no_one_reached_the_broker(
    make_transcript: MakeTranscript,
    account: BillingAccount,
    fake: FakeInference,
    receiver: Receiver,
    sender: Sender,
) -> None:
    transcript = make_transcript(account=account)

    run_transcript(transcript.pk)  # no worker listens to the broker of a test
    assert reported() == [("transcript.completed", "completed")]
    pump_deliveries(sender)

    body = json.loads(receiver.messages[0].body)
    assert body["data"]["id"] == str(transcript.pk)
    assert body["data"]["credits_charged"] == 1


def test_a_final_status_that_is_rolled_back_is_not_reported(
    make_transcript: MakeTranscript, account: BillingAccount
) -> None:
    transcript = make_transcript(account=account)

    def cancel_and_crash() -> None:
        with transaction.atomic():
            cancel_transcript(transcript)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        cancel_and_crash()

    transcript.refresh_from_db()
    assert (transcript.status, reported()) == (Status.QUEUED, [])


def test_the_same_is_reported_once(
    make_transcript: MakeTranscript, account: BillingAccount
) -> None:
    transcript = make_transcript(account=account, status=Status.COMPLETED)

    with transaction.atomic():
        enqueue_status_events(transcript)
        enqueue_status_events(transcript)

    assert len(reported()) == 1


def test_failing_cancelling_and_deleting_are_reported_too(
    make_transcript: MakeTranscript, account: BillingAccount
) -> None:
    failing = make_transcript(account=account)
    rows = TranscriptionJob.objects.filter(pk=failing.job_id)
    fail_rows(rows, job_of(failing), code="corrupt_media", message="It is broken.")
    cancelled = make_transcript(account=account)
    cancel_transcript(cancelled)
    delete_transcript(failing)

    assert reported() == [
        ("transcript.failed", "failed"),
        ("transcript.cancelled", "cancelled"),
        ("transcript.deleted", ""),
    ]


def test_a_guests_transcript_is_reported_to_no_one(
    make_transcript: MakeTranscript, account: BillingAccount, fake: FakeInference
) -> None:
    run_transcript(make_transcript(is_anonymous=True).pk)

    assert reported() == []
