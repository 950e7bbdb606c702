"""A session from its first sample to its transcript."""

import wave

import pytest

from billing.ledger import read_balance
from protos.stt.v1 import speech_pb2
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
from transcripts.glossary.terms import SpokenTerm, write_terms
from transcripts.live.events import Ended, Final, Partial, SessionNotice
from transcripts.live.models import LiveSession as LiveRow
from transcripts.live.opening import open_session
from transcripts.models import Source, Status
from transcripts.services.recordings import recording_path

pytestmark = pytest.mark.database


async def test_a_session_is_a_readable_transcript_at_its_end(live: FakeStream) -> None:
    account = await db(new_account)
    session = await speak(account, seconds=3)
    await session.push(SECOND[: len(SECOND) // 2])
    await session.stop()
    events = await read_all(session)

    assert session.ready.model == "tiny"
    assert session.ready.audio_ms == 0
    assert isinstance(events[-1], Ended)
    assert events[-1].text == "w0 w1 w2 w3"
    assert (events[-1].audio_duration_ms, events[-1].credits_charged) == (3500, 1)
    finals = [event for event in events if isinstance(event, Final)]
    assert [segment.text for final in finals for segment in final.segments] == [
        *("w0", "w1", "w2", "w3")
    ]
    assert any(isinstance(event, Partial) for event in events)
    transcript = await db(reload, session)
    assert (transcript.status, transcript.source) == (Status.COMPLETED, Source.LIVE)
    assert (transcript.job.audio_duration_ms, transcript.language, transcript.job.model_used) == (
        3500,
        "en",
        "tiny",
    )
    assert await db(words_of, transcript) == ["w0", "w1", "w2", "w3"]
    with wave.open(str(recording_path(transcript)), "rb") as file:
        assert file.readframes(file.getnframes()) == SECOND * 3 + SECOND[: len(SECOND) // 2]
    assert transcript.recording.size_bytes == recording_path(transcript).stat().st_size
    balance = await db(read_balance, account)
    assert balance.minutes_left == 59


async def test_speech_that_was_not_recognised_is_reported_at_the_end(live: FakeStream) -> None:
    lost = speech_pb2.Gap(start_ms=1000, end_ms=2600, reason="not_recognised")
    live.scripts.append(StreamScript(gaps={1: [lost]}))
    session = await speak(await db(new_account), seconds=3)
    await session.stop()

    last = (await read_all(session))[-1]

    assert isinstance(last, Ended)
    assert [(each["code"], each["seconds"]) for each in last.warnings] == [
        ("speech_not_transcribed", 1.6)
    ]
    transcript = await db(reload, session)
    assert transcript.status == Status.COMPLETED_WITH_WARNINGS
    assert await db(transcript.gaps.count) == 1


async def test_text_that_may_be_a_translation_is_warned_of_once(live: FakeStream) -> None:
    """Another language was likelier there, but not by enough to write in it."""
    spoken = {0: ("en", 0.97), 3: ("en", 0.21), 6: ("en", 0.12)}
    live.scripts.append(StreamScript(step_ms=3000, spoken=spoken))
    session = await speak(await db(new_account), seconds=9)
    await session.stop()

    events = await read_all(session)

    last = events[-1]
    assert isinstance(last, Ended)
    [warning] = last.warnings
    assert warning["code"] == "language_uncertain"
    assert warning["message"].startswith("At 0:03 another language than English may be spoken")
    notices = [event.message for event in events if isinstance(event, SessionNotice)]
    assert notices.count(warning["message"]) == 1
    assert (await db(reload, session)).status == Status.COMPLETED


@pytest.mark.parametrize(
    ("asked", "name"), [({"aligner": "pocketsphinx"}, "pocketsphinx"), ({}, "the aligner")]
)
async def test_words_that_were_not_aligned_are_warned_of_once(
    live: FakeStream, asked: dict[str, str], name: str
) -> None:
    live.scripts.append(StreamScript(unaligned=frozenset({2, 3})))
    session = await speak(await db(new_account), seconds=5, **asked)
    await session.stop()

    events = await read_all(session)

    last = events[-1]
    assert isinstance(last, Ended)
    [warning] = last.warnings
    assert warning["code"] == "words_not_aligned"
    assert warning["message"].startswith(f"At 0:02 words were not placed by {name}")
    notices = [event for event in events if isinstance(event, SessionNotice)]
    unaligned = SessionNotice(code="words_not_aligned", message=warning["message"])
    assert notices.count(unaligned) == 1
    assert len([each for each in notices if each.code == unaligned.code]) == 1
    before = events[: events.index(unaligned)]
    finals = [event.segments[0].text for event in before if isinstance(event, Final)]
    assert finals == ["w0", "w1"]
    transcript = await db(reload, session)
    assert (transcript.status, transcript.job.warnings) == (Status.COMPLETED, [warning])


async def test_each_language_is_a_part_of_its_own(live: FakeStream) -> None:
    spoken = {0: ("en", 0.97), 1: ("de", 0.95), 2: ("de", 0.0)}
    live.scripts.append(StreamScript(spoken=spoken))
    session = await speak(await db(new_account), seconds=3)
    await session.stop()

    finals = [event for event in await read_all(session) if isinstance(event, Final)]

    assert [final.language for final in finals] == ["en", "de", "de"]
    stored = (await db(reload, session)).segments
    assert await db(lambda: list(stored.values_list("language", flat=True))) == ["en", "de", "de"]


async def test_odd_bytes_are_carried_over(live: FakeStream) -> None:
    session = await open_session(ask_for(await db(new_account)))
    for start in range(0, len(SECOND), 7777):
        await session.push(SECOND[start : start + 7777])
    await session.stop()

    last = (await read_all(session))[-1]

    assert isinstance(last, Ended)
    assert last.audio_duration_ms == 1000
    assert bytes(live.calls[0].pcm) == SECOND


async def test_a_session_without_audio_costs_nothing(live: FakeStream) -> None:
    account = await db(new_account)
    session = await open_session(ask_for(account))
    await session.stop()

    last = (await read_all(session))[-1]

    assert isinstance(last, Ended)
    assert (last.text, last.audio_duration_ms, last.credits_charged) == ("", 0, 0)
    balance = await db(read_balance, account)
    assert balance.minutes_left == 60


async def test_the_resume_token_is_stored_as_a_digest_only(live: FakeStream) -> None:
    session = await speak(await db(new_account), seconds=1)
    row = await db(LiveRow.objects.get)
    await session.stop()
    await read_all(session)

    assert session.resume_token not in (row.resume_digest, str(vars(row)))


async def test_hot_words_and_the_glossary_reach_the_recogniser(live: FakeStream) -> None:
    account = await db(new_account)
    terms = [SpokenTerm(text="Žižkov"), SpokenTerm(text="EBITDA", tag="board")]
    await db(write_terms, account.user, terms)
    session = await speak(account, seconds=1, hot_words=("Petrov",), prompt="A meeting.")
    await session.stop()
    await read_all(session)

    config = live.calls[0].config
    assert (config.prompt, list(config.hot_words)) == ("A meeting.", ["Petrov", "Žižkov"])
