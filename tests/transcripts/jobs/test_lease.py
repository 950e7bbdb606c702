"""Claims, the fence, and what the sweeper does: on the database of this run."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from billing.ledger import read_balance
from tests.billing.conftest import create_account, run_at_once
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.rows import claim_transcript, run_transcript, update_transcripts
from transcripts.inference.results import WindowResult
from transcripts.jobs.cancel import cancel_transcript
from transcripts.jobs.concurrency import enqueue_next, running
from transcripts.jobs.lease import LeaseLostError, release_lease
from transcripts.jobs.models import JobKind, Queue, TranscriptionJob
from transcripts.jobs.results import JobRun, open_job, store_window, write_fenced
from transcripts.jobs.stages.finalize import fail, finalize
from transcripts.jobs.sweep import sweep_transcripts
from transcripts.models import Status, Transcript
from transcripts.responses import queue_position
from transcripts.text.segments import Segment as TextSegment
from transcripts.text.words import Word

WORD = Word("hello", 0, 900, 0.9, False)
SEGMENT = TextSegment(0, 900, "hello", (WORD,), 0.9, -0.1, 1.0, 0.0, 0.0)
WINDOW = WindowResult(0, 1000, (SEGMENT,))


def claim(transcript: Transcript) -> JobRun:
    claimed = claim_transcript(transcript.pk)
    assert claimed is not None
    return open_job(*claimed)


def can_claim(transcript: Transcript) -> bool:
    return claim_transcript(transcript.pk) is not None


def expire(transcript: Transcript, *, ago_s: float = 1.0) -> None:
    past = timezone.now() - timedelta(seconds=ago_s)
    update_transcripts(Transcript.objects.filter(pk=transcript.pk), lease_expires_at=past)


def test_one_of_many_claims_wins(make_transcript: MakeTranscript) -> None:
    transcript = make_transcript()
    start = threading.Barrier(4)

    def try_claim(_: int) -> bool:
        start.wait()
        try:
            return claim_transcript(transcript.pk) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(try_claim, range(4)))

    assert won.count(True) == 1
    transcript.refresh_from_db()
    assert (transcript.job.attempt, transcript.status) == (1, Status.PROCESSING)


def test_every_write_of_a_stale_worker_is_refused(make_transcript: MakeTranscript) -> None:
    account = create_account(minutes=60)
    transcript = make_transcript(account=account)
    stale = claim(transcript)
    expire(transcript)
    sweep_transcripts()
    current = claim(transcript)

    with pytest.raises(LeaseLostError):
        store_window(stale, WINDOW)
    with pytest.raises(LeaseLostError):
        write_fenced(stale, audio_duration_ms=5000)
    stale.has_text = True
    with pytest.raises(LeaseLostError):
        finalize(stale)
    assert not fail(stale, code="x", message="Never.")
    assert not release_lease(stale.lease, stale.row, counts_as_try=True)

    transcript.refresh_from_db()
    assert (transcript.job.attempt, transcript.status) == (2, Status.PROCESSING)
    assert transcript.job.resume_ms == transcript.job.audio_duration_ms == 0
    assert not transcript.segments.exists()
    assert read_balance(account).minutes_left == 59
    store_window(current, WINDOW)
    assert transcript.segments.count() == 1


def test_window_is_stored_whole_or_not_at_all(make_transcript: MakeTranscript) -> None:
    transcript = make_transcript()
    job = claim(transcript)
    lengthless = TextSegment(500, 500, "x", (), 0.9, -0.1, 1.0, 0.0, 0.0)

    with pytest.raises(Exception, match="transcripts_segment_has_length"):
        store_window(job, WindowResult(0, 1000, (SEGMENT, lengthless)))

    transcript.refresh_from_db()
    assert transcript.job.resume_ms == 0
    assert not transcript.job.windows.exists()
    assert not transcript.segments.exists()


def test_transcript_is_queued_again_when_its_lease_ran_out(
    make_transcript: MakeTranscript, caplog: pytest.LogCaptureFixture
) -> None:
    transcript = make_transcript()
    claim(transcript)
    sweep_transcripts()
    transcript.refresh_from_db()
    assert transcript.status == Status.PROCESSING  # the lease still holds
    expire(transcript)

    sweep_transcripts()

    transcript.refresh_from_db()
    assert (transcript.status, transcript.job.stalled_tries) == (Status.QUEUED, 1)
    assert transcript.job.enqueue_count == 1  # and it was enqueued
    ids = f"transcript_id={transcript.pk} job_id={transcript.job.pk}"
    assert f"event=lease_ran_out {ids}" in caplog.text


def test_transcript_fails_after_too_many_tries_without_progress(
    make_transcript: MakeTranscript, settings: Settings
) -> None:
    settings.MAX_STALLED_TRIES = 3
    account = create_account(minutes=60)
    transcript = make_transcript(account=account)

    for _ in range(3):
        claim(transcript)
        expire(transcript, ago_s=3600)
        sweep_transcripts()

    transcript.refresh_from_db()
    assert (transcript.status, transcript.job.error_code) == (Status.FAILED, "too_many_tries")
    assert transcript.job.error_message
    assert read_balance(account).minutes_left == 60


def test_each_try_rests_longer_than_the_one_before(
    make_transcript: MakeTranscript, settings: Settings
) -> None:
    """What kills every worker for a minute leaves tries for afterwards."""
    settings.LEASE_S, settings.MAX_STALLED_TRIES = 20, 6
    transcript = make_transcript()

    for rest_s in (0, 20, 80, 240, 240):
        claim(transcript)
        expire(transcript, ago_s=rest_s - 1)
        sweep_transcripts()
        transcript.refresh_from_db()
        assert transcript.status == Status.PROCESSING
        expire(transcript, ago_s=rest_s + 1)
        sweep_transcripts()
        transcript.refresh_from_db()
        assert transcript.status == Status.QUEUED

    claim(transcript)
    expire(transcript)
    sweep_transcripts()
    transcript.refresh_from_db()
    assert transcript.status == Status.FAILED  # at once


def test_tries_with_progress_are_not_counted(
    make_transcript: MakeTranscript, settings: Settings
) -> None:
    settings.MAX_STALLED_TRIES = 2
    transcript = make_transcript()

    for number in range(5):
        job = claim(transcript)
        store_window(job, WindowResult(number * 1000, number * 1000 + 1000))
        expire(transcript)
        sweep_transcripts()

    transcript.refresh_from_db()
    assert (transcript.status, transcript.job.stalled_tries) == (Status.QUEUED, 0)
    assert transcript.job.resume_ms == 5000


def test_lost_message_is_sent_again_at_growing_intervals(
    make_transcript: MakeTranscript, settings: Settings
) -> None:
    settings.LEASE_S = 20.0  # so the intervals are 10, 20, 40 … s
    transcript = make_transcript()
    sent = []

    for _ in range(100):  # a sweep every second
        sweep_transcripts()
        transcript.refresh_from_db()
        sent.append(transcript.job.enqueue_count)
        assert transcript.job.enqueued_at is not None
        update_transcripts(
            Transcript.objects.all(), enqueued_at=transcript.job.enqueued_at - timedelta(seconds=1)
        )

    assert sent[0] == 1
    assert sent[15] == 2
    assert sent[-1] == 4


def test_a_message_that_a_clock_dates_ahead_is_sent_again(make_transcript: MakeTranscript) -> None:
    transcript = make_transcript()
    sweep_transcripts()
    ahead = timezone.now() + timedelta(hours=1)
    update_transcripts(Transcript.objects.all(), enqueued_at=ahead)

    sweep_transcripts()

    transcript.refresh_from_db()
    assert transcript.job.enqueue_count == 2
    assert transcript.job.enqueued_at is not None
    assert transcript.job.enqueued_at < ahead


def test_sweep_costs_the_same_however_many_rows_there_are(
    make_transcript: MakeTranscript, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    account = create_account(minutes=60)
    for _ in range(5):
        make_transcript(seconds=1, account=account)
    claim(make_transcript(seconds=1, account=account))
    sweep_transcripts()

    with django_assert_num_queries(3):
        sweep_transcripts()


def test_sweepers_at_once_enqueue_once(make_transcript: MakeTranscript) -> None:
    transcript = make_transcript()
    start = threading.Barrier(3)

    def sweep(_: int) -> None:
        start.wait()
        sweep_transcripts()
        connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(sweep, range(3)))

    transcript.refresh_from_db()
    assert transcript.job.enqueue_count == 1


def test_finalized_transcript_is_charged_once(make_transcript: MakeTranscript) -> None:
    account = create_account(minutes=60)
    transcript = make_transcript(account=account)
    job = claim(transcript)
    store_window(job, WINDOW)
    write_fenced(job, audio_duration_ms=5000)
    finalize(job)

    with pytest.raises(LeaseLostError):
        finalize(job)
    assert not cancel_transcript(transcript)

    assert read_balance(account).minutes_left == 59


def test_queue_position_counts_those_before_in_the_same_queue(
    make_transcript: MakeTranscript, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    account = create_account(minutes=60)
    first, other, second = (
        make_transcript(seconds=1, account=account, queue=queue)
        for queue in (Queue.BULK, Queue.SHORT, Queue.BULK)
    )

    with django_assert_num_queries(1):
        assert queue_position(second) == 2
    assert (queue_position(first), queue_position(other)) == (1, 1)
    claim(first)
    first.refresh_from_db()
    assert queue_position(first) is None
    assert queue_position(second) == 1


@pytest.mark.database
def test_no_more_than_the_limit_is_worked_on_when_all_are_claimed_at_once(
    make_transcript: MakeTranscript,
) -> None:
    account = create_account(minutes=60)  # two at once
    waiting = [make_transcript(seconds=1, account=account) for _ in range(6)]
    of_another = make_transcript(seconds=1)

    claimed = run_at_once(partial(can_claim, each) for each in waiting)

    assert claimed.count(True) == 2
    assert Transcript.objects.filter(owner=account.user, status=Status.PROCESSING).count() == 2
    assert claim_transcript(of_another.pk) is not None
    first = waiting[claimed.index(True)]
    cancel_transcript(Transcript.objects.get(pk=first.pk))
    assert claim_transcript(waiting[claimed.index(False)].pk) is not None


def test_a_second_pass_takes_no_slot_from_what_waits_for_one(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    """It is older, and would be enqueued in the place of the one that can be begun."""
    account = create_account(minutes=60)
    for _ in range(2):
        done = make_transcript(seconds=1, account=account, status=Status.COMPLETED)
        TranscriptionJob.objects.create(
            transcript=done, kind=JobKind.SECOND_PASS, model_requested="tiny"
        )
    waiting = make_transcript(seconds=1, account=account)

    enqueue_next(account.user)

    waiting.refresh_from_db()
    assert waiting.job.enqueue_count == 1


def test_a_worker_cut_off_from_the_database_stops_before_another_may_start(
    make_transcript: MakeTranscript, settings: Settings
) -> None:
    settings.LEASE_S = 0.2
    lease = claim(make_transcript()).lease
    with disconnected():
        lease.renew()
        lease.check()  # for a moment it may be the network
        time.sleep(settings.LEASE_S)
        lease.renew()
    with pytest.raises(LeaseLostError):
        lease.check()


def test_a_row_that_cannot_be_failed_lets_no_other_wait(
    make_transcript: MakeTranscript, settings: Settings
) -> None:
    settings.MAX_STALLED_TRIES = 1
    poisoned, used_up, expired = (make_transcript() for _ in range(3))
    for each in (poisoned, used_up, expired):
        claim(each)
        expire(each)
    update_transcripts(Transcript.objects.filter(pk=expired.pk), stalled_tries=0)

    with refusing(poisoned):
        sweep_transcripts()

    for each in (used_up, expired):
        each.refresh_from_db()
    assert (used_up.status, expired.status) == (Status.FAILED, Status.QUEUED)


@contextmanager
def refusing(transcript: Transcript) -> Iterator[None]:
    """Something unforeseen happens whenever this transcript is failed."""

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        named = {str(value).replace("-", "") for value in params or ()}
        if sql.startswith("UPDATE") and transcript.job_id.hex in named:
            raise ValueError("unforeseen")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


@contextmanager
def disconnected() -> Iterator[None]:
    """The database refuses every statement of this thread."""

    def refuse(*_: object) -> None:
        raise OperationalError("no connection")

    with connection.execute_wrapper(refuse):
        yield


def test_what_waits_for_its_turn_is_reported_when_one_ends(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    account = create_account(minutes=60)
    ending = make_transcript(seconds=1, account=account)
    claim(make_transcript(seconds=1, account=account))
    oldest, later = (make_transcript(seconds=1, account=account) for _ in range(2))

    run_transcript(ending.pk)

    for each in (ending, oldest, later):
        each.refresh_from_db()
    assert ending.status == Status.COMPLETED
    assert (oldest.job.enqueue_count, later.job.enqueue_count) == (1, 0)


def test_what_rests_until_its_next_try_takes_no_slot(make_transcript: MakeTranscript) -> None:
    account = create_account(minutes=60)
    resting = make_transcript(account=account)
    claim(resting)
    assert list(running()) == [resting.job]
    expire(resting)
    assert list(running()) == []
