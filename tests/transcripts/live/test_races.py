"""Verbs of a live session that meet: each pair has one outcome, and none breaks the process."""

import asyncio
import contextlib
import errno
import os
import threading
from pathlib import Path
from uuid import UUID

import pytest
from pytest_django import Settings

from billing.ledger import read_balance
from tests.billing.conftest import create_account, run_together
from tests.transcripts.live.conftest import SECOND, ask_for, db, new_account
from tests.transcripts.live.fake_stream import FakeStream
from tests.transcripts.rows import run_transcript, update_transcripts
from transcripts.jobs.lease import (
    Lease,
    LeaseEnd,
    LeaseHeartbeat,
    LeaseLostError,
    WorkStoppedError,
)
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.pcm_feed import HoldExtender
from transcripts.live import registry as hubs
from transcripts.live.admission import SessionNotFoundError, admit_session, resume_session
from transcripts.live.audio_buffer import AudioBuffer
from transcripts.live.journal import Journal, count_samples
from transcripts.live.opening import open_session
from transcripts.models import Status, Transcript

pytestmark = pytest.mark.database
ROUNDS = 40


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path, attempt=1, start_samples=0)
    journal.close()

    with pytest.raises(OSError, match="closed") as refused:
        journal.append(bytes(200))
    assert refused.value.errno == errno.EBADF


def test_closing_while_a_thread_writes_leaves_other_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next file that is opened gets the journal's descriptor, if that is free."""
    journal = Journal(tmp_path, attempt=1, start_samples=0)
    write, is_writing, may_write = os.write, threading.Event(), threading.Event()

    def write_late(descriptor: int, data: bytes) -> int:
        if threading.current_thread() is writer:
            is_writing.set()
            may_write.wait(10)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", write_late)
    writer = threading.Thread(target=journal.append, args=(b"\1\2" * 100,))
    writer.start()
    is_writing.wait(10)
    journal.close()
    with (tmp_path / "other").open("wb") as other:
        may_write.set()
        writer.join()
        assert os.fstat(other.fileno()).st_size == 0

    assert count_samples(tmp_path) == 100
    with pytest.raises(OSError, match="closed"):
        journal.append(bytes(2))


def test_a_lease_that_begins_during_the_recall_is_recalled(settings: Settings) -> None:
    settings.HEARTBEAT_S = 60
    heartbeat, lease = LeaseHeartbeat(), Lease(UUID(int=1), 1)
    begins = threading.Thread(target=beat_until_ended, args=(heartbeat, lease))

    with heartbeat._changed:  # where both meet: it begins and can't be registered yet
        begins.start()
        begins.join(0.2)
        heartbeat.recall_all()
    begins.join(10)

    with pytest.raises(WorkStoppedError) as stopped:
        lease.check()
    assert stopped.value.reason is LeaseEnd.RECALLED


def beat_until_ended(heartbeat: LeaseHeartbeat, lease: Lease) -> None:
    with heartbeat.hold(lease), contextlib.suppress(WorkStoppedError):
        lease.wait(5)


def test_resuming_and_extending_the_hold_never_wait_for_each_other(
    transactional_db: None, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    account = create_account(minutes=10_000)
    admitted = admit_session(ask_for(account))
    Journal(admitted.folder, attempt=1, start_samples=0).close()
    lease, job = admitted.job.lease, admitted.job.row

    def resume() -> None:
        resume_session(ask_for(account, resume_token=admitted.resume_token))

    for number in range(2, ROUNDS):
        # The process that holds it until then extends its hold, minute after minute.
        meter = HoldExtender(lease, job, held_for_ms=0, reuses_connection=True)

        def extend(meter: HoldExtender = meter) -> None:
            try:
                meter.cover(60_000 * 20)
            except LeaseLostError:
                return  # the other one won

        run_together(resume, extend)
        job = TranscriptionJob.objects.get(pk=job.pk)
        lease = Lease(job.pk, job.attempt)
        assert job.attempt == number


def test_a_session_without_a_journal_is_not_found(
    transactional_db: None, settings: Settings, tmp_path: Path
) -> None:
    """Its process died between the admission and the first file."""
    settings.MEDIA_ROOT = tmp_path
    account = new_account()
    before = read_balance(account)
    admitted = admit_session(ask_for(account))

    with pytest.raises(SessionNotFoundError):
        resume_session(ask_for(account, resume_token=admitted.resume_token))

    assert not Transcript.objects.exists()
    assert read_balance(account) == before


def test_a_session_without_a_journal_ends_as_if_it_had_not_been(
    transactional_db: None, settings: Settings, tmp_path: Path, mailoutbox: list[object]
) -> None:
    settings.MEDIA_ROOT = tmp_path
    account = new_account()
    before = read_balance(account)
    admitted = admit_session(ask_for(account))
    rows = Transcript.objects.filter(pk=admitted.job.transcript.pk)
    update_transcripts(rows, status=Status.QUEUED, lease_owner="", lease_expires_at=None)

    run_transcript(admitted.job.transcript.pk)

    assert not rows.exists()
    assert read_balance(account) == before
    assert mailoutbox == []


async def test_one_unforeseen_error_ends_no_loop_of_the_process(
    live: FakeStream, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leases are renewed, and audio is journalled, behind a fault of any step."""
    settings.HEARTBEAT_S = 0.05
    failures = [ValueError("unforeseen"), RuntimeError("again")]
    renew, renewed = hubs._check_and_renew, threading.Event()

    def fail_twice(ids: list[UUID]) -> dict[UUID, hubs.SessionState]:
        if failures:
            raise failures.pop()
        renewed.set()
        return renew(ids)

    monkeypatch.setattr(hubs, "_check_and_renew", fail_twice)
    session = await open_session(ask_for(await db(new_account)))
    await session.push(SECOND)
    async with asyncio.timeout(20):
        while not renewed.is_set():
            await asyncio.sleep(0.05)
    await session.stop()
    async for _ in session.events():
        pass

    assert session.audio_ms == 1000


async def test_a_journal_that_breaks_ends_its_own_session_only(live: FakeStream) -> None:
    account = await db(new_account)
    broken, whole = [await open_session(ask_for(account)) for _ in range(2)]
    broken.feed = BrokenFeed(broken.feed.journal)
    for _ in range(3):
        await broken.push(SECOND)
        await whole.push(SECOND)
    await whole.stop()
    async for _ in whole.events():
        pass
    await broken.abandon()

    assert whole.audio_ms == 3000


class BrokenFeed(AudioBuffer):
    def note_written(self, data: bytes) -> None:
        raise ValueError("unforeseen")
