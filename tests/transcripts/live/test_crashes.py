"""A real process with live sessions in it, killed or stopped: nothing that was journalled is lost.

The process is a child of the test (`speaker`), on this run's database; what finishes its work is
what does so in production, the sweeper and a worker.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import User
from billing.ledger import read_balance
from tests.transcripts.live.conftest import SECOND, ask_for, db, new_account, read_all, words_of
from tests.transcripts.live.connections import child_env
from tests.transcripts.live.fake_stream import FakeStream, StreamScript
from tests.transcripts.live.test_endings import expire, finish_as_sweeper_and_worker
from transcripts.jobs.sweep import sweep_transcripts
from transcripts.live.events import Ended
from transcripts.live.opening import open_session
from transcripts.models import Status, Transcript
from transcripts.services.recordings import recording_path

pytestmark = [pytest.mark.database, pytest.mark.timeout(60)]
ROOT = Path(__file__).parent.parent.parent.parent


@contextmanager
def speaker(user: User, *, target: str, media: Path, seconds: int) -> Iterator[dict[str, object]]:
    """Run a process that speaks for so many seconds and goes on in silence; yields
    what it is known by once all of it is journalled: `pid`, `token`, `id`."""
    env = child_env(target=target, media=media)
    command = [sys.executable, "-m", "tests.transcripts.live.speaker", str(user.pk), str(seconds)]
    process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield {"pid": process.pid, **json.loads(process.stdout.readline())}
    finally:
        process.kill()
        process.wait()


async def until_final(resume_ms: int) -> None:
    while (await db(Transcript.objects.get)).job.resume_ms < resume_ms:
        await asyncio.sleep(0.02)


@pytest.fixture
def media(live: FakeStream, settings: Settings) -> Path:
    return Path(settings.MEDIA_ROOT)


async def test_a_killed_web_process_loses_nothing_that_was_journalled(
    live: FakeStream, media: Path
) -> None:
    live.scripts.append(StreamScript(utterances=3, hangs=True))  # the rest isn't recognised yet
    account = await db(new_account)
    assert account.user is not None
    with speaker(account.user, target=live.target, media=media, seconds=6) as spoken:
        await until_final(3000)
        os.kill(int(str(spoken["pid"])), signal.SIGKILL)

    transcript = await db(Transcript.objects.get)
    assert (transcript.status, transcript.job.resume_ms) == (Status.PROCESSING, 3000)
    await db(finish_as_sweeper_and_worker, transcript)

    await db(transcript.refresh_from_db)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 6000)
    assert await db(words_of, transcript) == [f"w{second}" for second in range(6)]
    assert recording_path(transcript).read_bytes()[44:] == SECOND * 6
    assert (await db(read_balance, account)).minutes_left == 59


async def test_a_client_of_a_killed_process_goes_on_at_another(
    live: FakeStream, media: Path
) -> None:
    account = await db(new_account)
    assert account.user is not None
    with speaker(account.user, target=live.target, media=media, seconds=3) as spoken:
        os.kill(int(str(spoken["pid"])), signal.SIGKILL)

    session = await open_session(ask_for(account, resume_token=str(spoken["token"])))
    assert session.ready.audio_ms == 3000
    await session.push(SECOND)
    await session.stop()
    last = (await read_all(session))[-1]

    assert isinstance(last, Ended)
    assert (last.text, last.audio_duration_ms) == ("w0 w1 w2 w3", 4000)


async def test_a_frozen_process_that_wakes_too_late_changes_nothing(
    live: FakeStream, media: Path
) -> None:
    live.scripts.append(StreamScript(utterances=1, hangs=True))
    account = await db(new_account)
    assert account.user is not None
    with speaker(account.user, target=live.target, media=media, seconds=3) as spoken:
        pid = int(str(spoken["pid"]))
        transcript = await db(Transcript.objects.get)
        # Stopped while it writes, it would keep its lock; what it has received is stored by then.
        while not await db(words_of, transcript):
            await asyncio.sleep(0.05)
        os.kill(pid, signal.SIGSTOP)
        await db(finish_as_sweeper_and_worker, transcript)
        os.kill(pid, signal.SIGCONT)
        # It learns within its watch that it lost, and shows it by ending.
        await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    await db(transcript.refresh_from_db)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 3000)
    assert await db(words_of, transcript) == ["w0", "w1", "w2"]
    assert recording_path(transcript).read_bytes()[44:] == SECOND * 3
    left = {path.name for path in recording_path(transcript).parent.iterdir()}
    assert left == {"recording", "peaks.pending"}  # no worker draws the peaks here


async def test_a_killed_process_holds_no_slot_for_long(
    live: FakeStream, media: Path, settings: Settings
) -> None:
    account = await db(new_account)
    assert account.user is not None
    settings.LEASE_S = 0.0  # a worker's silence that is too long
    with speaker(account.user, target=live.target, media=media, seconds=1) as spoken:
        os.kill(int(str(spoken["pid"])), signal.SIGKILL)
    others = [await open_session(ask_for(account)) for _ in range(2)]  # all that it may have

    for session in others:
        await session.abandon()
    transcript = await db(Transcript.objects.get)
    await db(expire, transcript)
    await db(sweep_transcripts)
    await db(transcript.refresh_from_db)
    assert transcript.status == Status.QUEUED
