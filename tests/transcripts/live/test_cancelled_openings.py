"""A client that leaves at any await of an opening leaves no hold, slot, file or descriptor."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from django.conf import settings

from billing.models import BillingAccount, Hold
from billing.models.ledger import HoldState
from tests.transcripts.live.conftest import ask_for, db, new_account, read_all, reload, speak
from tests.transcripts.live.connections import close_connections
from tests.transcripts.live.fake_stream import FakeStream
from tests.transcripts.live.steps import cancelled_at
from transcripts.jobs.concurrency import running
from transcripts.live.events import Ended
from transcripts.live.opening import open_session
from transcripts.live.session import SessionRunner
from transcripts.models import Status, Transcript

pytestmark = pytest.mark.database
AT_MOST = 100
# While it waits, when what it waits for is done already, and again in each await of its clean-up.
WAYS = [(False, None), (True, None), *((False, again) for again in (1, 2, 3))]


def open_journals() -> int:
    """Count this test's own: sessions of earlier tests may still be closing theirs."""
    links = [Path(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
    media = str(settings.MEDIA_ROOT)
    targets = [os.readlink(link) for link in links if link.is_symlink()]
    return sum(target.startswith(media) and "epoch-" in target for target in targets)


async def cancel_opening(
    step: int, account: BillingAccount, *, way: tuple[bool, int | None], token: str = ""
) -> SessionRunner | None:
    """Cancel it at its await number `step`; the session where it has fewer."""
    is_late, again = way
    opening = open_session(ask_for(account, resume_token=token))
    task = asyncio.create_task(cancelled_at(opening, step, is_late=is_late, again=again))
    await asyncio.wait([task])
    await asyncio.to_thread(close_connections)  # its threads have begun what they were asked for
    return None if task.cancelled() else task.result()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", WAYS)
async def test_a_beginning_that_is_broken_off_leaves_nothing(
    live: FakeStream, way: tuple[bool, int | None]
) -> None:
    account = await db(new_account)

    async def is_clean() -> bool:
        held = Hold.objects.filter(state=HoldState.HELD)
        left = await db(lambda: Transcript.objects.count() + held.count())
        return left == 0 and open_journals() == 0 and live.open_calls == 0

    for step in range(AT_MOST):
        session = await cancel_opening(step, account, way=way)
        if session is not None:
            break
        await until(is_clean)
        assert list(Path(settings.MEDIA_ROOT).glob("*/*")) == []
    else:
        pytest.fail("an opening has no end")
    assert step >= 6, "has an opening so few awaits?"
    await session.abandon()
    await until(is_clean)


@pytest.mark.parametrize("way", WAYS)
async def test_a_resumption_that_is_broken_off_can_be_tried_again(
    live: FakeStream, way: tuple[bool, int | None]
) -> None:
    account = await db(new_account)
    first = await speak(account, seconds=2)
    await first.abandon()

    async def is_paused() -> bool:
        """Also where the cancelled opening's thread commits, and pauses, only now."""
        row = await db(reload, first)
        is_free = row.status == Status.PROCESSING and not row.job.lease_owner
        return is_free and await db(lambda: running().count()) == 0 and open_journals() == 0

    session = None
    for step in range(AT_MOST):
        session = await cancel_opening(step, account, way=way, token=first.resume_token)
        if session is not None:
            break
        await until(is_paused)
    assert session is not None, "a resumption has no end"
    assert session.ready.audio_ms == 2000
    await session.stop()
    last = (await read_all(session))[-1]
    assert isinstance(last, Ended), last
    assert last.text == "w0 w1"
