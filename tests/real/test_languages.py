"""Real weights, files: a short interval in a second language is found, wherever it stands."""

import re

import pytest

from tests.inference_service.calls import transcribe
from tests.real.conftest import RealService
from tests.real.speech import Speech, cut, join
from tests.word_errors import count_word_errors

pytestmark = [pytest.mark.real_weights, pytest.mark.timeout(300)]

POSITIONS = {
    "first": ["chinese", "austen_0870", "austen_0920"],
    "in the middle": ["austen_0870", "chinese", "austen_0920"],
    "last": ["austen_0870", "austen_0920", "chinese"],
}


@pytest.mark.parametrize("position", POSITIONS)
async def test_a_short_interval_in_a_second_language_is_written_in_it(
    real_service: RealService, real_speech: dict[str, Speech], position: str
) -> None:
    readings = dict(real_speech)
    readings["chinese"] = cut(real_speech["chinese"], 0.0, 5.0)
    names = POSITIONS[position]
    speech = join([readings[name] for name in names], pause_s=0.4)
    result = await transcribe(real_service.channel, speech.pcm, language="")
    chinese = "".join(each.text for each in result.segments if each.language == "zh")
    assert len(set(re.findall(r"[\u4e00-\u9fff]", chinese))) >= 4, result.text
    english = " ".join(each.text for each in result.segments if each.language == "en")
    expected = " ".join(real_speech[name].text for name in names if name != "chinese")
    errors = count_word_errors(expected, english)
    assert errors.deleted + errors.inserted + errors.substituted <= 3, result.text
