"""A client that leaves at any await of an opening leaves no hold, slot, file or descriptor."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from django.conf import settings

from billing.models import Hold
from billing.models.ledger import HoldState
from tests.transcripts.live.conftest import ask_for, db, new_account, reload, speak
from tests.transcripts.live.fake_stream import FakeStream
from transcripts.jobs.concurrency import running
from transcripts.live.opening import open_session
from transcripts.live.session import SessionRunner
from transcripts.models import Status, Transcript

pytestmark = pytest.mark.database
STEPS = 60


def open_journals() -> int:
    """Count this test's own: sessions of earlier tests may still be closing theirs."""
    links = [Path(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
    media = str(settings.MEDIA_ROOT)
    targets = [os.readlink(link) for link in links if link.is_symlink()]
    return sum(target.startswith(media) and "epoch-" in target for target in targets)


async def cancel_after(steps: int, make: Callable[[], Awaitable[object]]) -> bool:
    """Cancel at the given turn of the event loop; returns whether it was over by then."""
    task = asyncio.ensure_future(make())
    for _ in range(steps):
        await asyncio.sleep(0.001)
        if task.done():
            break
    is_over = task.done()
    task.cancel()
    await asyncio.wait([task])
    return is_over


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.02)


async def test_a_beginning_that_is_broken_off_leaves_nothing(live: FakeStream) -> None:
    account = await db(new_account)

    async def is_clean() -> bool:
        held = Hold.objects.filter(state=HoldState.HELD)
        left = await db(lambda: Transcript.objects.count() + held.count())
        return left == 0 and open_journals() == 0

    for steps in range(0, STEPS, 3):
        sessions: list[SessionRunner] = []

        async def begin(into: list[SessionRunner] = sessions) -> None:
            into.append(await open_session(ask_for(account)))

        is_over = await cancel_after(steps, begin)
        for session in sessions:
            await session.abandon()
        await until(is_clean)
        assert list(Path(settings.MEDIA_ROOT).glob("*/*")) == []
        if is_over:
            break
    else:
        pytest.fail("no opening was let through: the steps are too small")


async def test_a_resumption_that_is_broken_off_can_be_tried_again(live: FakeStream) -> None:
    account = await db(new_account)
    first = await speak(account, seconds=2)
    await first.abandon()
    token = first.resume_token
    for steps in range(0, STEPS, 3):
        is_over = await cancel_after(
            steps, lambda: open_session(ask_for(account, resume_token=token))
        )

        async def is_paused() -> bool:
            """Also where the cancelled opening's thread commits, and pauses, only now."""
            row = await db(reload, first)
            is_free = row.status == Status.PROCESSING and not row.job.lease_owner
            return is_free and await db(lambda: running().count()) == 0 and open_journals() == 0

        if is_over:
            break
        await until(is_paused)
