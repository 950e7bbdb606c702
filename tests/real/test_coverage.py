"""Speech = words + gaps, on real weights and real speech: no speech is lost silently."""

import numpy as np
import pytest

from tests.inference_service.calls import Transcription, transcribe
from tests.real.conftest import RealService
from tests.real.speech import RATE_HZ, Samples, Speech, join, repeat
from tests.word_errors import count_word_errors

pytestmark = [pytest.mark.real_weights, pytest.mark.timeout(300)]

AUSTEN = ("austen_0870", "austen_0880", "austen_0890", "austen_0920", "austen_0930")


def count_words(recognised: Transcription) -> int:
    return sum(len(segment.words) for segment in recognised.segments)


def shown_gaps_s(recognised: Transcription) -> float:
    gaps = [gap for window in recognised.windows for gap in window.gaps]
    return sum(gap.end_ms - gap.start_ms for gap in gaps if gap.reason != "not_speech") / 1000


def make_pcm(samples: Samples) -> bytes:
    return bytes(np.round(np.clip(samples, -1, 1) * 32767).astype("<i2"))


async def test_three_speakers_in_one_window_are_all_recognised(
    real_service: RealService, real_speech: dict[str, Speech]
) -> None:
    """A Whisper likes to stop after the first of them."""
    names = ("austen_0920", "beckett", "austen_0870")
    speech = join([real_speech[name] for name in names], pause_s=0.3)
    recognised = await transcribe(real_service.channel, speech.pcm, language="")
    errors = count_word_errors(speech.text, recognised.text)
    assert errors.deleted <= 0.05 * errors.words, recognised.text
    assert shown_gaps_s(recognised) == 0
    assert {segment.language for segment in recognised.segments} == {"en"}


async def test_speech_that_is_repeated_is_stored_and_counted(
    real_service: RealService, real_speech: dict[str, Speech]
) -> None:
    """As in prayers, chants, announcements: its text compresses as a decoder's loop does."""
    speech = repeat(real_speech["austen_0930"], 8, pause_s=0.4)
    recognised = await transcribe(real_service.channel, speech.pcm)
    spoken = len(speech.text.split())
    assert 0.9 * spoken <= count_words(recognised) <= 1.1 * spoken, recognised.text
    assert not [gap for window in recognised.windows for gap in window.gaps]


async def test_the_same_recording_gives_the_same_text_again_and_from_a_resume_point(
    real_service: RealService, real_speech: dict[str, Speech]
) -> None:
    speech = join([real_speech[name] for name in (*AUSTEN, "beckett", *AUSTEN)], pause_s=0.6)
    first = await transcribe(real_service.channel, speech.pcm, language="")
    second = await transcribe(real_service.channel, speech.pcm, language="")
    assert second.windows == first.windows
    resume_ms = first.windows[0].resume_ms
    rest = await transcribe(
        real_service.channel,
        speech.pcm[32 * resume_ms :],
        language="",
        detected_language="en",
        offset_ms=resume_ms,
    )
    assert rest.windows == first.windows[1:]


@pytest.mark.parametrize("kind", ["noise", "music", "silence"])
async def test_no_word_is_invented_where_no_one_speaks(
    real_service: RealService, kind: str
) -> None:
    """Two minutes each; ten are in `benchmarks/recognition.py`'s material."""
    times = np.arange(120 * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(0).standard_normal(len(times))
    notes = 220 * 2 ** (np.floor(2 * times) * 7 % 12 / 12)
    sounds = {
        "noise": 0.1 * noise * (0.6 + 0.4 * np.sin(2 * np.pi * 0.4 * times)),
        "music": 0.2 * np.sin(2 * np.pi * notes * times) * np.exp(-2 * (2 * times % 1)),
        "silence": np.zeros(len(times)),
    }
    recognised = await transcribe(
        real_service.channel, make_pcm(sounds[kind].astype(np.float32)), language=""
    )
    assert recognised.text == ""
    assert recognised.language.language == ""
    assert shown_gaps_s(recognised) <= 1
