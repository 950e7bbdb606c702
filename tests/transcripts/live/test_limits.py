"""Who may speak, for how long and for what money."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import ApiKey, User
from billing.ledger import grant_credits, read_balance
from billing.models import BillingAccount, Hold, Plan
from billing.plans import ANONYMOUS_PLAN
from billing.usage import read_daily_usage
from stt_web.core.errors import ApiError
from tests.transcripts.live.conftest import (
    SECOND,
    ask_for,
    db,
    new_account,
    new_key,
    read_all,
    reload,
    speak,
    words_of,
)
from tests.transcripts.live.fake_stream import FakeStream, StreamScript
from tests.transcripts.rows import create_transcript
from transcripts.live.events import Ended, Failed, LiveEvent, SessionNotice
from transcripts.live.opening import open_session
from transcripts.live.session import SessionRunner
from transcripts.models import Status, Transcript

pytestmark = pytest.mark.database


async def refused(account: BillingAccount | None = None, **fields: Any) -> ApiError:
    with pytest.raises(ApiError) as raised:
        await open_session(ask_for(account, **fields))
    return raised.value


async def end(session: SessionRunner) -> LiveEvent:
    await session.stop()
    return (await read_all(session))[-1]


def notices(events: list[LiveEvent]) -> list[str]:
    return [event.code for event in events if isinstance(event, SessionNotice)]


async def test_no_credits_is_402_and_leaves_nothing(live: FakeStream) -> None:
    error = await refused(await db(new_account, minutes=0))

    assert (error.status, error.code) == (402, "no_credits")
    assert live.calls == []
    assert await db(Transcript.objects.count) == 0


async def test_an_unknown_or_missing_model_or_language_is_refused(live: FakeStream) -> None:
    account = await db(new_account)

    assert (await refused(account, model="nonsense")).code == "unknown_model"
    assert (await refused(account, model="large-v3")).code == "not_installed"
    error = await refused(account, language="de")
    assert (error.status, error.code) == (503, "not_installed")
    assert await db(Transcript.objects.count) == 0


async def test_files_and_sessions_count_together(live: FakeStream) -> None:
    account = await db(new_account)  # two at once
    assert account.user is not None
    values = {"owner": account.user, "model_requested": "tiny"}
    await db(create_transcript, **values, status=Status.PROCESSING, lease_owner="a-worker:1")
    await db(create_transcript, **values, status=Status.QUEUED)
    session = await speak(account, seconds=1)

    error = await refused(account)

    assert (error.status, error.code) == (429, "concurrency_limit")
    assert error.headers["Retry-After"] == "10"
    assert error.headers["RateLimit-Policy"] == '"live";q=2;qu="concurrent-requests"'
    assert isinstance(await end(session), Ended)
    assert isinstance(await end(await speak(account, seconds=1)), Ended)


async def test_the_fourth_anonymous_session_of_a_day_is_refused(
    live: FakeStream, settings: Settings
) -> None:
    for _ in range(3):
        session = await speak(None, seconds=1)
        assert session.ready.guest_token.startswith("sttt_")
        last = await end(session)
        assert isinstance(last, Ended)

    error = await refused()

    assert (error.status, error.code) == (429, "anonymous_limit")
    transcript = await db(reload, session)
    assert transcript.recording.path == ""  # nothing of the audio is kept
    assert list(Path(settings.MEDIA_ROOT).iterdir()) == []


async def test_two_guests_of_one_address_can_not_speak_at_once(live: FakeStream) -> None:
    session = await speak(None, seconds=1)

    assert (await refused()).code == "concurrency_limit"

    await end(session)


async def test_an_anonymous_session_that_is_too_long_ends_with_what_was_spoken(
    live: FakeStream, settings: Settings
) -> None:
    settings.LIVE_ANONYMOUS_S = 2
    session = await speak(None, seconds=4)

    last = (await read_all(session))[-1]

    assert isinstance(last, Failed)
    assert (last.error.code, last.text) == ("anonymous_limit", "w0 w1")
    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 2000)


async def test_a_guest_who_spoke_nothing_may_come_again(live: FakeStream) -> None:
    for _ in range(4):
        await end(await open_session(ask_for()))


async def test_credits_that_run_out_end_it_after_a_warning(live: FakeStream) -> None:
    account = await db(new_account, minutes=2)
    session = await open_session(ask_for(account))
    reading = asyncio.create_task(read_all(session))  # unread events slow a session down
    for _ in range(13):
        await session.push(SECOND * 10)

    events = await reading

    assert "credits_low" in notices(events)
    last = events[-1]
    assert isinstance(last, Failed)
    assert (last.error.status, last.error.code) == (402, "no_credits")
    assert last.text.endswith("w118 w119")
    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 120_000)
    assert transcript.credits_charged == 2
    assert (await db(read_balance, account)).minutes_left == 0


async def test_a_client_who_pays_while_speaking_goes_on(live: FakeStream) -> None:
    account = await db(new_account, minutes=1)
    session = await open_session(ask_for(account))
    await session.push(SECOND * 50)
    await db(grant_credits, account, amount=5, reference="pack", reason="test")
    await session.push(SECOND * 20)

    last = await end(session)

    assert isinstance(last, Ended)
    assert (last.audio_duration_ms, last.credits_charged) == (70_000, 2)
    balance = await db(read_balance, account)
    assert (balance.minutes_left, balance.credits) == (0, 4)


async def test_a_session_is_used_and_shown_as_live(live: FakeStream) -> None:
    account = await db(new_account)
    await end(await speak(account, seconds=61))

    _, month = await db(
        read_daily_usage, account, time_zone="UTC", now=timezone.now() + timedelta(seconds=1)
    )

    assert month.by_kind["live"].minutes == 2
    assert (await db(Hold.objects.get)).kind == "live"


def revoke(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())


def let_expire(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())


def delete_key(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).delete()


def close_account(key: ApiKey) -> None:
    User.objects.filter(pk=key.user_id).update(is_active=False)


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (revoke, "key_revoked"),
        (let_expire, "key_expired"),
        (delete_key, "key_revoked"),
        (close_account, "account_closed"),
    ],
)
async def test_a_key_that_is_taken_away_ends_its_sessions(
    live: FakeStream, happens: Any, code: str
) -> None:
    account = await db(new_account)
    key = await db(new_key, account)
    session = await speak(account, seconds=2, key=key)
    other = await speak(account, seconds=1)  # by the page's ticket

    await db(happens, key)
    last = (await read_all(session))[-1]

    assert isinstance(last, Failed)
    assert (last.error.status, last.error.code, last.text) == (401, code, "w0 w1")
    assert (await db(reload, session)).status == Status.COMPLETED
    if code != "account_closed":
        assert isinstance(await end(other), Ended)
    else:
        assert isinstance((await read_all(other))[-1], Failed)


async def test_silence_of_a_client_ends_it_unless_it_sends_keepalives(
    live: FakeStream, settings: Settings
) -> None:
    settings.LIVE_IDLE_S = 0.3
    session = await speak(await db(new_account), seconds=1)

    last = (await read_all(session))[-1]

    assert isinstance(last, Failed)
    assert (last.error.code, last.text) == ("idle_timeout", "w0")
    transcript = await db(reload, session)
    assert (transcript.status, transcript.credits_charged) == (Status.COMPLETED, 1)


async def test_a_session_has_a_longest_length(live: FakeStream, settings: Settings) -> None:
    settings.LIVE_MAX_S = 3
    session = await speak(await db(new_account), seconds=5)

    last = (await read_all(session))[-1]

    assert isinstance(last, Failed)
    assert (last.error.code, last.text) == ("session_too_long", "w0 w1 w2")


async def test_a_full_service_is_503_and_costs_nothing(live: FakeStream) -> None:
    live.scripts.append(StreamScript(refuses=True, status=grpc.StatusCode.RESOURCE_EXHAUSTED))
    account = await db(new_account)

    error = await refused(account)

    assert (error.status, error.code) == (503, "inference_full")
    assert error.headers["Retry-After"] == "5"
    assert await db(Transcript.objects.count) == 0
    assert (await db(read_balance, account)).minutes_left == 60


async def test_watching_over_sessions_takes_two_queries_however_many(
    live: FakeStream, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    from transcripts.live.registry import _check_and_renew

    account = await db(new_account)
    await db(Plan.objects.filter(pk=account.plan_id).update, concurrency=0)
    sessions = [await speak(account, seconds=1) for _ in range(12)]

    def read() -> None:
        with django_assert_num_queries(2):
            _check_and_renew([session.lease.job_id for session in sessions])

    await db(read)
    for session in sessions:
        assert isinstance(await end(session), Ended)


async def test_the_anonymous_plan_is_the_one_that_counts(live: FakeStream) -> None:
    await db(Plan.objects.filter(pk=ANONYMOUS_PLAN).update, daily_transcriptions=1)

    await end(await speak(None, seconds=1))

    assert (await refused()).code == "anonymous_limit"


async def test_words_are_stored_while_a_client_speaks(live: FakeStream) -> None:
    session = await speak(await db(new_account), seconds=2)
    seen = []
    async for event in session.events():
        if hasattr(event, "segments"):
            seen.append(await db(lambda: words_of(reload(session))))
            if len(seen) == 2:
                break

    assert seen[0][0] == "w0"
    assert seen[1] == ["w0", "w1"]
    await session.stop()
    await read_all(session)
