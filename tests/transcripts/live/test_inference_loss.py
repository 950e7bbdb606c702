"""Inference services that die, hang or refuse during a live session."""

import asyncio
from collections.abc import Sequence

import grpc
import pytest
from django.db import OperationalError
from pytest_django import Settings

from protos.stt.v1 import speech_pb2
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
from tests.transcripts.rows import run_transcript
from transcripts.inference.results import WindowResult
from transcripts.jobs.results import JobRun, store_windows
from transcripts.live import window_batcher
from transcripts.live.events import Ended, Failed, Final, SessionNotice
from transcripts.live.opening import open_session
from transcripts.models import Status

pytestmark = pytest.mark.database
BROKEN = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)


@pytest.mark.parametrize("status", BROKEN)
async def test_a_call_that_breaks_off_is_followed_by_one_that_goes_on(
    live: FakeStream, status: grpc.StatusCode
) -> None:
    live.scripts.append(StreamScript(utterances=2, status=status))
    session = await speak(await db(new_account), seconds=5)
    await session.stop()

    events = await read_all(session)

    assert "reconnecting" in [event.code for event in events if isinstance(event, SessionNotice)]
    last = events[-1]
    assert isinstance(last, Ended)
    assert (last.text, last.audio_duration_ms) == ("w0 w1 w2 w3 w4", 5000)
    finals = [s.text for event in events if isinstance(event, Final) for s in event.segments]
    assert finals == ["w0", "w1", "w2", "w3", "w4"]
    assert [call.config.offset_ms for call in live.calls] == [0, 2000]
    # The model that ran is pinned, and the audio comes from the journal.
    assert live.calls[1].config.model == "tiny"
    assert bytes(live.calls[1].pcm) == SECOND * 3


async def test_what_was_committed_stays_in_the_next_call(live: FakeStream) -> None:
    live.scripts.append(StreamScript(utterances=1))
    session = await open_session(ask_for(await db(new_account)))
    # The hypothesis of the second utterance comes before the call breaks off at its end.
    await session.push(SECOND + SECOND[: len(SECOND) // 2])
    await session.push(SECOND)
    await session.stop()
    await read_all(session)

    assert [word.text for word in live.calls[1].config.committed] in ([], ["w1"])
    assert live.calls[1].config.offset_ms == 1000


async def test_a_service_that_stays_away_leaves_the_rest_to_a_worker(
    live: FakeStream, settings: Settings
) -> None:
    settings.LIVE_RECONNECT_S = 0.3
    live.scripts.append(StreamScript(utterances=2))
    live.scripts.extend(StreamScript(refuses=True) for _ in range(20))
    account = await db(new_account)
    session = await speak(account, seconds=4)

    last = (await read_all(session))[-1]

    assert isinstance(last, Failed)
    assert (last.error.status, last.error.code) == (503, "inference_unavailable")
    assert last.text == "w0 w1"
    transcript = await db(reload, session)
    assert transcript.status == Status.QUEUED
    await db(run_transcript, transcript.pk)
    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.audio_duration_ms) == (Status.COMPLETED, 4000)
    assert await db(words_of, transcript) == ["w0", "w1", "w2", "w3"]


async def test_audio_that_breaks_every_service_ends_its_session(
    live: FakeStream, settings: Settings
) -> None:
    """Each call answers before it breaks off, at the same place."""
    settings.LIVE_RECONNECT_S = 0.5
    live.scripts.extend(StreamScript(utterances=0) for _ in range(100))
    session = await speak(await db(new_account), seconds=2)

    last = (await asyncio.wait_for(read_all(session), 20))[-1]

    assert isinstance(last, Failed)
    assert last.error.code == "inference_unavailable"
    assert 1 < len(live.calls) < 20


async def test_a_service_that_is_lost_twice_is_replaced_twice(
    live: FakeStream, settings: Settings
) -> None:
    settings.LIVE_RECONNECT_S = 0.5
    # The second call is up for longer than that, without a word, and breaks off at 3 s of audio.
    live.scripts += [
        StreamScript(utterances=1),
        StreamScript(utterances=0, step_ms=3000, is_silent=True),
    ]
    session = await speak(await db(new_account), seconds=2)
    await asyncio.sleep(1)
    await session.push(SECOND * 2)
    await session.stop()

    last = (await read_all(session))[-1]
    assert isinstance(last, Ended)
    assert last.text == "w0 w1 w2 w3"
    assert len(live.calls) == 3


async def test_a_database_that_is_lost_leaves_the_rest_to_a_worker(
    live: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No fault of ours: its client is told to come again soon."""
    store, calls = store_windows, 0

    def lose_the_third(windows: Sequence[tuple[JobRun, WindowResult]]) -> list[bool]:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OperationalError("the connection is lost")
        return store(windows)

    monkeypatch.setattr(window_batcher, "store_windows", lose_the_third)
    session = await open_session(ask_for(await db(new_account)))
    for _ in range(3):
        await session.push(SECOND)
        await asyncio.sleep(0.2)
    await session.stop()

    last = (await read_all(session))[-1]

    assert isinstance(last, Failed)
    assert (last.error.status, last.error.code) == (503, "database_unavailable")
    assert "Retry-After" in last.error.headers
    assert last.text == "w0 w1"
    transcript = await db(reload, session)
    await db(run_transcript, transcript.pk)
    assert await db(words_of, transcript) == ["w0", "w1", "w2"]


async def test_a_session_moves_to_another_replica_when_its_own_is_killed(
    live: FakeStream, settings: Settings
) -> None:
    with FakeStream() as one, FakeStream() as two:
        settings.INFERENCE_TARGET = f"{one.target},{two.target}"
        session = await speak(await db(new_account), seconds=2)
        own, other = (one, two) if one.calls else (two, one)
        own.stop()
        await session.push(SECOND * 2)
        await session.stop()
        last = (await read_all(session))[-1]

        assert isinstance(last, Ended)
        assert last.text == "w0 w1 w2 w3"
        assert other.calls


async def test_no_service_at_all_is_503(live: FakeStream, settings: Settings) -> None:
    settings.INFERENCE_TARGET = "127.0.0.1:1"

    with pytest.raises(ApiError) as raised:
        await open_session(ask_for(await db(new_account)))

    assert (raised.value.status, raised.value.code) == (503, "inference_unavailable")


async def test_a_sender_waits_while_nothing_is_recognised(
    live: FakeStream, settings: Settings
) -> None:
    settings.LIVE_BACKLOG_S = 3
    live.scripts.append(StreamScript(utterances=2, hangs=True))
    session = await open_session(ask_for(await db(new_account)))
    pushing = asyncio.create_task(session.push(SECOND * 4))
    await asyncio.wait_for(pushing, 5)  # one frame may be over the bound
    for _ in range(4):
        pushing = asyncio.create_task(session.push(SECOND))
        await asyncio.wait([pushing], timeout=0.3)

    assert not pushing.done()
    await session.abandon()
    await asyncio.wait_for(pushing, 5)
    assert 4000 <= session.audio_ms <= 6000


async def test_flush_and_configure_come_where_they_were_sent(live: FakeStream) -> None:
    session = await open_session(ask_for(await db(new_account), language="en"))
    await session.push(SECOND[: len(SECOND) // 2])
    await session.finalize()
    await session.configure(language="cs")
    with pytest.raises(ApiError, match="German"):
        await session.configure(language="de")
    await session.push(SECOND[: len(SECOND) // 2])
    await session.stop()
    last = (await read_all(session))[-1]

    assert isinstance(last, Ended)
    assert live.calls[0].flushes == [len(SECOND) // 2]
    assert live.calls[0].configured == ["cs"]
    assert last.audio_duration_ms == 1000


async def test_how_the_service_follows_is_reported(live: FakeStream) -> None:
    catching_up = speech_pb2.Pace.MODE_CATCHING_UP
    paces = [(speech_pb2.Pace.MODE_LIVE, 500), (speech_pb2.Pace.MODE_LIVE, 1000)]
    paces += [(catching_up, 1000), (speech_pb2.Pace.MODE_LIVE, 500)]
    live.scripts.append(
        StreamScript(
            paces=[speech_pb2.Pace(mode=mode, update_interval_ms=ms) for mode, ms in paces]
        )
    )
    session = await speak(await db(new_account), seconds=1)
    await session.stop()

    codes = [event.code for event in await read_all(session) if isinstance(event, SessionNotice)]

    assert codes == ["language_detected", "updates_slowed", "catching_up", "caught_up"]


async def test_silence_is_received_and_stored_seldom(live: FakeStream) -> None:
    live.scripts.append(StreamScript(is_silent=True))
    account = await db(new_account)
    session = await speak(account, seconds=70)
    await session.stop()

    last = (await read_all(session))[-1]

    assert isinstance(last, Ended)
    assert (last.text, last.audio_duration_ms, last.credits_charged) == ("", 70_000, 0)
    transcript = await db(reload, session)
    assert [warning["code"] for warning in transcript.job.warnings] == ["no_speech"]
    assert await db(lambda: transcript.job.windows.count()) == 2


async def test_a_loop_that_ends_leaves_its_sessions_to_others(live: FakeStream) -> None:
    """A web process that stops silently: all its tasks end at once."""
    account = await db(new_account)
    tokens: list[str] = []

    async def speak_and_die() -> None:
        session = await speak(account, seconds=2)
        tokens.append(session.resume_token)
        while session.audio_ms < 2000:
            await asyncio.sleep(0.01)

    await asyncio.to_thread(lambda: asyncio.run(speak_and_die()))
    session = await open_session(ask_for(account, resume_token=tokens[0]))
    assert session.ready.audio_ms == 2000
    await session.push(SECOND)
    await session.stop()

    last = (await read_all(session))[-1]
    assert isinstance(last, Ended)
    assert last.text == "w0 w1 w2"
