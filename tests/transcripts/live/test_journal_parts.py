"""Live sessions that end on another machine than they began on: it has only the bucket."""

import asyncio
import os
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from pytest_django import Settings

from stt_web.core.errors import ApiError
from stt_web.core.outages import StorageUnavailableError
from tests.s3_server import S3Server
from tests.transcripts.live.conftest import (
    SECOND,
    ask_for,
    db,
    new_account,
    read_all,
    reload,
    speak,
    words_of,
)
from tests.transcripts.live.fake_stream import FakeStream, StreamScript
from tests.transcripts.live.test_endings import finish_as_sweeper_and_worker, wait_for_text
from transcripts.jobs.cancel import delete_transcript
from transcripts.jobs.models import TranscriptionJob
from transcripts.live.events import Ended, Failed
from transcripts.live.executors import SYNC_THREADS, in_sync
from transcripts.live.journal import Journal, assemble, count_samples, read_samples
from transcripts.live.journal_parts import put_rest, restore
from transcripts.live.opening import open_session
from transcripts.live.session import SessionRunner
from transcripts.models import Status, Transcript
from transcripts.retention.local_copies import sweep_copies

pytestmark = pytest.mark.database
NAME = "a" * 32


@pytest.fixture
def bucket(settings: Settings, tmp_path: Path) -> Iterator[S3Server]:
    settings.MEDIA_ROOT = tmp_path / "one"
    with S3Server() as server:
        settings.STORAGES = {**settings.STORAGES, "media": server.as_storage()}
        yield server


def other_machine(settings: Settings) -> Path:
    """Go on as another one; return the folder of the first."""
    one = Path(settings.MEDIA_ROOT)
    settings.MEDIA_ROOT = one.with_name("two")
    return one


def pcm(first: int, count: int) -> bytes:
    return b"".join((n % 30_000).to_bytes(2, "little") for n in range(first, first + count))


# ---- the journal


def test_what_is_synced_is_what_another_machine_has(bucket: S3Server, settings: Settings) -> None:
    journal = Journal(settings.MEDIA_ROOT / NAME, attempt=1, start_samples=0)
    journal.append(pcm(0, 16_000))
    assert journal.sync() == 0  # a second waits for two more
    journal.append(pcm(16_000, 48_000))
    assert journal.sync() == 64_000
    journal.append(pcm(64_000, 1_000))
    assert journal.sync() == 64_000
    one = other_machine(settings)
    folder = settings.MEDIA_ROOT / NAME
    restore(folder)
    assert count_samples(folder) == 64_000
    assert read_samples(folder, start=15_000, end=17_000) == pcm(15_000, 2_000)
    settings.MEDIA_ROOT = one
    assert journal.sync(is_last=True) == 65_000
    other_machine(settings)
    restore(folder)
    assert assemble(folder) == 65_000
    assert bucket.read(f"{NAME}/recording")[44:] == pcm(0, 65_000)
    assert bucket.list_keys() == [f"{NAME}/recording"]


def test_parts_that_overlap_and_those_of_a_holder_that_lost_it(
    bucket: S3Server, settings: Settings
) -> None:
    folder = settings.MEDIA_ROOT / NAME
    first = Journal(folder, attempt=1, start_samples=0)
    first.append(pcm(0, 50_000))
    assert first.sync() == 50_000
    first.append(pcm(50_000, 1_000))
    put_rest(folder)  # the sweeper, while its process goes on
    first.append(pcm(51_000, 9_000))
    first.sync(is_last=True)
    second = Journal(folder, attempt=2, start_samples=60_000)
    first.append(b"\xff\xff" * 500)  # it doesn't know yet
    first.sync(is_last=True)
    second.append(pcm(60_000, 700))
    second.sync(is_last=True)
    other_machine(settings)
    folder = settings.MEDIA_ROOT / NAME
    restore(folder)
    assert assemble(folder) == 60_700
    assert (folder / "recording").read_bytes()[44:] == pcm(0, 60_700)


def test_while_the_bucket_is_away_nothing_is_acknowledged_and_nothing_lost(
    bucket: S3Server, settings: Settings
) -> None:
    folder = settings.MEDIA_ROOT / NAME
    journal = Journal(folder, attempt=1, start_samples=0)
    with bucket.failing("away"):
        journal.append(pcm(0, 100_000))
        assert journal.sync() == 0
        assert journal.sync(is_last=True) == 0
    assert journal.sync() == 100_000
    with bucket.failing("drop_put"):
        journal.append(pcm(100_000, 60_000))
        assert journal.sync() == 100_000


def test_no_session_begins_without_the_bucket(bucket: S3Server, settings: Settings) -> None:
    with bucket.failing("away"), pytest.raises(StorageUnavailableError):
        Journal(settings.MEDIA_ROOT / NAME, attempt=1, start_samples=0)
    assert not list(Path(settings.MEDIA_ROOT).rglob("*.wav"))


@pytest.mark.parametrize("fault", ["corrupt", "truncate", "error", "away"])
def test_a_journal_that_can_not_be_read_whole_is_no_journal(
    bucket: S3Server, settings: Settings, fault: str
) -> None:
    journal = Journal(settings.MEDIA_ROOT / NAME, attempt=1, start_samples=0)
    journal.append(pcm(0, 50_000))
    journal.sync()
    other_machine(settings)
    with bucket.failing(fault), pytest.raises(StorageUnavailableError):
        restore(settings.MEDIA_ROOT / NAME)
    assert not list(Path(settings.MEDIA_ROOT).rglob("*.wav"))


def test_what_a_worker_made_and_could_not_store_is_made_again_of_all_that_came_since(
    bucket: S3Server, settings: Settings
) -> None:
    journal = Journal(settings.MEDIA_ROOT / NAME, attempt=1, start_samples=0)
    journal.append(pcm(0, 50_000))
    journal.sync()
    one = other_machine(settings)
    two = settings.MEDIA_ROOT / NAME
    restore(two)
    with bucket.failing("drop_put"), pytest.raises(StorageUnavailableError):
        assemble(two)
    assert [path.name for path in two.iterdir()] == ["epoch-00001-000000000000.wav"]
    settings.MEDIA_ROOT = one
    journal.append(pcm(50_000, 10_000))
    journal.sync(is_last=True)
    other_machine(settings)
    restore(two)
    assert assemble(two) == 60_000
    assert bucket.read(f"{NAME}/recording")[44:] == pcm(0, 60_000)


# ---- sessions


@pytest.fixture
def machines(live: FakeStream, bucket: S3Server, settings: Settings) -> FakeStream:
    settings.MEDIA_ROOT = settings.MEDIA_ROOT.with_name("one")
    settings.LEASE_S = 1.0
    return live


async def test_a_session_is_finished_on_another_machine(
    machines: FakeStream, bucket: S3Server, settings: Settings
) -> None:
    machines.scripts.append(StreamScript(utterances=2, hangs=True))
    session = await speak(await db(new_account), seconds=5)
    await wait_for_text(session, 2)
    await session.abandon()
    other_machine(settings)
    transcript = await db(reload, session)
    await db(finish_as_sweeper_and_worker, transcript)
    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 5000)
    assert await db(words_of, transcript) == ["w0", "w1", "w2", "w3", "w4"]
    assert bucket.read(transcript.recording.path)[44:] == SECOND * 5


async def test_a_session_is_resumed_on_another_machine(
    machines: FakeStream, bucket: S3Server, settings: Settings
) -> None:
    account = await db(new_account)
    session = await speak(account, seconds=3)
    await session.abandon()
    other_machine(settings)
    resumed = await open_session(ask_for(account, resume_token=session.resume_token))
    assert resumed.ready.audio_ms == 3000
    await resumed.push(SECOND)
    await resumed.stop()
    assert isinstance((await read_all(resumed))[-1], Ended)
    transcript = await db(reload, session)
    assert transcript.status == Status.COMPLETED
    assert bucket.read(transcript.recording.path)[44:] == SECOND * 4


async def test_a_session_is_not_resumed_while_its_journal_can_not_be_fetched(
    machines: FakeStream, bucket: S3Server, settings: Settings
) -> None:
    account = await db(new_account)
    session = await speak(account, seconds=3)
    await session.abandon()
    other_machine(settings)
    request = ask_for(account, resume_token=session.resume_token)
    with bucket.failing("away"), pytest.raises(ApiError) as caught:
        await open_session(request)
    assert caught.value.code == "storage_unavailable"
    resumed = await open_session(request)
    assert resumed.ready.audio_ms == 3000
    await resumed.stop()
    await read_all(resumed)


async def speak_until_the_bucket_is_away(bucket: S3Server) -> SessionRunner:
    """Twelve seconds, recognised, of which the bucket has the first, and then the end."""
    session = await speak(await db(new_account), seconds=4)
    await wait_for_text(session, 3)
    while session.audio_ms < 3000:
        await asyncio.sleep(0.05)
    bucket.stop()
    await session.push(SECOND * 8)
    await wait_for_text(session, 8)
    await session.stop()
    return session


async def bring_back(bucket: S3Server) -> None:
    """Start it once no put is under way any more, which would yet succeed."""
    together = threading.Barrier(SYNC_THREADS)
    await asyncio.gather(*(in_sync(together.wait, 60) for _ in range(SYNC_THREADS)))
    bucket.start()


async def test_a_session_whose_bucket_is_away_at_its_end_is_finished_whole_later(
    machines: FakeStream, bucket: S3Server, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    session = await speak_until_the_bucket_is_away(bucket)
    last = (await read_all(session))[-1]
    assert isinstance(last, Failed)
    assert last.error.code == "storage_unavailable"
    assert "event=live_not_synced" not in caplog.text  # but that the bucket is away
    await bring_back(bucket)

    one = other_machine(settings)
    transcript = await db(reload, session)
    await db(finish_as_sweeper_and_worker, transcript)  # it has a part of it, and waits
    assert (await db(reload, session)).status in (Status.QUEUED, Status.PROCESSING)
    settings.MEDIA_ROOT = one
    await db(sweep_as_idle)
    other_machine(settings)
    await db(finish_as_sweeper_and_worker, transcript)
    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 12_000)
    assert bucket.read(transcript.recording.path)[44:] == SECOND * 12
    settings.MEDIA_ROOT = one
    await db(sweep_as_idle)
    assert not list(one.rglob("epoch-*"))


def sweep_as_idle() -> None:
    past = time.time() - 60
    for path in Path(django_settings.MEDIA_ROOT).rglob("*"):
        if path.is_file():
            os.utime(path, (past, past))
    sweep_copies()


async def test_what_a_machine_took_along_is_silence_and_is_stated(
    machines: FakeStream, bucket: S3Server, settings: Settings
) -> None:
    session = await speak_until_the_bucket_is_away(bucket)
    await read_all(session)
    await bring_back(bucket)
    shutil.rmtree(other_machine(settings))
    transcript = await db(reload, session)
    await db(_update, transcript, awaited_s=600)
    await db(finish_as_sweeper_and_worker, transcript)
    transcript = await db(reload, session)
    assert transcript.status == Status.COMPLETED_WITH_WARNINGS
    assert "recording_incomplete" in [each["code"] for each in transcript.job.warnings]
    assert len(await db(words_of, transcript)) >= 11
    content = bucket.read(transcript.recording.path)[44:]
    assert content.startswith(SECOND * 3)
    assert content.endswith(bytes(4 * len(SECOND)))


def _update(transcript: Transcript, **fields: Any) -> None:
    TranscriptionJob.objects.filter(pk=transcript.job_id).update(**fields)


async def test_a_deleted_session_leaves_nothing_in_the_bucket(
    machines: FakeStream, bucket: S3Server
) -> None:
    session = await speak(await db(new_account), seconds=4)
    await session.abandon()
    assert bucket.list_keys()
    await db(delete_transcript, await db(reload, session))
    assert bucket.list_keys() == []


async def speak_while_the_bucket_is_away(
    machines: FakeStream, bucket: S3Server, *, recognised: int = 3
) -> SessionRunner:
    """Return a session of 12 s, of which the bucket has 4 or less, and no more is recognised."""
    machines.scripts.append(StreamScript(utterances=recognised, hangs=True))
    session = await speak(await db(new_account), seconds=4)
    if recognised:
        await wait_for_text(session, recognised)
    while session.audio_ms < 3000:
        await asyncio.sleep(0.05)
    bucket.stop()
    await session.push(SECOND * 8)
    while session.feed.journalled < 12 * 16_000:
        await asyncio.sleep(0.05)
    return session


async def test_audio_that_was_not_recognised_is_waited_for_too(
    machines: FakeStream, bucket: S3Server, settings: Settings
) -> None:
    session = await speak_while_the_bucket_is_away(machines, bucket)
    await session.abandon()
    await bring_back(bucket)
    one = other_machine(settings)
    transcript = await db(reload, session)
    assert transcript.job.journalled_ms == 12_000
    await db(finish_as_sweeper_and_worker, transcript)
    transcript = await db(reload, session)
    assert transcript.status in (Status.QUEUED, Status.PROCESSING)
    assert transcript.job.awaited_s == 1
    settings.MEDIA_ROOT = one
    await db(sweep_as_idle)
    other_machine(settings)
    await db(finish_as_sweeper_and_worker, transcript)
    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 12_000)
    assert bucket.read(transcript.recording.path)[44:] == SECOND * 12
    settings.MEDIA_ROOT = one
    await db(sweep_as_idle)
    assert not list(one.rglob("*.wav"))


async def test_only_what_the_bucket_answers_counts_as_waiting(
    machines: FakeStream, bucket: S3Server, settings: Settings
) -> None:
    session = await speak_while_the_bucket_is_away(machines, bucket)
    await session.abandon()
    await bring_back(bucket)
    other_machine(settings)
    transcript = await db(reload, session)
    long_ago = timezone.now() - timedelta(hours=2)
    await db(_update, transcript, progressed_at=long_ago)
    await db(finish_as_sweeper_and_worker, transcript)
    transcript = await db(reload, session)
    assert transcript.status in (Status.QUEUED, Status.PROCESSING)
    assert transcript.job.warnings == []


async def test_a_process_that_dies_has_stated_what_only_it_has(
    machines: FakeStream, bucket: S3Server, settings: Settings
) -> None:
    settings.HEARTBEAT_S = 0.2
    session = await speak_while_the_bucket_is_away(machines, bucket)
    async with asyncio.timeout(15):
        while (await db(reload, session)).job.journalled_ms < 12_000:
            await asyncio.sleep(0.1)
    await bring_back(bucket)
    await session.abandon()


@pytest.mark.parametrize("recognised", [3, 0])
async def test_what_a_recording_does_not_have_stays_where_it_is(
    machines: FakeStream,
    bucket: S3Server,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    recognised: int,
) -> None:
    session = await speak_while_the_bucket_is_away(machines, bucket, recognised=recognised)
    await session.abandon()
    await bring_back(bucket)
    one = other_machine(settings)
    transcript = await db(reload, session)
    await db(_update, transcript, awaited_s=600)
    await db(finish_as_sweeper_and_worker, transcript)
    transcript = await db(reload, session)
    assert transcript.status == Status.COMPLETED_WITH_WARNINGS
    assert "recording_incomplete" in [each["code"] for each in transcript.job.warnings]
    settings.MEDIA_ROOT = one
    for _ in range(2):
        await db(sweep_as_idle)
        (epoch,) = one.rglob("*.wav")
        assert epoch.name == "unrecorded-epoch-00001-000000000000.wav"
        assert epoch.read_bytes()[44:] == SECOND * 12
    assert caplog.text.count("event=journal_kept") == 1


async def test_silence_in_place_of_sound_is_no_recording_of_it(
    machines: FakeStream, bucket: S3Server, settings: Settings
) -> None:
    session = await speak_until_the_bucket_is_away(bucket)
    assert isinstance((await read_all(session))[-1], Failed)
    await bring_back(bucket)
    one = other_machine(settings)
    transcript = await db(reload, session)
    await db(_update, transcript, awaited_s=600)
    await db(finish_as_sweeper_and_worker, transcript)
    transcript = await db(reload, session)
    assert len(bucket.read(transcript.recording.path)[44:]) == len(SECOND) * 12
    settings.MEDIA_ROOT = one
    await db(sweep_as_idle)
    (epoch,) = (path for path in one.rglob("*") if path.is_file() and path.name[0] != ".")
    assert epoch.name.startswith("unrecorded-")
    assert epoch.read_bytes()[44:] == SECOND * 12


async def speak_to_no_bucket(machines: FakeStream, bucket: S3Server) -> SessionRunner:
    """Return an abandoned session of 8 s, of which nothing is in the bucket or recognised."""
    machines.scripts.append(StreamScript(utterances=0, hangs=True))
    session = await open_session(ask_for(await db(new_account)))
    bucket.stop()
    await session.push(SECOND * 8)
    while session.feed.journalled < 8 * 16_000:
        await asyncio.sleep(0.05)
    await session.abandon()
    await bring_back(bucket)
    return session


async def test_a_session_of_which_the_bucket_has_nothing_is_not_discarded(
    machines: FakeStream, bucket: S3Server, settings: Settings
) -> None:
    session = await speak_to_no_bucket(machines, bucket)
    one = other_machine(settings)
    transcript = await db(reload, session)
    await db(finish_as_sweeper_and_worker, transcript)
    assert (await db(reload, session)).status in (Status.QUEUED, Status.PROCESSING)
    settings.MEDIA_ROOT = one
    await db(sweep_as_idle)
    other_machine(settings)
    await db(finish_as_sweeper_and_worker, transcript)
    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 8000)
    assert bucket.read(transcript.recording.path)[44:] == SECOND * 8


async def test_a_resumption_that_fails_leaves_what_is_waited_for(
    machines: FakeStream, bucket: S3Server, settings: Settings
) -> None:
    account = await db(new_account)
    machines.scripts.append(StreamScript(utterances=2, hangs=True))
    session = await speak(account, seconds=4)
    await wait_for_text(session, 2)
    await session.abandon()
    transcript = await db(reload, session)
    await db(_update, transcript, journalled_ms=12_000)
    other_machine(settings)
    request = ask_for(account, resume_token=session.resume_token)
    with bucket.failing("away"), pytest.raises(ApiError):
        await open_session(request)
    assert (await db(reload, session)).job.journalled_ms == 12_000
    resumed = await open_session(request)
    assert (await db(reload, session)).job.journalled_ms == 4000
    await resumed.stop()
    await read_all(resumed)


async def test_a_session_of_which_nothing_ever_arrived_fails_as_lost(
    machines: FakeStream, bucket: S3Server, settings: Settings
) -> None:
    session = await speak_to_no_bucket(machines, bucket)
    one = other_machine(settings)
    transcript = await db(reload, session)
    await db(_update, transcript, awaited_s=600)
    await db(finish_as_sweeper_and_worker, transcript)
    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.error_code) == (Status.FAILED, "recording_missing")
    assert "was lost with the server" in transcript.job.error_message
    assert (transcript.job.warnings, transcript.job.credits_charged) == ([], 0)
    settings.MEDIA_ROOT = one
    await db(sweep_as_idle)
    assert [path.name for path in one.rglob("*.wav")] == ["epoch-00001-000000000000.wav"]
