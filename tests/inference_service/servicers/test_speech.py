"""Transcribe, as a client sees it: real gRPC, a fake engine where its behaviour matters."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import grpc
import numpy as np
import pytest

from inference_service.engines.asr import LanguageGuess, TextSegment, Verdict, WindowRequest
from inference_service.priority import Priority
from inference_service.scheduler import SchedulerLimits
from inference_service.sessions.coverage import with_words
from protos.stt.v1 import speech_pb2, speech_pb2_grpc
from tests.inference_service.calls import (
    DEADLINE_S,
    Transcription,
    cut,
    fail_to_transcribe,
    make_audio,
    make_config,
    make_messages,
    send,
    transcribe,
)
from tests.inference_service.conftest import Serve
from tests.inference_service.engines.recordings import install_english_whisper
from tests.inference_service.fakes import FakeEmbedder, FakeRecogniser
from tests.inference_service.recordings import (
    BYTES_PER_S,
    load_pcm,
    make_silence,
    make_tone,
)


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def check_promises(result: Transcription, *, end_ms: int) -> None:
    """What speech.proto promises of windows, segments and words."""
    resumed_ms = result.windows[0].start_ms
    reached_ms = 0
    for window in result.windows:
        assert window.start_ms == resumed_ms
        resumed_ms = window.resume_ms
        for segment in window.segments:
            assert window.start_ms <= segment.start_ms < segment.end_ms <= window.resume_ms
            assert segment.text == "".join(
                " " * word.space_before + word.text for word in segment.words
            )
            for word in segment.words:
                assert reached_ms <= word.start_ms <= word.end_ms
                reached_ms = word.end_ms
    assert resumed_ms == result.finished.audio_duration_ms == end_ms


async def test_a_long_recording_comes_back_in_order(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    pcm = load_pcm("long_3min")
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, pcm)
    windows = len(result.windows)
    assert result.kinds == ["accepted", "language", *["window"] * windows, "finished"]
    assert windows >= 6
    assert result.accepted.model == "tiny"
    assert result.language.language == "en"
    assert result.finished.speech_ms == sum(window.speech_ms for window in result.windows)
    assert 100_000 < result.finished.speech_ms < 150_000
    check_promises(result, end_ms=len(pcm) // 32)


async def test_windows_arrive_while_audio_is_still_sent(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    """The client holds back the end of the recording until it has seen text of its beginning."""
    seen = asyncio.Event()
    pcm = load_pcm("long_3min")

    async def hold_back() -> AsyncIterator[speech_pb2.TranscribeRequest]:
        yield make_config()
        for chunk in cut(pcm[: 90 * BYTES_PER_S]):
            yield make_audio(chunk)
        await seen.wait()
        for chunk in cut(pcm[90 * BYTES_PER_S :]):
            yield make_audio(chunk)

    result = Transcription()
    async with serve(recogniser) as served:
        stub = speech_pb2_grpc.SpeechStub(served.channel)
        async for event in stub.Transcribe(hold_back(), timeout=DEADLINE_S):
            result.add(event)
            if result.segments:
                seen.set()
    check_promises(result, end_ms=len(pcm) // 32)


async def test_windows_of_two_requests_share_a_batch(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.gate.clear()
    async with serve(recogniser, limits=SchedulerLimits(alone_s=1000.0)) as served:
        first = asyncio.create_task(transcribe(served.channel, load_pcm("en_digits")))
        await asyncio.to_thread(recogniser.entered.wait, 10)
        others = [
            asyncio.create_task(transcribe(served.channel, load_pcm(name)))
            for name in ("en_short_1", "en_short_2")
        ]
        await wait_until(lambda: served.runtime.schedulers.count_waiting(Priority.BULK) == 2)
        recogniser.gate.set()
        await asyncio.gather(first, *others)
    assert [len(batch) for batch in recogniser.batches] == [1, 2]


async def test_a_call_that_goes_on_at_a_resume_point_finds_the_same_later_segments(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    pcm = load_pcm("long_3min")
    async with serve(recogniser) as served:
        whole = await transcribe(served.channel, pcm)
        resume_ms = whole.windows[2].resume_ms
        rest = await transcribe(served.channel, pcm[32 * resume_ms :], offset_ms=resume_ms)
    assert rest.windows[0].start_ms == resume_ms
    assert len(rest.windows) == len(whole.windows) - 3
    assert rest.segments == [segment for window in whole.windows[3:] for segment in window.segments]
    check_promises(rest, end_ms=len(pcm) // 32)


async def test_the_end_of_the_audio_is_only_a_matter_of_the_audio(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    """Chunks of any size give the same answer."""
    pcm = load_pcm("en_talk_20s")

    async def in_crumbs() -> AsyncIterator[speech_pb2.TranscribeRequest]:
        yield make_config()
        for chunk in cut(pcm, chunk_bytes=7_778):
            yield make_audio(chunk)

    async with serve(recogniser) as served:
        expected = await transcribe(served.channel, pcm)
        result = Transcription()
        stub = speech_pb2_grpc.SpeechStub(served.channel)
        async for event in stub.Transcribe(in_crumbs(), timeout=DEADLINE_S):
            result.add(event)
    assert result.windows == expected.windows


async def test_silence_moves_progress_and_gives_no_text(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, make_silence(95.5), language="")
    assert [window.resume_ms // 1000 for window in result.windows] == [30, 60, 90, 95]
    assert result.text == ""
    assert result.language == speech_pb2.LanguageDetected()
    assert result.finished.audio_duration_ms == 95_500
    assert result.finished.speech_ms == 0
    assert recogniser.batches == []
    assert recogniser.detections == []


async def test_an_empty_recording_is_finished_at_once(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, b"", offset_ms=5_000)
    assert result.windows == []
    assert result.finished.audio_duration_ms == 5_000


async def test_the_language_is_detected_from_speech_not_from_the_silence_before_it(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    def guess(features: object) -> list[LanguageGuess]:
        assert isinstance(features, np.ndarray)
        is_silent = float(np.abs(features).max()) < 0.01
        return [LanguageGuess("cs" if is_silent else "en", 0.95)]

    recogniser.guess = guess
    pcm = make_silence(70) + load_pcm("en_talk_20s")
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, pcm, language="")
    assert result.language.language == "en"
    assert result.language.detected
    assert {request.options.language for batch in recogniser.batches for request in batch} == {"en"}
    assert len(recogniser.detections) == 1


async def test_more_windows_vote_when_the_first_leaves_the_language_open(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    votes = iter([("cs", 0.5), ("en", 0.6), ("en", 0.65)])

    def guess(features: object) -> list[LanguageGuess]:
        language, probability = next(votes)
        other = "cs" if language == "en" else "en"
        return [LanguageGuess(language, probability), LanguageGuess(other, 0.1)]

    recogniser.guess = guess
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, load_pcm("long_3min"), language="")
    assert result.language.language == "en"
    assert len(recogniser.detections) == 3
    check_promises(result, end_ms=len(load_pcm("long_3min")) // 32)


async def test_an_engine_of_one_language_reports_that_it_did_not_detect_it(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.detects_language, recogniser.languages = False, frozenset({"en"})
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, load_pcm("en_short_1"), language="")
    assert result.language == speech_pb2.LanguageDetected(
        language="en", probability=1.0, detected=False
    )


async def test_only_the_window_that_fails_the_gate_is_decoded_again(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    uncertain: list[object] = []

    def judge(request: WindowRequest) -> Verdict:
        if not uncertain:
            uncertain.append(request.features)
        is_uncertain = request.features is uncertain[0] and request.attempt == 0
        return Verdict.RETRY if is_uncertain else Verdict.ACCEPTED

    recogniser.judge = judge
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, load_pcm("long_3min"))
    attempts = Counter(request.attempt for batch in recogniser.batches for request in batch)
    assert attempts == {0: len(result.windows), 1: 1}
    check_promises(result, end_ms=len(load_pcm("long_3min")) // 32)


@pytest.mark.parametrize("verdict", [Verdict.NO_SPEECH, Verdict.EMPTY])
async def test_speech_without_accepted_text_is_a_gap_with_its_evidence(
    serve: Serve, recogniser: FakeRecogniser, verdict: Verdict
) -> None:
    recogniser.judge = lambda _: verdict
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, load_pcm("en_short_1"))
    (window,) = result.windows
    assert not window.segments
    assert {gap.reason for gap in window.gaps} == {"not_speech"}
    assert any(gap.text.words for gap in window.gaps) == (verdict is Verdict.NO_SPEECH)
    for gap in window.gaps:
        assert 0 <= gap.start_ms < gap.end_ms <= window.resume_ms
    assert 1000 < window.speech_ms == result.finished.speech_ms


@pytest.mark.parametrize(("confidence", "is_accepted"), [(0.9, True), (0.5, False)])
async def test_a_sure_sentence_behind_a_text_that_ends_early_is_accepted(
    serve: Serve, recogniser: FakeRecogniser, confidence: float, is_accepted: bool
) -> None:
    """A model may take the beginning of a cut for silence and still be sure of each word."""

    def revise(segment: TextSegment) -> TextSegment:
        if len(segment.words) > 12:  # the window: it ends early
            return with_words(segment, segment.words[:5])
        words = [replace(word, confidence=confidence) for word in segment.words]
        return replace(with_words(segment, words), no_speech_prob=0.7)

    recogniser.revise = revise
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, load_pcm("en_talk_20s"))
    (window,) = result.windows
    missing = [gap for gap in window.gaps if gap.text.words]
    assert (len(result.text.split()) > 12, bool(missing)) == (is_accepted, not is_accepted)
    assert {gap.reason for gap in missing} <= {"not_speech"}


async def test_what_a_stretched_word_hides_is_recognised(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    """A Whisper skips a sentence, and attention stretches the next word over it."""

    def revise(segment: TextSegment) -> TextSegment:
        if len(segment.words) <= 12:
            return segment
        first, *others = segment.words[8:]
        return with_words(segment, [replace(first, start_s=0.0), *others])

    recogniser.revise = revise
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, load_pcm("en_talk_20s"))
    (window,) = result.windows
    assert len(result.text.split()) >= 12
    assert not window.gaps
    check_promises(result, end_ms=len(load_pcm("en_talk_20s")) // 32)


async def test_speech_that_repeats_itself_is_accepted(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.judge = lambda _: Verdict.REPETITION
    async with serve(recogniser) as served:
        repeated = await transcribe(served.channel, load_pcm("en_talk_20s"))
        recogniser.judge = lambda _: Verdict.ACCEPTED
        plain = await transcribe(served.channel, load_pcm("en_talk_20s"))
    assert len(repeated.text.split()) == pytest.approx(len(plain.text.split()), abs=2)
    assert not any(window.gaps for window in repeated.windows)


async def test_turns_come_with_their_windows(serve: Serve, recogniser: FakeRecogniser) -> None:
    async with serve(recogniser) as served:
        result = await transcribe(
            served.channel, load_pcm("dialogue_1"), with_speaker_turns=True, offset_ms=60_000
        )
    assert result.accepted.embedder == "fake-embedder"
    turns = [turn for window in result.windows for turn in window.turns]
    assert len(turns) > 3
    ends_ms = [60_000]
    for turn in turns:
        assert ends_ms[-1] <= turn.start_ms < turn.end_ms <= result.finished.audio_duration_ms
        assert np.frombuffer(turn.embedding, "<f4").tolist() == [1.0, 2.0]
        ends_ms.append(turn.end_ms)


async def test_without_a_speaker_model_there_are_no_turns_and_no_embedder(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser, embedder=None) as served:
        result = await transcribe(served.channel, load_pcm("dialogue_1"), with_speaker_turns=True)
    assert result.text
    assert result.accepted.embedder == ""
    assert not any(window.turns for window in result.windows)


async def test_a_broken_embedder_costs_the_turns_not_the_text(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser, embedder=FakeEmbedder(is_broken=True)) as served:
        result = await transcribe(served.channel, load_pcm("dialogue_1"), with_speaker_turns=True)
    assert result.text
    assert not any(window.turns for window in result.windows)


async def test_the_engine_failing_on_one_recording_leaves_the_other_alone(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.is_broken_by = lambda request: request.options.context.prompt == "break"
    async with serve(recogniser) as served:
        messages = make_messages(load_pcm("en_short_1"), prompt="break")
        good, (status, _) = await asyncio.gather(
            transcribe(served.channel, load_pcm("en_short_2")),
            fail_to_transcribe(served.server.port, messages),
        )
    assert good.text
    assert status is grpc.StatusCode.INTERNAL


async def test_a_cancelled_call_leaves_the_queue(serve: Serve, recogniser: FakeRecogniser) -> None:
    recogniser.gate.clear()
    async with serve(recogniser) as served:
        scheduler = served.runtime.schedulers
        stub = speech_pb2_grpc.SpeechStub(served.channel)
        call = stub.Transcribe(send(load_pcm("long_3min")), timeout=DEADLINE_S)
        await wait_until(lambda: scheduler.count_waiting(Priority.BULK) > 2)
        call.cancel()
        await wait_until(lambda: scheduler.count_waiting(Priority.BULK) == 0)
        recogniser.gate.set()
        await wait_until(lambda: not served.runtime.admission.open_sessions)
        assert scheduler.count_sessions(Priority.BULK) == 0
    assert sum(map(len, recogniser.batches)) < 3


async def test_a_deadline_ends_the_session(serve: Serve, recogniser: FakeRecogniser) -> None:
    recogniser.gate.clear()
    async with serve(recogniser) as served:
        messages = make_messages(load_pcm("en_short_1"))
        status, _ = await fail_to_transcribe(served.server.port, messages, timeout_s=0.5)
        assert status is grpc.StatusCode.DEADLINE_EXCEEDED
        recogniser.gate.set()
        await wait_until(lambda: not served.runtime.admission.open_sessions)


async def test_the_sender_is_held_back_while_the_accelerator_is_busy(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    """An hour of speech is offered; only what the queue has permits for is prepared."""
    recogniser.gate.clear()
    recogniser.max_batch = 2
    sent_bytes = 0
    pcm = load_pcm("long_3min")

    async def offer() -> AsyncIterator[speech_pb2.TranscribeRequest]:
        nonlocal sent_bytes
        yield make_config()
        for _ in range(20):
            for chunk in cut(pcm):
                sent_bytes += len(chunk)
                yield make_audio(chunk)

    async with serve(recogniser) as served:
        stub = speech_pb2_grpc.SpeechStub(served.channel)
        call = stub.Transcribe(offer(), timeout=DEADLINE_S)
        await wait_until(lambda: recogniser.prepared == 4)
        before = -1
        while sent_bytes != before:  # until the flow has come to rest
            before = sent_bytes
            await asyncio.sleep(0.3)
        assert recogniser.prepared == 4
        assert sent_bytes < 15 * len(pcm)
        call.cancel()
        recogniser.gate.set()


AUDIO = make_audio(make_silence(1))
REFUSALS = {
    "nothing sent": ([], grpc.StatusCode.INVALID_ARGUMENT),
    "no config": ([AUDIO], grpc.StatusCode.INVALID_ARGUMENT),
    "two configs": ([make_config(), make_config()], grpc.StatusCode.INVALID_ARGUMENT),
    "empty message": (
        [make_config(), speech_pb2.TranscribeRequest()],
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "half a sample": ([make_config(), make_audio(b"\0\0\0")], grpc.StatusCode.INVALID_ARGUMENT),
    "huge chunk": (
        [make_config(), make_audio(bytes((1 << 20) + 2))],
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "negative offset": ([make_config(offset_ms=-1)], grpc.StatusCode.INVALID_ARGUMENT),
    "long prompt": ([make_config(prompt="x" * 1001)], grpc.StatusCode.INVALID_ARGUMENT),
    "many hot words": ([make_config(hot_words=["x"] * 101)], grpc.StatusCode.INVALID_ARGUMENT),
    "unknown priority": ([make_config(priority=9)], grpc.StatusCode.INVALID_ARGUMENT),
    "two channels": ([make_config(channels=2)], grpc.StatusCode.UNIMPLEMENTED),
    "unknown model": ([make_config(model="huge")], grpc.StatusCode.NOT_FOUND),
    "missing model": ([make_config(model="medium")], grpc.StatusCode.NOT_FOUND),
    "unknown language": ([make_config(language="fr")], grpc.StatusCode.FAILED_PRECONDITION),
}


async def test_a_translation_is_refused_by_a_model_of_english_alone(
    serve: Serve, tmp_path: Path
) -> None:
    install_english_whisper(tmp_path / "ours.en")
    async with serve(models_dir=tmp_path) as served:
        call = make_config(model="ours.en", task=speech_pb2.TASK_TRANSLATE)
        status, sentence = await fail_to_transcribe(served.server.port, [call])
    assert (status, "can't translate" in sentence) == (grpc.StatusCode.FAILED_PRECONDITION, True)


async def test_a_call_is_refused_with_what_to_do_where_nothing_is_installed(
    serve: Serve, tmp_path: Path
) -> None:
    async with serve(models_dir=tmp_path) as served:
        status, sentence = await fail_to_transcribe(served.server.port, [make_config(model="")])
    assert status is grpc.StatusCode.NOT_FOUND
    assert "catalog pull base" in sentence


@pytest.mark.parametrize(("messages", "status"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_a_bad_request_is_refused_with_its_status(
    serve: Serve,
    recogniser: FakeRecogniser,
    messages: list[speech_pb2.TranscribeRequest],
    status: grpc.StatusCode,
) -> None:
    async with serve(recogniser) as served:
        answer, sentence = await fail_to_transcribe(served.server.port, messages)
    assert answer is status
    assert sentence.endswith(".")


async def test_a_call_without_a_deadline_is_refused(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser) as served:
        messages = make_messages(b"")
        status, _ = await fail_to_transcribe(served.server.port, messages, timeout_s=None)
    assert status is grpc.StatusCode.INVALID_ARGUMENT


async def test_one_session_too_many_is_refused_and_the_next_is_not(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.gate.clear()
    async with serve(recogniser, max_sessions=1) as served:
        first = asyncio.create_task(transcribe(served.channel, load_pcm("en_short_1")))
        await asyncio.to_thread(recogniser.entered.wait, 10)
        messages = make_messages(load_pcm("en_short_1"))
        status, _ = await fail_to_transcribe(served.server.port, messages)
        assert status is grpc.StatusCode.RESOURCE_EXHAUSTED
        recogniser.gate.set()
        await first
        assert (await transcribe(served.channel, load_pcm("en_short_1"))).text


ANCHORS = {
    "en_short_2": ("en", "The next meeting is Friday."),
    "cs_short_1": ("cs", "Prosím pošlete rozpočet v pátek."),
    "cs_short_2": ("cs", "Schůzka začíná zítra."),
}


async def test_the_tiny_whisper_recognises_its_anchors_and_their_languages(serve: Serve) -> None:
    async with serve() as served:
        for name, (language, text) in ANCHORS.items():
            pcm = load_pcm(name)
            result = await transcribe(served.channel, pcm, language="")
            assert result.language.language == language
            assert result.accepted.engine == "faster-whisper"
            assert result.text == text
            check_promises(result, end_ms=len(pcm) // 32)
        tone = await transcribe(served.channel, make_tone(6), language="")
        assert tone.text == ""
