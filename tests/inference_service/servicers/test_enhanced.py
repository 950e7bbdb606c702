"""Transcribe with `enhance`: each window both ways, and the likelier text."""

from dataclasses import replace

import numpy as np
import pytest

from inference_service.engines.asr import TextSegment
from inference_service.sessions.coverage import TextGap
from inference_service.sessions.enhanced import is_likelier
from inference_service.sessions.events import GapReason
from inference_service.sessions.recognition import Recognised
from tests.inference_service.calls import transcribe
from tests.inference_service.conftest import Serve
from tests.inference_service.fakes import FakeRecogniser, make_words
from tests.inference_service.recordings import load_pcm

PCM = load_pcm("en_talk_20s")


@pytest.mark.parametrize(("second", "taken"), [(-0.1, True), (-0.9, False), (-0.5, False)])
async def test_the_likelier_text_is_sent(serve: Serve, second: float, taken: bool) -> None:
    """The first decoding of a window has -0.5."""
    levels = iter([-0.5, second, *[-9.0] * 50])
    recogniser = FakeRecogniser(
        model_id="tiny", revise=lambda segment: replace(segment, avg_logprob=next(levels))
    )
    async with serve(recogniser) as served:
        plain_texts = await transcribe(served.channel, PCM)
        recogniser.revise = lambda segment: replace(segment, avg_logprob=next(levels))
        levels = iter([-0.5, second, *[-9.0] * 50])
        result = await transcribe(served.channel, PCM, enhance=True)
    assert result.finished.enhancer == "wiener"
    assert result.finished.enhanced_windows == int(taken)
    assert (result.text != plain_texts.text) == taken
    assert plain_texts.finished.enhancer == ""
    for words in ([word for each in result.segments for word in each.words],):
        assert words[0].start_ms >= 0


def _recognised(*, logprob: float, seconds: int, missing_s: float = 0.0) -> Recognised:
    words = make_words(np.zeros(16_000 * seconds, np.float32))
    segment = TextSegment(0.0, float(seconds), "words", words, language="en")
    gaps = (TextGap(0.0, missing_s, GapReason.NOT_RECOGNISED),) if missing_s else ()
    return Recognised((replace(segment, avg_logprob=logprob),) if seconds else (), gaps)


@pytest.mark.parametrize(
    ("other", "than", "expected"),
    [
        (_recognised(logprob=-0.2, seconds=9), _recognised(logprob=-0.6, seconds=9), True),
        (_recognised(logprob=-0.6, seconds=9), _recognised(logprob=-0.2, seconds=9), False),
        (_recognised(logprob=-0.58, seconds=9), _recognised(logprob=-0.6, seconds=9), False),
        # A few sure words in place of a whole sentence.
        (
            _recognised(logprob=-0.1, seconds=2, missing_s=8),
            _recognised(logprob=-0.5, seconds=9),
            False,
        ),
        (_recognised(logprob=-0.3, seconds=9), _recognised(logprob=-0.3, seconds=0), True),
        (_recognised(logprob=-0.8, seconds=9), _recognised(logprob=-0.3, seconds=0), False),
        (_recognised(logprob=-0.1, seconds=0), _recognised(logprob=-2.0, seconds=9), False),
    ],
)
def test_a_text_is_taken_only_where_it_is_clearly_likelier(
    other: Recognised, than: Recognised, expected: bool
) -> None:
    assert is_likelier(other, than=than) is expected
