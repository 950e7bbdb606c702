"""Speech = words + gaps, as a client of Transcribe sees it; the engines fail in known ways."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from inference_service.engines.asr import LanguageRun, Verdict, WindowRequest, WindowText
from protos.stt.v1 import speech_pb2
from tests.inference_service.calls import Transcription, transcribe
from tests.inference_service.conftest import Serve
from tests.inference_service.fakes import FakeRecogniser
from tests.inference_service.recordings import load_pcm

LONG_S = 8.0


class StoppingRecogniser(FakeRecogniser):
    """Stops in the middle of every long window; may recognise nothing in short ones."""

    is_deaf_to_short = False

    def recognise(self, batch: Sequence[WindowRequest]) -> list[WindowText]:
        texts = super().recognise(batch)
        return [self._shorten(text, request) for text, request in zip(texts, batch, strict=True)]

    def _shorten(self, text: WindowText, request: WindowRequest) -> WindowText:
        if request.duration_s <= LONG_S:
            return WindowText(Verdict.EMPTY) if self.is_deaf_to_short else text
        [segment] = text.segments
        remaining = tuple(word for word in segment.words if word.end_s <= request.duration_s / 2)
        return replace(text, segments=(replace(segment, words=remaining),))


class TwoLanguageRecogniser(FakeRecogniser):
    """Finds Czech in the second half of every long window whose language is open."""

    def recognise(self, batch: Sequence[WindowRequest]) -> list[WindowText]:
        texts = super().recognise(batch)
        return [self._respond(text, request) for text, request in zip(texts, batch, strict=True)]

    def _respond(self, text: WindowText, request: WindowRequest) -> WindowText:
        if request.options.switch_penalty is None or request.duration_s <= LONG_S:
            return text
        half_s = request.duration_s / 2
        runs = (LanguageRun(0, half_s, "en"), LanguageRun(half_s, request.duration_s, "cs"))
        return WindowText(Verdict.MIXED, languages=runs)


def gaps_of(result: Transcription) -> list[speech_pb2.Gap]:
    return [gap for window in result.windows for gap in window.gaps]


async def test_what_a_window_stops_before_is_recognised_again(serve: Serve) -> None:
    async with serve(StoppingRecogniser(model_id="tiny")) as served:
        result = await transcribe(served.channel, load_pcm("en_talk_20s"))
    [window] = result.windows
    assert gaps_of(result) == []
    words = [word for segment in window.segments for word in segment.words]
    last_ms = window.resume_ms - 2500
    assert words[-1].end_ms > last_ms
    assert all(one.end_ms <= other.start_ms for one, other in itertools.pairwise(words))


async def test_what_stays_without_words_is_a_gap(serve: Serve) -> None:
    recogniser = StoppingRecogniser(model_id="tiny")
    recogniser.is_deaf_to_short = True
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, load_pcm("en_talk_20s"))
    assert gaps_of(result)
    words = [word for segment in result.segments for word in segment.words]
    for gap in gaps_of(result):
        assert gap.reason in {"not_speech", "not_recognised"}
        assert not any(gap.start_ms < word.start_ms < gap.end_ms for word in words)
    assert len(recogniser.batches) <= 8


async def test_follow_ups_are_bounded(serve: Serve) -> None:
    recogniser = StoppingRecogniser(model_id="tiny")
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, load_pcm("long_3min"))
    assert sum(map(len, recogniser.batches)) <= 8 * len(result.windows)


async def test_a_window_of_two_languages_is_cut_and_each_part_is_in_its_own(serve: Serve) -> None:
    async with serve(TwoLanguageRecogniser(model_id="tiny")) as served:
        result = await transcribe(served.channel, load_pcm("en_talk_20s"), language="")
    assert result.language.language == "en"
    assert [segment.language for segment in result.segments] == ["en", "cs"]
    assert gaps_of(result) == []


async def test_a_given_language_is_certain(serve: Serve) -> None:
    async with serve(TwoLanguageRecogniser(model_id="tiny")) as served:
        result = await transcribe(served.channel, load_pcm("en_talk_20s"), language="en")
    assert {segment.language for segment in result.segments} == {"en"}


async def test_text_without_a_letter_is_no_text(serve: Serve) -> None:
    class Musical(FakeRecogniser):
        def recognise(self, batch: Sequence[WindowRequest]) -> list[WindowText]:
            return [self._write_dots(text) for text in super().recognise(batch)]

        def _write_dots(self, text: WindowText) -> WindowText:
            [segment] = text.segments
            words = tuple(replace(word, text="...") for word in segment.words)
            return replace(text, segments=(replace(segment, text="... ...", words=words),))

    async with serve(Musical(model_id="tiny")) as served:
        result = await transcribe(served.channel, load_pcm("en_short_1"), language="")
    assert result.text == ""
    assert {gap.reason for gap in gaps_of(result)} == {"not_speech"}


async def test_no_language_is_reported_where_nothing_was_spoken(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.judge = lambda _: Verdict.EMPTY
    async with serve(recogniser) as served:
        result = await transcribe(served.channel, load_pcm("en_short_1"), language="")
    assert result.language == speech_pb2.LanguageDetected()
    assert result.kinds[-2:] == ["language", "finished"]
