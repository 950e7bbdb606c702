"""A web process that is killed at any step of a live session: what its client was told is true, no
one pays for what was not received, and nothing is left that doesn't end.

The processes are real (`dying`), and kill themselves with SIGKILL before one step after the other;
what finishes their work is what does so in production, the sweeper and a worker.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from billing.ledger import read_balance
from billing.models import AnonymousUse, BillingAccount
from tests.transcripts.live.conftest import ask_for, db, new_account, read_all, speak, words_of
from tests.transcripts.live.connections import child_env
from tests.transcripts.live.fake_stream import FakeStream
from tests.transcripts.live.test_endings import finish_as_sweeper_and_worker
from tests.transcripts.meeting import check_agreement
from transcripts.jobs.cancel import delete_transcript
from transcripts.live.events import Ended, Final
from transcripts.live.models import LiveSession
from transcripts.live.opening import open_session
from transcripts.models import Status, Transcript
from transcripts.services.recordings import recording_path
from transcripts.webhooks import endpoints
from transcripts.webhooks.models import WebhookDelivery

pytestmark = [pytest.mark.database, pytest.mark.timeout(120)]
ROOT = Path(__file__).parent.parent.parent.parent
AT_MOST = 300
STRIDE = 6
Die = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def die(live: FakeStream, settings: Settings) -> Iterator[Die]:
    """Return a function that runs one session in a process of its own, and returns what its client
    received; the last is how the process ended."""
    env = child_env(target=live.target, media=Path(settings.MEDIA_ROOT))
    command = [sys.executable, "-m", "tests.transcripts.live.dying"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=env, cwd=ROOT, **pipes)
    asking, answers = process.stdin, process.stdout
    assert asking is not None
    assert answers is not None

    def run(step: int, *, user: User | None, token: str = "", seconds: int | None = None) -> Any:
        asked = {"step": step, "user": user and str(user.pk), "token": token, "seconds": seconds}
        print(json.dumps(asked), file=asking, flush=True)
        received = [json.loads(answers.readline())]
        while "is_killed" not in received[-1]:
            received.append(json.loads(answers.readline()))
        return received

    try:
        yield run
    finally:
        process.kill()
        process.wait()


def is_open(received: list[dict[str, Any]]) -> bool:
    return any("token" in each for each in received)


def finish_what_is_left() -> None:
    for transcript in Transcript.objects.all():
        finish_as_sweeper_and_worker(transcript)


@pytest.mark.parametrize("is_guest", [False, True])
async def test_a_process_that_dies_at_any_step_of_an_opening_leaves_nothing(
    die: Die, settings: Settings, mailoutbox: list[object], is_guest: bool
) -> None:
    account = await db(new_account)
    assert account.user is not None
    await db(endpoints.create_endpoint, account.user, url="https://example.com/hook")
    seen = set()
    for step in range(AT_MOST):
        received = await asyncio.to_thread(die, step, user=None if is_guest else account.user)
        assert received[-1]["is_killed"]
        seen.add(await db(describe_left))
        await db(finish_what_is_left)
        assert await db(Transcript.objects.count) == 0
        assert list(Path(settings.MEDIA_ROOT).glob("*")) == []
        assert (await db(read_balance, account)).minutes_left == 60
        assert not await db(AnonymousUse.objects.filter(count__gt=0).exists)
        await db(check_agreement)
        if is_open(received):
            break
    else:
        pytest.fail("an opening has no end")
    assert await db(WebhookDelivery.objects.count) == 0
    assert mailoutbox == []
    assert seen == {"nothing", "row", "journal"}


def describe_left() -> str:
    transcript = Transcript.objects.first()
    if transcript is None:
        return "nothing"
    return "journal" if recording_path(transcript).parent.exists() else "row"


async def test_a_session_is_not_lost_by_a_process_that_dies_at_any_step_of_resuming_it(
    die: Die, live: FakeStream
) -> None:
    for step in range(AT_MOST):
        account = await db(new_account)
        assert account.user is not None
        first = await speak(account, seconds=2)
        await first.abandon()
        # Its client received the first word only.
        await db(LiveSession.objects.update, delivered_ms=1000)
        token = first.resume_token
        received = await asyncio.to_thread(die, step, user=account.user, token=token)
        if is_open(received):
            await check_finished(account, token)
            break
        await (check_finished if step % 2 else check_resumed)(account, token)
    else:
        pytest.fail("a resumption has no end")
    assert step > 6


async def check_resumed(account: BillingAccount, token: str) -> None:
    """What was not delivered before still is."""
    session = await open_session(ask_for(account, resume_token=token))
    assert session.ready.audio_ms == 2000
    await session.stop()
    events = await read_all(session)
    finals = [each for each in events if isinstance(each, Final)]
    assert [each.text for final in finals for each in final.segments] == ["w1"]
    assert isinstance(events[-1], Ended)
    assert events[-1].text == "w0 w1"
    await check_charged_once(account)


async def check_finished(account: BillingAccount, token: str) -> None:
    transcript = await db(lambda: Transcript.objects.get(owner=account.user))
    await db(finish_as_sweeper_and_worker, transcript)
    await db(transcript.refresh_from_db)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 2000)
    assert await db(words_of, transcript) == ["w0", "w1"]
    await check_charged_once(account)


async def check_charged_once(account: BillingAccount) -> None:
    assert (await db(read_balance, account)).minutes_left == 59
    await db(check_agreement)


async def test_a_process_that_dies_at_any_step_of_a_session_loses_nothing_that_it_confirmed(
    die: Die, settings: Settings
) -> None:
    """Audio that was acknowledged, text that was sent, an end with its charge."""
    for step in range(0, AT_MOST, STRIDE):
        account = await db(new_account)
        assert account.user is not None
        received = await asyncio.to_thread(die, step, user=account.user, seconds=2)
        await db(finish_what_is_left)
        await db(check_confirmed, account, received)
        if not received[-1]["is_killed"]:
            break
    else:
        pytest.fail("a session has no end")
    assert received[-1]["status"] == 0
    assert received[-2] == {"ended": "w0 w1", "charged": 1}


def check_confirmed(account: BillingAccount, received: list[dict[str, Any]]) -> None:
    acknowledged_ms = max((each["audio_ms"] for each in received if "audio_ms" in each), default=0)
    texts = [text for each in received if "text" in each for text in each["text"]]
    transcript = Transcript.objects.filter(owner=account.user).first()
    check_agreement()
    if transcript is None:
        assert (acknowledged_ms, texts) == (0, [])
        assert read_balance(account).minutes_left == 60
        return
    stored_ms = transcript.job.audio_duration_ms
    assert transcript.status == Status.COMPLETED
    assert stored_ms >= acknowledged_ms
    assert words_of(transcript) == [f"w{number}" for number in range(-(-stored_ms // 1000))]
    assert words_of(transcript)[: len(texts)] == texts
    assert recording_path(transcript).stat().st_size == 44 + 32 * stored_ms
    assert read_balance(account).minutes_left == 59
    delete_transcript(transcript)
