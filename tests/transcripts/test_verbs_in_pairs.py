"""Different verbs that meet, round after round: one outcome, and everything agrees afterwards.

Run on PostgreSQL (STT_TEST_DATABASE) and SQLite.
"""

import random
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.services.account_deletion import close_account
from billing.models import BillingAccount, Hold
from stt_web.core.errors import ApiError
from tests.billing.conftest import create_account
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.live.conftest import ask_for
from tests.transcripts.meeting import (
    JITTER_S,
    ROUNDS,
    Verb,
    begin,
    check_agreement,
    edit,
    finished,
    meet,
)
from tests.transcripts.rows import update_transcripts
from transcripts.editing.errors import RevisionChangedError
from transcripts.exports.options import ExportOptions
from transcripts.exports.worker_exports import describe_export, make_export, order_export
from transcripts.jobs.cancel import cancel_transcript, delete_transcript
from transcripts.jobs.lease import LeaseLostError
from transcripts.jobs.stages.finalize import finalize
from transcripts.jobs.sweep import sweep_transcripts
from transcripts.live.admission import admit_session, resume_session
from transcripts.live.close import pause
from transcripts.live.journal import Journal
from transcripts.models import READABLE_STATUSES, Segment, Status, Transcript
from transcripts.retention.policy import apply_retention, write_policy
from transcripts.services.recordings import recording_path
from transcripts.webhooks import endpoints
from transcripts.webhooks.delivery import claim_due
from transcripts.webhooks.events import Event
from transcripts.webhooks.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from transcripts.webhooks.outbox import make_delivery, record_event

pytestmark = pytest.mark.database


@pytest.fixture
def account(transactional_db: None) -> BillingAccount:
    return create_account(minutes=100_000)


@pytest.fixture(autouse=True)
def agrees(transactional_db: None) -> Iterator[None]:
    yield
    check_agreement()


def endpoint_of(account: BillingAccount) -> WebhookEndpoint:
    assert account.user is not None
    return endpoints.create_endpoint(account.user, url="https://example.com/hook")[0]


def charged(transcript: Transcript) -> int:
    """How often."""
    return Hold.objects.filter(
        reference=str(transcript.pk), settled_allowance_minutes__gt=0
    ).count()


def events_of(transcript: Transcript) -> list[str]:
    found = WebhookDelivery.objects.filter(key__startswith=str(transcript.pk))
    return sorted(found.values_list("event", flat=True))


@pytest.mark.parametrize("has_text", [True, False])
def test_cancel_and_finalize(
    account: BillingAccount, make_transcript: MakeTranscript, has_text: bool
) -> None:
    endpoint_of(account)
    for _ in range(ROUNDS):
        transcript = make_transcript(seconds=1, account=account)
        job = begin(transcript, has_text=has_text)
        cancelled, finalized = meet(partial(cancel_transcript, transcript), partial(finalize, job))
        transcript.refresh_from_db()
        if cancelled is True:
            assert isinstance(finalized, LeaseLostError)
            assert transcript.status == Status.CANCELLED
        else:
            assert finalized is None
            assert transcript.status in READABLE_STATUSES
        assert charged(transcript) == has_text  # text that was delivered costs, once
        assert len(events_of(transcript)) == 1


def test_delete_and_finalize(account: BillingAccount, make_transcript: MakeTranscript) -> None:
    endpoint_of(account)
    for _ in range(ROUNDS):
        transcript = make_transcript(seconds=1, account=account)
        job, folder = begin(transcript), recording_path(transcript).parent
        meet(partial(delete_transcript, transcript), partial(finalize, job))
        assert not Transcript.objects.filter(pk=transcript.pk).exists()
        assert not folder.exists()
        final = [event for event in events_of(transcript) if event != str(Event.DELETED)]
        assert len(final) == 1
        assert charged(transcript) == 1


def test_cancel_and_delete_and_sweep(
    account: BillingAccount, make_transcript: MakeTranscript
) -> None:
    for _ in range(ROUNDS):
        transcript = make_transcript(seconds=1, account=account)
        begin(transcript)
        past = timezone.now() - timedelta(seconds=1)
        update_transcripts(Transcript.objects.filter(pk=transcript.pk), lease_expires_at=past)
        meet(
            partial(cancel_transcript, transcript),
            partial(delete_transcript, transcript),
            sweep_transcripts,
        )
        assert not Transcript.objects.filter(pk=transcript.pk).exists()
        assert charged(transcript) == 1  # its text was delivered


def paused_session(account: BillingAccount) -> Any:
    admitted = admit_session(ask_for(account))
    Journal(admitted.folder, attempt=1, start_samples=0).close()
    pause(admitted.job, journalled_ms=0)
    return admitted


def resume(account: BillingAccount, admitted: Any) -> Verb:
    return lambda: resume_session(ask_for(account, resume_token=admitted.resume_token))


def test_resume_and_cancel(account: BillingAccount, settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    for _ in range(ROUNDS):
        admitted = paused_session(account)
        transcript = admitted.job.transcript
        resumed, cancelled = meet(resume(account, admitted), partial(cancel_transcript, transcript))
        transcript.refresh_from_db()
        assert cancelled is True
        assert transcript.status == Status.CANCELLED
        assert not isinstance(resumed, ApiError) or resumed.code == "session_ended"


def test_resume_and_sweep(account: BillingAccount, settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    for _ in range(ROUNDS):
        admitted = paused_session(account)
        transcript = admitted.job.transcript
        past = timezone.now() - timedelta(seconds=1)
        update_transcripts(Transcript.objects.filter(pk=transcript.pk), lease_expires_at=past)
        resumed, _ = meet(resume(account, admitted), sweep_transcripts)
        transcript.refresh_from_db()
        if isinstance(resumed, ApiError):
            assert (transcript.status, resumed.code) == (Status.QUEUED, "session_ended")
        else:
            assert transcript.status == Status.PROCESSING
        cancel_transcript(transcript)


def test_resume_and_delete(account: BillingAccount, settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    for _ in range(ROUNDS):
        admitted = paused_session(account)
        transcript = admitted.job.transcript
        resumed, _ = meet(resume(account, admitted), partial(delete_transcript, transcript))
        assert not Transcript.objects.filter(pk=transcript.pk).exists()
        if isinstance(resumed, ApiError):
            assert resumed.code in ("session_ended", "session_not_found")
        assert not admitted.folder.exists()


def test_delete_and_export(account: BillingAccount, make_transcript: MakeTranscript) -> None:
    options = ExportOptions.from_text(ExportOptions().as_text())
    for _ in range(ROUNDS):
        transcript = finished(make_transcript, account)
        wanted = describe_export(transcript, format_name="txt", options=options)
        order_export(wanted)
        meet(
            partial(delete_transcript, transcript),
            partial(make_export, transcript.pk, format_name="txt", options=options),
        )
        assert not wanted.path.parent.parent.exists()


def test_an_export_that_is_ordered_after_the_deletion_leaves_no_folder(
    account: BillingAccount, make_transcript: MakeTranscript
) -> None:
    options = ExportOptions()
    transcript = finished(make_transcript, account)
    wanted = describe_export(transcript, format_name="txt", options=options)
    delete_transcript(transcript)
    order_export(wanted)  # the one that asked had read the row before
    make_export(wanted.transcript_id, format_name="txt", options=options)
    assert not wanted.path.parent.parent.exists()


def test_two_edits_of_one_revision(
    account: BillingAccount, make_transcript: MakeTranscript
) -> None:
    for number in range(ROUNDS):
        transcript = finished(make_transcript, account)
        twin = Transcript.objects.get(pk=transcript.pk)
        texts = (f"left {number}", f"right {number}")
        outcomes = meet(
            edit(transcript, texts[0], transcript.revision), edit(twin, texts[1], twin.revision)
        )
        assert sum(isinstance(each, RevisionChangedError) for each in outcomes) == 1
        winner = texts[[isinstance(each, Exception) for each in outcomes].index(False)]
        assert transcript.segments.get().text == winner


def test_retention_and_edit(account: BillingAccount, make_transcript: MakeTranscript) -> None:
    assert account.user is not None
    for number in range(ROUNDS):
        transcript = finished(make_transcript, account)
        folder = recording_path(transcript).parent
        write_policy(account.user, audio_days=0, transcript_days=None)
        meet(edit(transcript, f"edited {number}"), apply_retention, apply_retention)
        transcript.refresh_from_db()
        assert transcript.segments.get().text == f"edited {number}"
        assert transcript.recording.path == ""
        assert transcript.recording.audio_deleted_at is not None
        assert not folder.exists()
        write_policy(account.user, audio_days=None, transcript_days=None)


def test_retention_of_transcripts_and_edit(
    account: BillingAccount, make_transcript: MakeTranscript
) -> None:
    assert account.user is not None
    write_policy(account.user, audio_days=None, transcript_days=1)
    old = timezone.now() - timedelta(days=2)
    for _ in range(ROUNDS):
        transcript = finished(make_transcript, account)
        update_transcripts(Transcript.objects.filter(pk=transcript.pk), finished_at=old)
        meet(edit(transcript, "edited"), apply_retention)
        assert not Transcript.objects.filter(pk=transcript.pk).exists()
        assert not Segment.objects.exists()


def pending(endpoint: WebhookEndpoint, number: int) -> WebhookDelivery:
    delivery = make_delivery(
        endpoint, event="transcript.completed", key=f"k{number}", body="{}", now=timezone.now()
    )
    delivery.save()
    return delivery


def test_disable_and_replay_and_delivery(account: BillingAccount) -> None:
    endpoint = endpoint_of(account)
    for number in range(ROUNDS):
        delivery = WebhookDelivery.objects.select_related("endpoint").get(
            pk=pending(endpoint, number).pk
        )
        meet(
            lambda: endpoints.update_endpoint(endpoint, is_enabled=False),
            partial(endpoints.replay, delivery),
            lambda: claim_due(limit=1),
        )
        left = WebhookDelivery.objects.filter(status=DeliveryStatus.PENDING)
        assert not left.exists(), "something waits for an endpoint that is disabled"
        assert claim_due(limit=1) == []
        endpoints.update_endpoint(endpoint, is_enabled=True)
        WebhookEndpoint.objects.update(busy_until=None)


def test_disable_and_an_event(account: BillingAccount, make_transcript: MakeTranscript) -> None:
    from django.db import transaction

    endpoint = endpoint_of(account)
    for _ in range(ROUNDS):
        transcript = make_transcript(seconds=1, account=account)

        def happen(transcript: Transcript = transcript) -> None:
            with transaction.atomic():
                record_event(Event.COMPLETED, transcript)
                time.sleep(random.random() * JITTER_S)

        meet(lambda: endpoints.update_endpoint(endpoint, is_enabled=False), happen)
        assert not WebhookDelivery.objects.filter(status=DeliveryStatus.PENDING).exists()
        endpoints.update_endpoint(endpoint, is_enabled=True)
        cancel_transcript(transcript)
        WebhookDelivery.objects.all().delete()


def test_a_closed_account_is_sent_nothing(account: BillingAccount) -> None:
    endpoint, user = endpoint_of(account), account.user
    assert user is not None
    pending(endpoint, 0)
    close_account(user)
    assert claim_due(limit=1) == []
    User.objects.filter(pk=user.pk).update(is_active=True)
    assert len(claim_due(limit=1)) == 1


def test_joining_and_deleting_the_first(account: BillingAccount) -> None:
    from tests.transcripts.jobs.test_submit import admit

    for number in range(ROUNDS):
        first = admit(account, number=number).transcript
        _, joined = meet(partial(delete_transcript, first), partial(admit, account, number=number))
        assert not Transcript.objects.filter(pk=first.pk).exists()
        if not joined.is_joined:  # type: ignore[attr-defined]
            retained = joined.transcript  # type: ignore[attr-defined]
            assert Transcript.objects.filter(pk=retained.pk, status=Status.QUEUED).exists()
            cancel_transcript(retained)
