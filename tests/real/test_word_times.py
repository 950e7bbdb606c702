"""Real weights on speech whose word times are exact: where the product puts what it recognised."""

import difflib
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from protos.stt.v1 import speech_pb2
from tests.inference_service.calls import transcribe
from tests.real.conftest import RealService
from tests.speech.durations import read_word_times

pytestmark = [pytest.mark.real_weights, pytest.mark.timeout(300)]

SPEECH = Path(__file__).parent.parent / "speech"


@pytest.mark.parametrize("name", ["talk_30s", "clip_5s"])
async def test_rightly_recognised_words_are_placed_within_hundredths_of_a_second(
    real_service: RealService, name: str
) -> None:
    samples = np.asarray(decode_audio(str(SPEECH / f"{name}.flac")))
    pcm = np.rint(samples * 32767).astype("<i2").tobytes()

    recognised = await transcribe(real_service.channel, pcm, language="en")

    words = [
        word for window in recognised.windows for each in window.segments for word in each.words
    ]
    truth = read_word_times()[name]
    spoken = ["".join(filter(str.isalnum, word.text.lower())) for word in words]
    matcher = difflib.SequenceMatcher(None, spoken, [word for word, *_ in truth], autojunk=False)
    errors = [
        words[block.a + at].start_ms - truth[block.b + at][1]
        for block in matcher.get_matching_blocks()
        for at in range(block.size)
    ]
    assert len(errors) >= 0.8 * len(truth)
    assert np.abs(errors).mean() <= 30
    assert np.percentile(np.abs(errors), 95) <= 80
    aligned = [word.timing == speech_pb2.TIMING_ALIGNED for word in words]
    assert np.mean(aligned) >= 0.8
