"""Real weights on real speech: how many words come out right."""

import pytest

from tests.inference_service.calls import transcribe
from tests.real.conftest import RealService
from tests.real.speech import Speech, join
from tests.word_errors import count_word_errors

pytestmark = [pytest.mark.real_weights, pytest.mark.timeout(300)]


@pytest.mark.parametrize("name", ["austen_0870", "austen_0890", "austen_0920"])
async def test_a_reading_is_recognised_with_its_punctuation(
    real_service: RealService, real_speech: dict[str, Speech], name: str
) -> None:
    speech = real_speech[name]
    recognised = await transcribe(real_service.channel, speech.pcm, language="")
    assert recognised.language.language == "en"
    errors = count_word_errors(speech.text, recognised.text)  # measured: none in any
    assert errors.substituted + errors.deleted + errors.inserted <= 1, recognised.text
    assert recognised.text[0].isupper()
    assert recognised.text[-1] in ".!?"


async def test_of_a_reading_of_many_windows_no_speech_is_lost(
    real_service: RealService, real_speech: dict[str, Speech]
) -> None:
    names = ("austen_0870", "austen_0880", "austen_0890", "austen_0920", "austen_0930")
    speech = join([real_speech[name] for name in (*names, "two_cities")], pause_s=0.8)
    recognised = await transcribe(real_service.channel, speech.pcm)
    errors = count_word_errors(speech.text, recognised.text)
    assert errors.deleted <= 0.03 * errors.words, recognised.text
    assert errors.rate <= 0.12, recognised.text
