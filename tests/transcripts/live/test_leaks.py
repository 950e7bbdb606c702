"""After a thousand sessions nothing is left of them: no task, stream, file or lease."""

import asyncio
import gc
import os
from pathlib import Path

import pytest
from pytest_django import Settings

from billing.models import Hold, HoldState, Plan
from tests.transcripts.live.conftest import ask_for, db, new_account, read_all
from tests.transcripts.live.fake_stream import FakeStream, StreamScript
from transcripts.live.opening import open_session
from transcripts.live.registry import registry
from transcripts.models import Status, Transcript

pytestmark = pytest.mark.timeout(600)
SESSIONS = 1000
AT_ONCE = 50
CHUNK = b"\x10\x00" * 1600


def count_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def count_tasks() -> int:
    return sum(task.get_name().startswith("live") for task in asyncio.all_tasks())


async def test_nothing_is_left_of_a_thousand_sessions(live: FakeStream, settings: Settings) -> None:
    settings.HEARTBEAT_S = 3.0
    account = await db(new_account, minutes=5000)
    await db(Plan.objects.filter(pk=account.plan_id).update, concurrency=0)

    async def one(number: int) -> None:
        if number % 5 == 3:
            live.scripts.append(StreamScript(utterances=0))
        session = await open_session(ask_for(account))
        if number % 5 == 0:
            await session.abandon()
            return
        await session.push(CHUNK)
        if number % 5 == 1:
            await session.abandon()
        elif number % 5 == 2:
            session.note_lost()
            await read_all(session)
        else:
            await session.stop()
            await read_all(session)

    async def many(count: int) -> None:
        for start in range(0, count, AT_ONCE):
            await asyncio.gather(*(one(number) for number in range(start, start + AT_ONCE)))

    await many(AT_ONCE)  # threads, connections and channels are there to stay
    files = count_files()
    await many(SESSIONS - AT_ONCE)

    gc.collect()
    assert len(registry()) == 0
    assert count_tasks() == 0
    assert live.open_calls == 0
    assert count_files() <= files + 5
    processing = Transcript.objects.filter(status=Status.PROCESSING)
    # Those that were lost here are another process's now, and the abandoned ones are paused.
    assert await db(processing.exclude(job__lease_owner="").count) == SESSIONS // 5
    assert await db(processing.filter(job__lease_owner="").count) == SESSIONS // 5
    held = await db(Hold.objects.filter(state=HoldState.HELD).count)
    assert held == 2 * SESSIONS // 5
    recordings = len(list(Path(settings.MEDIA_ROOT).iterdir()))
    assert recordings == await db(Transcript.objects.count)
