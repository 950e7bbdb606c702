"""Jobs that end notify their owners by mail: when asked to, once, and never with their text."""

from datetime import timedelta

import grpc
import pytest
from allauth.account.models import EmailAddress
from asgiref.sync import async_to_sync
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from billing.ledger import grant_credits
from tests.accounts.mailbox import deliver, last_mail
from tests.billing.conftest import create_account
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.rows import run_transcript, update_transcripts
from transcripts.jobs.api.account_events import follow_account
from transcripts.models import Status, Transcript


def verified(user: User | None) -> User:
    assert user is not None
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


@pytest.fixture
def transcript(make_transcript: MakeTranscript) -> Transcript:
    account = create_account(minutes=600)
    verified(account.user)
    return make_transcript(account=account, title="Board meeting", is_asynchronous=True)


def test_a_ready_transcript_is_reported_with_its_title_and_no_text(
    fake: FakeInference, transcript: Transcript
) -> None:
    run_transcript(transcript.pk)

    message = last_mail()

    assert "Board meeting" in message.subject
    assert f"/transcripts/{transcript.pk}/" in message.body
    transcript.refresh_from_db()
    first = transcript.segments.first()
    assert first is not None
    assert first.text not in str(message.message())


def test_a_failed_one_is_reported_too(fake: FakeInference, transcript: Transcript) -> None:
    fake.scripts.append(Script(windows=0, status=grpc.StatusCode.INVALID_ARGUMENT))

    run_transcript(transcript.pk)

    transcript.refresh_from_db()
    assert transcript.status == Status.FAILED
    assert "could not be transcribed" in last_mail().subject


def test_running_it_again_reports_nothing_again(
    fake: FakeInference, transcript: Transcript
) -> None:
    run_transcript(transcript.pk)
    run_transcript(transcript.pk)

    assert len(deliver()) == 1


def test_a_client_that_waits_for_the_answer_gets_no_mail(
    fake: FakeInference, transcript: Transcript
) -> None:
    update_transcripts(Transcript.objects.all(), is_asynchronous=False)

    run_transcript(transcript.pk)

    assert deliver() == []


@pytest.mark.parametrize(("watched_s", "mails"), [(5, 0), (300, 1)])
def test_who_watches_the_end_gets_no_mail_about_it(
    fake: FakeInference, transcript: Transcript, watched_s: int, mails: int
) -> None:
    watched_at = timezone.now() - timedelta(seconds=watched_s)
    update_transcripts(Transcript.objects.all(), watched_at=watched_at)

    run_transcript(transcript.pk)

    assert len(deliver()) == mails


@pytest.mark.parametrize("is_page", [True, False])
def test_a_page_that_follows_watches_and_a_program_does_not(
    transcript: Transcript, is_page: bool
) -> None:
    async def follow_until_ready() -> None:
        assert transcript.owner is not None
        events = follow_account(transcript.owner.pk, since=timezone.now(), is_page=is_page)
        async for event in events:
            if b"event: ready" in event:
                break
        await events.aclose()

    async_to_sync(follow_until_ready)()

    transcript.job.refresh_from_db()
    assert (transcript.job.watched_at is not None) == is_page


def test_low_credits_are_reported_once_until_some_come_in(
    fake: FakeInference, make_transcript: MakeTranscript, settings: Settings
) -> None:
    settings.CREDITS_LOW_MINUTES = 5
    account = create_account(credits=6)
    verified(account.user)
    for _ in range(3):
        run_transcript(make_transcript(account=account, seconds=2).pk)
    assert [message.subject for message in deliver()] == ["Your minutes are running low"]
    assert "5 minutes" in last_mail().body

    grant_credits(account, amount=1, reference="more", reason="test")
    run_transcript(make_transcript(account=account, seconds=2).pk)

    assert len(deliver()) == 2
