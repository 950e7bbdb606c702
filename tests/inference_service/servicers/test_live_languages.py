"""Stream: each language is written in itself, never translated into the one before it."""

import numpy as np
import pytest

from protos.stt.v1 import speech_pb2
from tests.inference_service.bilingual import BilingualRecogniser, speak_in
from tests.inference_service.conftest import Serve
from tests.inference_service.live_calls import LiveClient, StreamResult, cut, make_audio
from tests.inference_service.recordings import BYTES_PER_S, load_pcm, make_silence


def make_unbroken(seconds: float, *, begin_s: float = 0.0) -> bytes:
    """Return so many seconds of speech without a pause that could end an utterance."""
    pcm = np.frombuffer(load_pcm("long_3min"), "<i2")
    pcm = pcm[: len(pcm) // 160 * 160]
    loud = np.abs(pcm.astype(np.int32)).reshape(-1, 160).max(axis=1) > 500
    spoken = pcm.reshape(-1, 160)[loud].reshape(-1)
    start = round(begin_s * BYTES_PER_S / 2)
    return bytes(spoken[start : start + round(seconds * BYTES_PER_S / 2)])


def translated(result: StreamResult) -> list[str]:
    """Return the words that were decoded in another language than the one spoken."""
    return [word.text for word in result.words if len(set(word.text.split(":"))) > 1]


def languages_of(result: StreamResult) -> list[str]:
    found = [segment.language for each in result.utterances for segment in each.segments]
    return [code for code, before in zip(found, ["", *found], strict=False) if code != before]


POSITIONS = {
    "after a pause": [("en", 9.0, 2.0), ("cs", 9.0, 0.0)],
    "at once": [("en", 9.0, 0.0), ("cs", 9.0, 0.0)],
    "in the middle": [("en", 8.0, 0.0), ("cs", 9.0, 0.0), ("en", 8.0, 0.0)],
    "by turns": [("en", 7.0, 1.9), ("cs", 5.0, 1.9), ("en", 5.0, 1.9), ("cs", 6.0, 0.0)],
    "long after": [("en", 20.0, 0.0), ("cs", 20.0, 0.0)],
}


def compose(parts: list[tuple[str, float, float]]) -> bytes:
    """parts: language, seconds of speech, seconds of silence behind it."""
    pcm, spoken_s = b"", 0.0
    for language, speech_s, silence_s in parts:
        pcm += speak_in(language, make_unbroken(speech_s, begin_s=spoken_s))
        pcm += make_silence(silence_s)
        spoken_s += speech_s
    return pcm


@pytest.mark.parametrize("position", POSITIONS)
async def test_a_second_language_is_written_in_itself(serve: Serve, position: str) -> None:
    """At every place, while it is spoken; half a second at a border may be on its wrong side."""
    parts = POSITIONS[position]
    async with serve(BilingualRecogniser(model_id="tiny")) as served:
        client = LiveClient(served.channel, language="")
        await client.speak(compose(parts))
        result = await client.finish()
    assert languages_of(result) == [language for language, _, _ in parts]
    borders = len(parts) - 1
    assert len(translated(result)) <= 3 * borders, result.text
    spoken_s = sum(speech_s for _, speech_s, _ in parts)
    assert len(result.words) >= 1.7 * spoken_s
    reported = [each.language for each in result.languages]
    assert reported == languages_of(result)


async def test_a_second_language_is_written_in_itself_while_catching_up(serve: Serve) -> None:
    parts = POSITIONS["by turns"] * 3
    async with serve(BilingualRecogniser(model_id="tiny")) as served:
        client = LiveClient(served.channel, language="")
        client.send(*map(make_audio, cut(compose(parts), chunk_bytes=320_000)))
        result = await client.finish()
    assert speech_pb2.Pace.MODE_CATCHING_UP in [pace.mode for pace in result.paces]
    assert set(languages_of(result)) == {"en", "cs"}
    assert len(translated(result)) <= 3 * (len(parts) - 1), result.text


async def test_words_are_committed_only_once_their_language_is_sure(serve: Serve) -> None:
    async with serve(BilingualRecogniser(model_id="tiny")) as served:
        client = LiveClient(served.channel, language="")
        await client.speak(compose(POSITIONS["at once"]))
        result = await client.finish()
    committed = [word.text for each in result.hypotheses for word in each.committed]
    assert committed
    assert "en:cs" not in committed
    assert "cs:en" not in committed


async def test_a_given_language_is_not_left(serve: Serve) -> None:
    recogniser = BilingualRecogniser(model_id="tiny")
    async with serve(recogniser) as served:
        client = LiveClient(served.channel, language="en")
        await client.speak(compose(POSITIONS["at once"]))
        result = await client.finish()
    assert languages_of(result) == ["en"]
    assert {request.options.switch_penalty for request in recogniser.decoded} == {None}


async def test_where_the_evidence_is_low_the_segment_carries_a_low_probability(
    serve: Serve,
) -> None:
    """Another language is likelier, but not by enough to switch to it."""
    recogniser = BilingualRecogniser(model_id="tiny", sureness=0.8)
    async with serve(recogniser) as served:
        client = LiveClient(served.channel, language="")
        await client.speak(compose([("en", 8.0, 2.0)]))
        await client.speak(compose([("cs", 3.0, 2.0)]))
        result = await client.finish()
    segments = [segment for each in result.utterances for segment in each.segments]
    assert {segment.language for segment in segments} == {"en"}
    assert segments[0].language_probability == pytest.approx(0.8, abs=0.05)
    assert 0 < segments[-1].language_probability < 0.5


async def test_sound_without_a_word_has_no_language(serve: Serve) -> None:
    async with serve(BilingualRecogniser(model_id="tiny", is_deaf=True)) as served:
        client = LiveClient(served.channel, language="")
        await client.speak(compose([("en", 4.0, 2.0), ("cs", 4.0, 0.0)]))
        result = await client.finish()
    assert not result.words
    assert not result.languages
