"""Stream, as a client sees it: real gRPC; a fake engine where its behaviour matters."""

import asyncio
from collections.abc import Callable
from functools import partial

import grpc
import numpy as np
import pytest

from inference_service.engines.asr import LanguageGuess, Verdict, WindowRequest
from inference_service.priority import Priority
from inference_service.scheduler import SchedulerLimits
from protos.stt.v1 import speech_pb2
from tests.inference_service.calls import transcribe
from tests.inference_service.conftest import Serve, ServedInference
from tests.inference_service.engines.recordings import load_sample, measure_wer
from tests.inference_service.fakes import FakeRecogniser
from tests.inference_service.live_calls import (
    FLUSH,
    LiveClient,
    configure,
    cut,
    fail_to_stream,
    make_audio,
    make_config,
    make_word,
)
from tests.inference_service.recordings import BYTES_PER_S, load_pcm, make_silence


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def is_empty(served: ServedInference) -> bool:
    schedulers = served.runtime.schedulers
    return not (
        served.runtime.admission.open_sessions
        or schedulers.count_sessions(Priority.LIVE)
        or schedulers.count_waiting(Priority.LIVE)
    )


async def test_words_come_during_speech_and_stay(serve: Serve) -> None:
    pcm = load_pcm("en_talk_20s")
    async with serve() as served:
        client = LiveClient(served.channel)
        await client.speak(pcm)
        result = await client.finish()
    assert result.accepted.model == "tiny"
    assert result.languages == [
        speech_pb2.LanguageDetected(language="en", probability=1.0, detected=True)
    ]
    assert len(result.hypotheses) > 8
    assert any(hypothesis.committed for hypothesis in result.hypotheses)
    spoken = [each for each in result.utterances if each.segments]
    assert len(spoken) >= 4
    # A text ends where a sentence does, or the recording.
    assert all(each.segments[-1].text.endswith((".", "?", "!")) for each in spoken[:-1])
    assert all(0 < each.speech_ms <= each.resume_ms - each.start_ms for each in spoken)
    assert result.finished
    assert result.finished.audio_duration_ms == len(pcm) // 32
    assert 5_000 < result.finished.speech_ms < len(pcm) // 32
    delivered_ms = sum(each.speech_ms for each in result.utterances)
    assert delivered_ms == pytest.approx(result.finished.speech_ms, abs=10 * len(spoken))


@pytest.mark.parametrize("name", ["en_talk_20s", "dialogue_1", "dialogue_2", "cs_talk_20s"])
async def test_finals_are_close_to_what_the_file_path_finds(serve: Serve, name: str) -> None:
    pcm = load_pcm(name)
    _, known = load_sample(f"{name}.flac")
    async with serve() as served:
        client = LiveClient(served.channel, language=known["language"])
        await client.speak(pcm)
        live = await client.finish()
        file = await transcribe(served.channel, pcm, language=known["language"])
    file_wer = measure_wer([known["text"]], [file.text])
    assert measure_wer([known["text"]], [live.text]) <= file_wer + 0.15


async def test_a_whole_file_sent_at_once_gets_its_text_in_full_windows(serve: Serve) -> None:
    pcm = load_pcm("long_3min")
    _, known = load_sample("long_3min.flac")
    async with serve() as served:
        client = LiveClient(served.channel, language="")
        client.send(*map(make_audio, cut(pcm, chunk_bytes=320_000)))
        result = await client.finish()
        file = await transcribe(served.channel, pcm)
    assert speech_pb2.Pace.MODE_CATCHING_UP in [pace.mode for pace in result.paces]
    assert len(result.utterances) < 20
    file_wer = measure_wer([known["text"]], [file.text])
    assert measure_wer([known["text"]], [result.text]) <= file_wer + 0.05


async def test_silence_costs_no_inference_and_is_finalized_now_and_then(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser) as served:
        client = LiveClient(served.channel, language="")
        client.send(*map(make_audio, cut(make_silence(45.25))))
        result = await client.finish()
    assert result.text == ""
    assert not result.hypotheses
    assert len(result.utterances) >= 4
    assert result.final_ms == 45_250
    assert (recogniser.batches, recogniser.detections, recogniser.prepared) == ([], [], 0)


async def test_nothing_is_recognised_twice(serve: Serve, recogniser: FakeRecogniser) -> None:
    """What was recognised when the speaker paused is the final text: no window is decoded again."""
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        await client.speak(load_pcm("en_short_1") + make_silence(2))
        result = await client.finish()
    windows = [r.features for batch in recogniser.batches for r in batch if not r.is_draft]
    lengths = [len(window) for window in windows if isinstance(window, np.ndarray)]
    assert lengths == sorted(set(lengths))
    assert result.text


async def test_only_hypotheses_during_speech_are_drafts(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    """A final text is never one: what a draft holds is recognised again at the pause."""
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        await client.speak(load_pcm("en_talk_20s"))
        assert client.result.hypotheses
        await client.speak(make_silence(3))
        before = [request for batch in recogniser.batches for request in batch]
        result = await client.finish()
    requests = [request for batch in recogniser.batches for request in batch]
    assert any(request.is_draft for request in requests)
    assert not requests[-1].is_draft
    assert len(requests) == len(before)  # nothing was left to recognise at the end
    assert result.text


async def test_committed_drafts_stay_when_the_final_differs(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    """(That nothing committed is taken back, `StreamResult` checks with every event.)"""
    recogniser.judge = lambda r: Verdict.ACCEPTED if r.is_draft else Verdict.EMPTY
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        await client.speak(load_pcm("en_talk_20s"))
        result = await client.finish()
    committed = {word.text for each in result.hypotheses for word in each.committed}
    assert committed
    assert committed <= {word.text for word in result.words}


async def test_two_sessions_never_mix(serve: Serve, recogniser: FakeRecogniser) -> None:
    """Each word of the fake engine is derived from the very audio it stands for."""
    names = ["en_talk_20s", "dialogue_1", "dialogue_2"]
    async with serve(recogniser) as served:
        alone = []
        for name in names:
            client = LiveClient(served.channel)
            client.send(*map(make_audio, cut(load_pcm(name), chunk_bytes=320_000)))
            alone.append(set((await client.finish()).text.split()))
        clients = [LiveClient(served.channel) for _ in names]
        for client, name in zip(clients, names, strict=True):
            client.send(*map(make_audio, cut(load_pcm(name), chunk_bytes=320_000)))
        together = [set((await client.finish()).text.split()) for client in clients]
    assert alone[0].isdisjoint(alone[1] | alone[2])
    for own, *others in (together, together[1:] + together[:1], together[2:] + together[:2]):
        assert own
        assert all(own.isdisjoint(other) for other in others)


async def test_hypotheses_of_several_sessions_share_a_call(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.gate.clear()
    speech = load_pcm("en_short_1")[: 2 * BYTES_PER_S]
    async with serve(recogniser, limits=SchedulerLimits(live_s=1000.0)) as served:
        clients = [LiveClient(served.channel) for _ in range(4)]
        clients[0].send(*map(make_audio, cut(speech)))
        await asyncio.to_thread(recogniser.entered.wait, 10)
        for client in clients[1:]:
            client.send(*map(make_audio, cut(speech)))
        schedulers = served.runtime.schedulers
        await wait_until(lambda: schedulers.count_waiting(Priority.LIVE) == 3)
        recogniser.gate.set()
        await asyncio.gather(*(client.finish() for client in clients))
    assert len(recogniser.batches[1]) >= 3


async def test_a_flush_ends_the_utterance_at_once(serve: Serve, recogniser: FakeRecogniser) -> None:
    speech = load_pcm("en_talk_20s")
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        client.send(*map(make_audio, cut(speech[:64_010])), FLUSH)
        await client.wait_for(lambda: client.result.final_ms == 64_010 // 32)
        assert client.result.text
        client.send(FLUSH, *map(make_audio, cut(speech[64_010:])))
        result = await client.finish()
    assert result.final_ms == len(speech) // 32


async def test_a_language_holds_from_the_next_utterance_on(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    speech = load_pcm("en_short_1")
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        client.send(*map(make_audio, cut(speech)), FLUSH)
        await client.wait_for(lambda: bool(client.result.text))
        client.send(configure("cs"), *map(make_audio, cut(speech)), FLUSH)
        result = await client.finish()
    used = [request.options.language for batch in recogniser.batches for request in batch]
    assert used == sorted(used, reverse=True)
    assert set(used) == {"en", "cs"}
    assert [each.language for each in result.languages] == ["en", "cs"]


async def test_a_language_is_detected_from_the_first_speech(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.guess = lambda _: [LanguageGuess("cs", 0.9)]
    async with serve(recogniser) as served:
        client = LiveClient(served.channel, language="")
        await client.speak(make_silence(3) + load_pcm("dialogue_1"))
        result = await client.finish()
    assert [(each.language, each.detected) for each in result.languages] == [("cs", True)]
    assert {r.options.language for batch in recogniser.batches for r in batch} == {"cs"}
    # Three short utterances decide it: a quarter of what is spoken here.
    assert 2 * sum(recogniser.detections) < len(recogniser.batches)


async def test_a_multilingual_session_has_each_utterance_in_its_own_language(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.languages = frozenset({"cs", "en", "la"})
    guesses = [("en", 0.9), ("cs", 0.9), ("en", 0.5)]
    async with serve(recogniser) as served:
        client = LiveClient(served.channel, language="", multilingual=True)
        for code, probability in guesses:
            others = LanguageGuess("la", 1 - probability)
            answer = [LanguageGuess(code, probability), others]
            recogniser.guess = partial(_answer, answer)
            spoken = len(client.result.utterances)
            await client.speak(load_pcm("en_short_1"))
            client.send(FLUSH)
            await client.wait_for(partial(_has_more, client, than=spoken))
        result = await client.finish()
    asked = [request.options.language for batch in recogniser.batches for request in batch]
    assert list(dict.fromkeys(asked)) == ["en", "cs"]
    assert asked[-1] == "cs"  # unsure: as before
    assert [each.language for each in result.languages] == ["en", "cs"]


async def test_speech_that_gets_no_text_is_reported_as_a_gap(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.judge = lambda request: Verdict.EMPTY
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        await client.speak(load_pcm("en_talk_20s"))
        result = await client.finish()
    assert not result.words
    gaps = [gap for utterance in result.utterances for gap in utterance.gaps]
    assert gaps
    assert sum(utterance.speech_ms for utterance in result.utterances) > 1_000
    assert sum(gap.end_ms - gap.start_ms for gap in gaps) > 1_000
    assert all(gap.reason for gap in gaps)


async def test_what_a_final_left_out_is_recognised_again(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    """The first full decoding of all finds nothing; what is cut out of its window is found."""
    full: list[WindowRequest] = []

    def leave_out(request: WindowRequest) -> Verdict:
        if not request.is_draft:
            full.append(request)
        return Verdict.EMPTY if len(full) == 1 else Verdict.ACCEPTED

    recogniser.judge = leave_out
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        await client.speak(load_pcm("en_talk_20s"))
        result = await client.finish()
    assert result.words
    gaps = [gap for utterance in result.utterances for gap in utterance.gaps]
    # The fake has a word for each whole second only.
    assert sum(gap.end_ms - gap.start_ms for gap in gaps) <= 1_000


async def test_only_expected_languages_are_detected(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.guess = lambda _: [LanguageGuess("en", 0.6), LanguageGuess("cs", 0.3)]
    async with serve(recogniser) as served:
        client = LiveClient(served.channel, language="", languages=["cs"])
        await client.speak(load_pcm("en_short_1"))
        result = await client.finish()
    assert [each.language for each in result.languages] == ["cs"]


async def test_a_call_goes_on_where_another_broke_off(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    """The committed words stay as they are, and are not repeated."""
    speech = load_pcm("en_talk_20s")
    seeds = [make_word("Kept", 60_100, 60_900), make_word("as-is", 60_900, 61_300)]
    async with serve(recogniser) as served:
        client = LiveClient(served.channel, offset_ms=60_000, committed=seeds)
        await client.speak(speech)
        result = await client.finish()
    assert result.utterances[0].start_ms == 60_000
    assert result.text.startswith("Kept as-is ")
    assert result.final_ms == 60_000 + len(speech) // 32


async def test_committed_words_come_back_where_nothing_follows(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    seeds = [make_word("Kept", 60_100, 60_900)]
    async with serve(recogniser) as served:
        client = LiveClient(served.channel, offset_ms=60_000, committed=seeds)
        client.send(make_audio(make_silence(3)))
        result = await client.finish()
    assert result.text == "Kept"
    assert recogniser.batches == []


async def test_text_on_no_speech_is_not_delivered(serve: Serve, recogniser: FakeRecogniser) -> None:
    recogniser.judge = lambda _: Verdict.NO_SPEECH
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        await client.speak(load_pcm("en_talk_20s")[: 4 * 32_000] + make_silence(1))
        result = await client.finish()
    assert result.text == ""
    assert not any(each.pending or each.committed for each in result.hypotheses)
    reasons = [gap.reason for each in result.utterances for gap in each.gaps]
    assert set(reasons) == {"not_speech"}


async def test_only_the_final_text_is_decoded_at_a_second_attempt(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    def judge(request: WindowRequest) -> Verdict:
        return Verdict.RETRY if request.attempt == 0 else Verdict.ACCEPTED

    recogniser.judge = judge
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        await client.speak(load_pcm("en_short_1") + make_silence(1))
        result = await client.finish()
    attempts = [r.attempt for batch in recogniser.batches for r in batch]
    assert attempts == [0] * (len(attempts) - 1) + [1]
    assert not result.hypotheses
    assert result.text


async def test_a_long_speech_without_a_pause_is_finalized_bit_by_bit(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    """The pauses of a talk are taken out; its utterances stay below a window."""
    samples = np.frombuffer(load_pcm("long_3min"), "<i2")
    frames = samples[: len(samples) // 800 * 800].reshape(-1, 800)
    loud = frames[np.abs(frames).max(axis=1) > 1500].reshape(-1)[: 60 * 16_000]
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        await client.speak(loud.tobytes())
        result = await client.finish()
    lengths = [each.resume_ms - each.start_ms for each in result.utterances]
    assert max(lengths) < 30_000
    windows = [r.duration_s for batch in recogniser.batches for r in batch]
    assert max(windows) < 30
    assert result.final_ms == len(loud) // 16


@pytest.mark.parametrize("sent_s", [0.05, 1.0, 2.2, 3.4])
async def test_a_hang_up_leaves_nothing_behind(
    serve: Serve, recogniser: FakeRecogniser, sent_s: float
) -> None:
    recogniser.gate.clear()
    speech = load_pcm("en_short_1")[: 2 * round(16_000 * sent_s)]
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        client.send(*map(make_audio, cut(speech)), FLUSH)
        await wait_until(lambda: not is_empty(served))
        if sent_s > 1:
            await asyncio.to_thread(recogniser.entered.wait, 10)
        client.call.cancel()
        recogniser.gate.set()
        await wait_until(lambda: is_empty(served))
        assert not [task for task in asyncio.all_tasks() if "StreamSession" in repr(task)]
        again = LiveClient(served.channel)
        again.send(make_audio(load_pcm("en_short_1")))
        assert (await again.finish()).text


async def test_the_sender_is_held_back_while_text_is_undelivered(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.gate.clear()
    pcm = load_pcm("long_3min")
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        for _ in range(20):
            client.send(*map(make_audio, cut(pcm, chunk_bytes=320_000)))
        unsent = client._send_queue.qsize
        before = -1
        while unsent() != before:
            before = unsent()
            await asyncio.sleep(0.5)
        assert unsent() * 320_000 > 15 * len(pcm)
        client.call.cancel()
        recogniser.gate.set()


async def test_live_streams_are_admitted_when_recordings_fill_the_server(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.gate.clear()
    async with serve(recogniser, max_sessions=1, max_live_sessions=1) as served:
        recording = asyncio.create_task(transcribe(served.channel, load_pcm("en_short_1")))
        await asyncio.to_thread(recogniser.entered.wait, 10)
        client = LiveClient(served.channel)
        await client.wait_for(lambda: bool(client.result.accepted.model))
        status, _ = await fail_to_stream(served.server.port, [make_config()])
        assert status is grpc.StatusCode.RESOURCE_EXHAUSTED
        recogniser.gate.set()
        await recording
        await client.finish()


async def test_a_draining_server_ends_streams_between_utterances(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser, drain_grace_s=20.0) as served:
        client = LiveClient(served.channel)
        client.send(*map(make_audio, cut(load_pcm("en_short_1"))))
        await client.wait_for(lambda: bool(client.result.hypotheses))
        draining = asyncio.create_task(served.server.drain())
        client.send(make_audio(make_silence(2)))
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await client.wait_for(lambda: False)
        assert failure.value.code() is grpc.StatusCode.UNAVAILABLE
        assert client.result.text
        await asyncio.wait_for(draining, 10)


async def test_the_engine_failing_ends_the_call_with_a_sentence(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.is_broken_by = lambda _: True
    async with serve(recogniser) as served:
        messages = [make_config(), make_audio(load_pcm("en_short_1"))]
        status, sentence = await fail_to_stream(served.server.port, messages)
        assert status is grpc.StatusCode.INTERNAL
        assert sentence.endswith(".")
        await wait_until(lambda: is_empty(served))


REFUSALS = {
    "nothing sent": ([], grpc.StatusCode.INVALID_ARGUMENT),
    "no config": ([make_audio(b"")], grpc.StatusCode.INVALID_ARGUMENT),
    "two configs": ([make_config(), make_config()], grpc.StatusCode.INVALID_ARGUMENT),
    "half a sample": ([make_config(), make_audio(b"\0\0\0")], grpc.StatusCode.INVALID_ARGUMENT),
    "huge chunk": (
        [make_config(), make_audio(bytes((1 << 20) + 2))],
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "empty message": (
        [make_config(), speech_pb2.StreamRequest()],
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "negative offset": ([make_config(offset_ms=-1)], grpc.StatusCode.INVALID_ARGUMENT),
    "words before the offset": (
        [make_config(offset_ms=1000, committed=[make_word("a", 0, 10)])],
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "a pause too short": (
        [make_config(endpointing_ms=299)],
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "long prompt": ([make_config(prompt="x" * 1001)], grpc.StatusCode.INVALID_ARGUMENT),
    "unknown model": ([make_config(model="huge")], grpc.StatusCode.NOT_FOUND),
    "unknown language": ([make_config(language="fr")], grpc.StatusCode.FAILED_PRECONDITION),
    "configured to an unknown language": (
        [make_config(), configure("fr")],
        grpc.StatusCode.FAILED_PRECONDITION,
    ),
}


@pytest.mark.parametrize(("messages", "status"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_a_bad_message_is_refused_with_its_status(
    serve: Serve,
    recogniser: FakeRecogniser,
    messages: list[speech_pb2.StreamRequest],
    status: grpc.StatusCode,
) -> None:
    async with serve(recogniser) as served:
        answer, sentence = await fail_to_stream(served.server.port, messages)
        assert answer is status
        assert sentence.endswith(".")
        await wait_until(lambda: is_empty(served))


async def test_a_stream_without_a_deadline_is_refused(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser) as served:
        status, _ = await fail_to_stream(served.server.port, [make_config()], timeout_s=None)
    assert status is grpc.StatusCode.INVALID_ARGUMENT


def _answer(guesses: list[LanguageGuess], _: object) -> list[LanguageGuess]:
    return guesses


def _has_more(client: LiveClient, *, than: int) -> bool:
    return len(client.result.utterances) > than
