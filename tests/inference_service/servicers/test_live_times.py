"""What is final in a live stream has exact word times, and nothing waits for them."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import decode_audio

from inference_service.engines.asr import (
    Samples,
    TextSegment,
    TimedWord,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.engines.forced_alignment import AlignerDiedError, WordInterval
from inference_service.engines.pocketsphinx_aligner import PocketSphinxAligner
from inference_service.sessions.word_times import WordTimer
from protos.stt.v1 import speech_pb2
from tests.inference_service.conftest import Serve
from tests.inference_service.fakes import FakeRecogniser
from tests.inference_service.live_calls import FLUSH, LiveClient, cut, make_audio
from tests.inference_service.recordings import load_pcm, make_silence
from tests.speech.durations import read_word_times

SPEECH = Path(__file__).parents[2] / "speech"
CLIP = "clean_02"
TRUTH = read_word_times()[CLIP]
# Further off than attention is (83 to 130 ms), within what the judge lets an aligner correct.
OFF_S = 0.15


def load_clip() -> bytes:
    samples = decode_audio(str(SPEECH / f"{CLIP}.flac"))
    return bytes(np.round(samples * 32767).astype("<i2"))


@dataclass(eq=False)
class KnowingRecogniser(FakeRecogniser):
    """Answers with the clip's words that lie in a window, each `OFF_S` too late."""

    clip: bytes = b""

    def _answer(self, request: WindowRequest) -> WindowText:
        window = request.features
        assert isinstance(window, np.ndarray)
        start_s = self._find(window)
        words = tuple(
            TimedWord(text, begin / 1000 - start_s + OFF_S, end / 1000 - start_s + OFF_S, 0.9)
            for text, begin, end in TRUTH
            if start_s <= begin / 1000 and end / 1000 - start_s <= request.duration_s
        )
        if not words:
            return WindowText(Verdict.EMPTY)
        text = " ".join(word.text for word in words)
        segment = TextSegment(words[0].start_s, words[-1].end_s, text, words, language="en")
        return WindowText(Verdict.ACCEPTED, (segment,))

    def _find(self, window: Samples) -> float:
        """Return where in the clip a window begins, in seconds."""
        begin = np.round(window[:8_000] * 32768).astype("<i2").tobytes()
        return self.clip.index(begin) / 32_000


@dataclass
class HangingAligner:
    """Finds nothing, once it is released."""

    name: str = "hanging"
    languages: frozenset[str] = frozenset({"en"})
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)

    def align(
        self, samples: Samples, words: Sequence[str], *, language: str
    ) -> list[WordInterval | None]:
        self.entered.set()
        self.gate.wait(timeout=30)
        return [None] * len(words)

    def close(self) -> None: ...


@dataclass
class DyingAligner:
    """Ends at these calls of it, and is there again for the next."""

    dies_at: frozenset[int]
    name: str = "dying"
    languages: frozenset[str] = frozenset({"en"})
    calls: int = 0

    def align(
        self, samples: Samples, words: Sequence[str], *, language: str
    ) -> list[WordInterval | None]:
        self.calls += 1
        if self.calls in self.dies_at:
            raise AlignerDiedError("It ended.")
        return [WordInterval(at * 0.1, (at + 1) * 0.1) for at, _ in enumerate(words)]

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def timer() -> Iterator[WordTimer]:
    made = WordTimer([PocketSphinxAligner(max_processes=1)])
    yield made
    made.close()


@pytest.mark.parametrize("is_at_once", [False, True])
async def test_final_words_are_where_they_were_spoken(
    serve: Serve, timer: WordTimer, *, is_at_once: bool
) -> None:
    pcm = load_clip() + make_silence(1)
    async with serve(KnowingRecogniser(model_id="tiny", clip=pcm), timer=timer) as served:
        client = LiveClient(served.channel, offset_ms=60_000)
        if is_at_once:
            client.send(*map(make_audio, cut(pcm, chunk_bytes=320_000)))
        else:
            await client.speak(pcm)
        result = await client.finish()
    assert [word.text for word in result.words] == [text for text, *_ in TRUTH]
    assert {word.timing for word in result.words} == {speech_pb2.TIMING_ALIGNED}
    errors_ms = [
        word.start_ms - 60_000 - start_ms
        for word, (_, start_ms, _) in zip(result.words, TRUTH, strict=True)
    ]
    assert np.abs(errors_ms).mean() <= 30
    assert np.abs(errors_ms).max() <= 80


async def test_listening_goes_on_while_words_are_timed(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    aligner = HangingAligner()
    async with serve(recogniser, timer=WordTimer([aligner])) as served:
        client = LiveClient(served.channel)
        await client.speak(load_pcm("en_short_1") + make_silence(3))
        assert await asyncio.to_thread(aligner.entered.wait, 10)
        before = len(recogniser.batches)
        await client.speak(load_pcm("en_short_1"))
        async with asyncio.timeout(20):
            while len(recogniser.batches) < before + 2:
                await asyncio.sleep(0.01)
        assert not client.result.text
        aligner.gate.set()
        result = await client.finish()
    assert len([each for each in result.utterances if each.segments]) >= 2


@pytest.mark.parametrize(
    ("asked", "used"), [("", "first"), ("second", "second"), ("attention", "")]
)
async def test_the_aligner_that_is_asked_for_goes_first(
    serve: Serve, asked: str, used: str
) -> None:
    aligners = [HangingAligner(name) for name in ("first", "second")]
    for each in aligners:
        each.gate.set()
    pcm = load_clip() + make_silence(1)
    recogniser = KnowingRecogniser(model_id="tiny", clip=pcm)
    async with serve(recogniser, timer=WordTimer(aligners)) as served:
        client = LiveClient(served.channel, aligner=asked)
        await client.speak(pcm)
        result = await client.finish()
    assert [word.text for word in result.words] == [text for text, *_ in TRUTH]
    assert [each.name for each in aligners if each.entered.is_set()] == [used][: bool(used)]


def list_unaligned(utterances: Sequence[speech_pb2.Utterance]) -> list[bool]:
    return [each.unaligned for each in utterances if each.segments]


async def test_an_utterance_whose_aligner_ends_is_marked_and_no_other(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    aligner = DyingAligner(frozenset({2}))
    async with serve(recogniser, timer=WordTimer([aligner])) as served:
        client = LiveClient(served.channel)
        for count in (1, 2, 3):
            await client.speak(load_pcm("en_short_1") + make_silence(2))
            client.send(FLUSH)
            await client.wait_for(
                lambda count=count: len(list_unaligned(client.result.utterances)) == count  # type: ignore[misc]
            )
        result = await client.finish()
    assert list_unaligned(result.utterances) == [False, True, False]
    assert not any(each.unaligned for each in result.utterances if not each.segments)


async def test_text_of_several_utterances_in_one_window_is_marked(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    aligner = DyingAligner(frozenset(range(100)))
    speech = load_pcm("en_short_1") + make_silence(2)
    recogniser.gate.clear()
    async with serve(recogniser, timer=WordTimer([aligner])) as served:
        client = LiveClient(served.channel)
        client.send(*map(make_audio, cut(8 * speech, chunk_bytes=320_000)))
        finishing = asyncio.create_task(client.finish())
        async with asyncio.timeout(20):
            while recogniser.prepared < 2:  # what is dispatched beside another one is a full window
                await asyncio.sleep(0.01)
        recogniser.gate.set()
        result = await finishing
    marks = list_unaligned(result.utterances)
    assert len(marks) < 8
    assert all(marks)


@pytest.mark.parametrize(("asked", "is_marked"), [("dying", True), ("", False)])
async def test_words_in_a_language_that_the_asked_aligner_lacks_are_marked(
    serve: Serve, recogniser: FakeRecogniser, asked: str, *, is_marked: bool
) -> None:
    async with serve(recogniser, timer=WordTimer([DyingAligner(frozenset())])) as served:
        client = LiveClient(served.channel, language="cs", aligner=asked)
        await client.speak(load_pcm("en_short_1") + make_silence(1))
        result = await client.finish()
    assert set(list_unaligned(result.utterances)) == {is_marked}
