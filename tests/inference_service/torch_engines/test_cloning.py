"""Speech in a reference's voice is put together by the rules of the fixed voices."""

import numpy as np
import pytest

from inference_service.engines.voice.engine import (
    Samples,
    SynthesisRequest,
    SynthesizedChunk,
    VoiceReference,
)
from inference_service.torch_engines.cloning import CloningEngine

RATE_HZ = 24_000
PAUSE_SAMPLES = RATE_HZ // 4
REFERENCE = VoiceReference(np.ones(RATE_HZ, np.float32), RATE_HZ)


class Tones:
    """A `Cloner` that says half a second of a loud tone for each part, in a second of silence."""

    model_id, revision, sample_rate_hz = "tones", "1", RATE_HZ
    languages: tuple[str, ...] = ("en",)

    def split(self, text: str) -> list[str]:
        return text.split("|")

    def prepare(self, reference: VoiceReference) -> None:
        return None

    def speak(self, text: str, prepared: None, *, seed: int) -> Samples:
        samples = np.zeros(3 * RATE_HZ // 2, np.float32)
        samples[RATE_HZ // 2 : RATE_HZ] = 1.6 * np.sin(np.arange(RATE_HZ // 2) / 10)
        return samples


async def speak(text: str) -> list[Samples]:
    request = SynthesisRequest(text=text, reference=REFERENCE)
    events = [event async for event in CloningEngine(Tones()).synthesize(request)]
    return [event.samples for event in events if isinstance(event, SynthesizedChunk)]


def count_silent_end(samples: Samples) -> int:
    return int(len(samples) - 1 - np.flatnonzero(np.abs(samples) > 0.01)[-1])


async def test_a_pause_follows_each_sentence_but_the_last() -> None:
    first, second, last = await speak("One.|“Two?”|Three.")
    assert count_silent_end(first) == pytest.approx(PAUSE_SAMPLES + 0.08 * RATE_HZ, abs=50)
    assert count_silent_end(second) == count_silent_end(first)
    assert count_silent_end(last) == pytest.approx(0.08 * RATE_HZ, abs=50)
    assert len(last) < 0.7 * RATE_HZ  # the model's own silence is cut


async def test_no_pause_parts_a_long_sentence() -> None:
    first, second, _ = await speak("A sentence that is too long|to be spoken at once.|The next.")
    assert count_silent_end(first) < 0.1 * RATE_HZ
    assert count_silent_end(second) > PAUSE_SAMPLES


async def test_what_is_too_loud_is_turned_down_and_not_cut_off() -> None:
    (made,) = await speak("Loud.")
    assert np.abs(made).max() == pytest.approx(0.891, abs=0.001)
