"""A session's second pass: a further job, whose text replaces the live one; no one sees it work."""

from typing import Any

import grpc
import pytest
from pytest_django import Settings

from billing.ledger import read_balance
from billing.models import BillingAccount
from protos.stt.v1 import speech_pb2
from tests.transcripts.fake_inference import Script
from tests.transcripts.live.conftest import db, new_account, read_all, reload, speak, words_of
from tests.transcripts.live.fake_stream import FakeStream, StreamScript
from transcripts.editing.draft import Editing
from transcripts.editing.edits import SegmentChange, edit_segment, restore
from transcripts.jobs.cancel import cancel_job, delete_transcript
from transcripts.jobs.concurrency import running
from transcripts.jobs.models import JobKind, TranscriptionJob
from transcripts.models import Status, Transcript
from transcripts.pipeline import run_job
from transcripts.retention.models import RetentionPolicy
from transcripts.services.recordings import recording_path
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.database


async def speak_to_the_end(account: BillingAccount, **fields: Any) -> Transcript:
    session = await speak(account, seconds=3, second_pass=True, **fields)
    await session.stop()
    await read_all(session)
    return await db(reload, session)


def second_pass_of(transcript: Transcript) -> TranscriptionJob:
    return transcript.jobs.get(kind=JobKind.SECOND_PASS)


def transcribe_again(transcript: Transcript) -> Transcript:
    run_job(second_pass_of(transcript).pk)
    return Transcript.objects.get(pk=transcript.pk)


def keys_of(transcript: Transcript) -> list[str]:
    return [segment.key for segment in transcript.segments.all()]


def speakers_of(transcript: Transcript) -> list[str]:
    return [str(speaker) for speaker in transcript.speakers.all()]


def codes(transcript: Transcript) -> list[str]:
    return [warning["code"] for warning in transcript.job.warnings]


def correct(transcript: Transcript) -> None:
    assert transcript.owner is not None
    segment = transcript.segments.all()[0]
    edit_segment(Editing(transcript, transcript.owner), segment.key, SegmentChange(text="Hello"))


def count_media(settings: Settings) -> int:
    return len(list(settings.MEDIA_ROOT.iterdir()))


async def test_the_second_pass_becomes_a_revision_with_speakers(
    live: FakeStream, settings: Settings
) -> None:
    live.files.scripts.append(Script(model="large"))
    account = await db(new_account)
    transcript = await speak_to_the_end(account)
    assert transcript.status == Status.COMPLETED  # readable at once
    before = await db(keys_of, transcript)

    transcript = await db(transcribe_again, transcript)

    assert (transcript.revision, transcript.is_corrected) == (1, False)
    assert (transcript.job.model_used, transcript.job.embedder) == ("large", "fake-voices")
    assert await db(words_of, transcript) == ["w0", "w1", "w2"]
    assert await db(speakers_of, transcript) == ["Speaker 1", "Speaker 2"]
    assert not set(before) & set(await db(keys_of, transcript))
    job = await db(second_pass_of, transcript)
    assert (transcript.job_id, job.status) == (job.pk, Status.COMPLETED)
    assert (transcript.credits_charged, job.credits_charged) == (1, 0)
    assert (await db(read_balance, account)).minutes_left == 59  # nothing more is charged
    assert count_media(settings) == 1
    assert recording_path(transcript).exists()
    await db(restore, Editing(transcript, account.user), 0)
    assert await db(keys_of, transcript) == before


async def test_the_gaps_of_the_second_pass_replace_the_live_ones(live: FakeStream) -> None:
    lost = [speech_pb2.Gap(start_ms=ms, end_ms=ms + 1500, reason="repetition") for ms in (0, 1200)]
    live.scripts.append(StreamScript(gaps={0: lost[:1]}))
    live.files.scripts.append(Script(gaps={1: lost[1:]}))
    transcript = await speak_to_the_end(await db(new_account))
    assert transcript.status == Status.COMPLETED_WITH_WARNINGS

    transcript = await db(transcribe_again, transcript)

    [gap] = await db(lambda: list(transcript.gaps.all()))
    assert (gap.start_ms, gap.end_ms) == (1200, 2700)
    assert codes(transcript) == ["speech_not_transcribed"]
    assert "0:01.2–0:02.7" in transcript.job.warnings[0]["message"]


async def test_no_one_sees_it_work(live: FakeStream) -> None:
    account = await db(new_account)
    assert account.user is not None
    user = account.user
    transcript = await speak_to_the_end(account)
    hidden = await db(second_pass_of, transcript)

    await db(TranscriptionJob.objects.filter(pk=hidden.pk).update, status=Status.PROCESSING)

    assert await db(running().filter(transcript__owner=user).count) == 0
    assert await db(Transcript.objects.count) == 1
    await db(transcript.refresh_from_db)
    assert transcript.status == Status.COMPLETED


async def test_it_notifies_no_webhook(live: FakeStream) -> None:
    account = await db(new_account)
    endpoint = {"owner": account.user, "url": "https://example.com/", "secret_encrypted": "x"}
    await db(WebhookEndpoint.objects.create, **endpoint)
    transcript = await speak_to_the_end(account)
    deliveries = await db(WebhookDelivery.objects.count)
    assert deliveries == 1

    await db(transcribe_again, transcript)

    assert await db(WebhookDelivery.objects.count) == deliveries


async def test_what_a_person_corrected_in_between_stays(live: FakeStream) -> None:
    transcript = await speak_to_the_end(await db(new_account))
    await db(correct, transcript)

    transcript = await db(transcribe_again, transcript)

    assert await db(words_of, transcript) == ["Hello", "w1", "w2"]
    assert (transcript.revision, codes(transcript)) == (1, ["second_pass_failed"])
    job = await db(second_pass_of, transcript)
    assert job.error_code == "not_applied"
    assert not await db(job.segments.exists)


async def test_a_second_pass_that_fails_leaves_the_text_and_a_warning(live: FakeStream) -> None:
    live.files.scripts.append(Script(windows=1, status=grpc.StatusCode.NOT_FOUND))
    transcript = await speak_to_the_end(await db(new_account))

    transcript = await db(transcribe_again, transcript)

    assert (transcript.status, codes(transcript)) == (Status.COMPLETED, ["second_pass_failed"])
    assert await db(words_of, transcript) == ["w0", "w1", "w2"]


async def test_an_account_that_stores_no_audio_gets_its_second_pass_all_the_same(
    live: FakeStream, settings: Settings
) -> None:
    account = await db(new_account)
    await db(RetentionPolicy.objects.create, owner=account.user, audio_days=0)
    transcript = await speak_to_the_end(account)
    assert count_media(settings) == 1

    transcript = await db(transcribe_again, transcript)

    assert (transcript.revision, transcript.recording.path) == (1, "")
    assert count_media(settings) == 0


async def test_deleting_the_transcript_deletes_its_second_pass(
    live: FakeStream, settings: Settings
) -> None:
    transcript = await speak_to_the_end(await db(new_account))

    await db(delete_transcript, transcript)

    assert await db(Transcript.objects.count) == 0
    assert count_media(settings) == 0


async def test_an_operator_may_cancel_it(live: FakeStream) -> None:
    transcript = await speak_to_the_end(await db(new_account))
    hidden = await db(second_pass_of, transcript)

    assert await db(cancel_job, hidden)

    await db(transcript.refresh_from_db)
    assert (transcript.status, codes(transcript)) == (Status.COMPLETED, ["second_pass_failed"])
    assert (await db(second_pass_of, transcript)).status == Status.CANCELLED


async def test_a_session_without_it_has_no_second_pass(live: FakeStream) -> None:
    session = await speak(await db(new_account), seconds=1)
    await session.stop()
    await read_all(session)

    assert not await db(TranscriptionJob.objects.filter(kind=JobKind.SECOND_PASS).exists)
