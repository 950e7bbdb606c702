"""Clients that go, come back or stay away, at every moment; processes that don't know they lost."""

import asyncio
import threading
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from billing.ledger import read_balance
from billing.models import BillingAccount
from stt_web.core.errors import ApiError
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
from tests.transcripts.rows import run_transcript, update_transcripts
from transcripts.jobs.cancel import cancel_transcript, delete_transcript
from transcripts.jobs.sweep import sweep_transcripts
from transcripts.live.events import Ended, Failed, Final, SessionNotice
from transcripts.live.opening import open_session
from transcripts.live.session import SessionRunner
from transcripts.models import Status, Transcript
from transcripts.services.recordings import recording_path

pytestmark = pytest.mark.database


def expire(transcript: Transcript) -> None:
    past = timezone.now() - timedelta(seconds=1)
    update_transcripts(Transcript.objects.filter(pk=transcript.pk), lease_expires_at=past)


def finish_as_sweeper_and_worker(transcript: Transcript) -> None:
    """What happens once a pause, or a lease, is over."""
    expire(transcript)
    sweep_transcripts()
    run_transcript(transcript.pk)


async def wait_for_text(session: SessionRunner, words: int) -> None:
    """Return once so many words are final; leaves the later events unread."""
    received = 0
    async for event in session.events():
        if isinstance(event, Final):
            received += len(event.segments)
        if received >= words:
            return


async def test_a_client_that_goes_before_any_audio_leaves_nothing(live: FakeStream) -> None:
    account = await db(new_account)
    session = await open_session(ask_for(account))

    await session.abandon()

    assert await db(Transcript.objects.count) == 0
    balance = await db(read_balance, account)
    assert balance.minutes_left == 60


async def test_a_client_that_goes_in_mid_utterance_pays_for_what_it_sent(
    live: FakeStream,
) -> None:
    account = await db(new_account)
    session = await speak(account, seconds=2)
    await session.push(SECOND[:8_000])

    await session.abandon()

    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.lease_owner) == (Status.PROCESSING, "")
    assert await db(words_of, transcript) == ["w0", "w1", "w2"]
    await db(finish_as_sweeper_and_worker, transcript)
    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 2250)
    assert await db(words_of, transcript) == ["w0", "w1", "w2"]
    assert transcript.credits_charged == 1
    assert recording_path(transcript).stat().st_size == 44 + 2 * len(SECOND) + 8_000


async def test_what_was_not_recognised_at_a_hang_up_is_finished_by_a_worker(
    live: FakeStream,
) -> None:
    live.scripts.append(StreamScript(utterances=2, hangs=True))
    account = await db(new_account)
    session = await speak(account, seconds=5)
    await wait_for_text(session, 2)

    await session.abandon()

    transcript = await db(reload, session)
    assert transcript.job.resume_ms == 2000
    await db(finish_as_sweeper_and_worker, transcript)
    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 5000)
    assert await db(words_of, transcript) == ["w0", "w1", "w2", "w3", "w4"]


async def test_a_client_that_goes_while_draining_has_its_transcript_all_the_same(
    live: FakeStream,
) -> None:
    session = await speak(await db(new_account), seconds=3)
    await session.stop()

    await session.abandon()

    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 3000)


async def test_a_session_goes_on_where_it_was_journalled(live: FakeStream) -> None:
    account = await db(new_account)
    first = await speak(account, seconds=2)
    await first.abandon()

    second = await open_session(ask_for(account, resume_token=first.resume_token))
    assert second.transcript_id == first.transcript_id
    assert second.ready.audio_ms == 2000
    await second.push(SECOND * 2)
    await second.stop()
    last = (await read_all(second))[-1]

    assert isinstance(last, Ended)
    assert (last.text, last.audio_duration_ms, last.credits_charged) == ("w0 w1 w2 w3", 4000, 1)
    assert [call.config.offset_ms for call in live.calls] == [0, 2000]
    transcript = await db(reload, second)
    assert (transcript.status, transcript.job.attempt) == (Status.COMPLETED, 2)
    assert recording_path(transcript).read_bytes()[44:] == SECOND * 4
    left = {path.name for path in recording_path(transcript).parent.iterdir()}
    assert left == {"recording", "peaks.pending"}  # no worker draws the peaks here


async def test_a_session_that_goes_on_warns_of_unaligned_words_no_second_time(
    live: FakeStream,
) -> None:
    seconds = frozenset(range(6))
    live.scripts += [StreamScript(unaligned=seconds), StreamScript(unaligned=seconds, utterances=1)]
    live.scripts.append(StreamScript(unaligned=seconds))
    account = await db(new_account)
    first = await speak(account, seconds=2)
    await wait_for_text(first, 2)
    await first.abandon()
    [warning] = (await db(reload, first)).job.warnings

    second = await open_session(ask_for(account, resume_token=first.resume_token))
    for _ in range(3):
        await second.push(SECOND)
    await second.stop()
    events = await read_all(second)

    assert len(live.calls) == 3
    last = events[-1]
    assert isinstance(last, Ended)
    assert (last.text, last.warnings) == ("w0 w1 w2 w3 w4", (warning,))
    codes = [event.code for event in events if isinstance(event, SessionNotice)]
    assert "words_not_aligned" not in codes


async def test_a_session_taken_over_by_another_process_writes_nothing_more(
    live: FakeStream, settings: Settings
) -> None:
    """Another event loop in another thread: nothing but the database and the disk in common. The
    first one believes in its lease until it writes."""
    settings.HEARTBEAT_S = 60  # it isn't notified
    account = await db(new_account)
    stale = await speak(account, seconds=2)
    await wait_for_text(stale, 2)
    taken = threading.Event()
    finish = threading.Event()

    async def resume() -> Ended | None:
        session = await open_session(ask_for(account, resume_token=stale.resume_token))
        taken.set()
        await session.push(SECOND)
        await asyncio.to_thread(finish.wait)
        await session.stop()
        last = (await read_all(session))[-1]
        return last if isinstance(last, Ended) else None

    elsewhere = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(resume())))
    await asyncio.to_thread(taken.wait)
    await stale.push(SECOND * 3)
    await stale.stop()
    seen = await read_all(stale)
    finish.set()
    ended = await elsewhere

    assert isinstance(seen[-1], Failed)
    assert seen[-1].error.code == "session_taken_over"
    assert ended is not None
    assert ended.text == "w0 w1 w2"
    transcript = await db(reload, stale)
    assert (transcript.job.audio_duration_ms, transcript.job.attempt) == (3000, 2)
    assert recording_path(transcript).read_bytes()[44:] == SECOND * 3


async def test_of_two_that_take_a_session_over_one_wins(live: FakeStream) -> None:
    account = await db(new_account)
    first = await speak(account, seconds=1)
    await first.abandon()
    request = ask_for(account, resume_token=first.resume_token)

    opened = await asyncio.gather(
        open_session(request), open_session(request), return_exceptions=True
    )

    # The second may also come wholly after the first: then the first is the one that lost.
    sessions = [session for session in opened if isinstance(session, SessionRunner)]
    assert sessions
    lasts = []
    for session in sessions:
        await session.stop()
        lasts.append((await read_all(session))[-1])
    assert sum(isinstance(last, Ended) for last in lasts) == 1
    transcript = await db(reload, first)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 1000)


async def refusal(account: BillingAccount | None, token: str) -> ApiError:
    with pytest.raises(ApiError) as raised:
        await open_session(ask_for(account, resume_token=token))
    return raised.value


async def test_a_wrong_or_foreign_resume_token_opens_nothing(live: FakeStream) -> None:
    account = await db(new_account)
    session = await speak(account, seconds=1)
    await session.abandon()

    other = await db(new_account)
    assert (await refusal(account, "sttl_wrong")).status == 404
    assert (await refusal(other, session.resume_token)).status == 404
    assert (await refusal(None, session.resume_token)).code == "session_not_found"


async def test_a_session_that_was_finished_in_between_shows_it(live: FakeStream) -> None:
    account = await db(new_account)
    session = await speak(account, seconds=1)
    await session.abandon()
    transcript = await db(reload, session)

    await db(expire, transcript)
    await db(sweep_transcripts)  # queued: a worker's now
    error = await refusal(account, session.resume_token)
    assert (error.status, error.code) == (410, "session_ended")
    await db(run_transcript, transcript.pk)
    error = await refusal(account, session.resume_token)
    assert error.extra == {"transcript_id": session.transcript_id}


@pytest.mark.parametrize("end", [cancel_transcript, delete_transcript])
async def test_a_session_ends_when_its_transcript_is_taken_from_it(
    live: FakeStream, end: object
) -> None:
    session = await speak(await db(new_account), seconds=1)
    transcript = await db(reload, session)

    assert callable(end)
    await db(end, transcript)

    last = (await read_all(session))[-1]
    assert isinstance(last, Failed)
    assert last.error.code == "session_taken_over"


async def test_pausing_frees_the_slot_and_coming_back_takes_one(
    live: FakeStream, settings: Settings
) -> None:
    account = await db(new_account)  # two at once
    paused = await speak(account, seconds=1)
    await paused.abandon()
    others = [await speak(account, seconds=1) for _ in range(2)]

    error = await refusal(account, paused.resume_token)
    assert (error.status, error.code) == (429, "concurrency_limit")
    await others[0].stop()
    await read_all(others[0])
    back = await open_session(ask_for(account, resume_token=paused.resume_token))

    for session in (back, others[1]):
        await session.stop()
        assert isinstance((await read_all(session))[-1], Ended)
